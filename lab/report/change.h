// Change: what got slower or faster from one measurement to a later one.
//
// The two were made at different times, so they share no blocks: each side is resampled by itself,
// and the ratio new / old of the medians gets its interval from both. A cell has changed when the
// whole interval lies beyond the threshold on one side of 1, and Kruskal-Wallis on the two samples,
// Holm-corrected over all cells, agrees. The threshold is for what does not matter although it is
// certain.
//
// Machines are seldom the same twice. With a reference environment (one whose program did not
// change) each ratio is divided by the reference's ratio in the same function, resample by
// resample, so that what happened to the machine cancels.
//
// Sources: stats/*.h. Threads: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lab/report/results.h"
#include "lab/stats/ratio.h"

namespace mayfly::lab {

struct ChangeOptions {
  double threshold = 0.02;        // share of the old median
  std::string reference;          // environment; empty: none
  std::vector<std::string> only;  // environments to speak about; empty: all
  double alpha = 0.05;
};

enum class Verdict : unsigned char { kSlower, kFaster, kSame, kUnknown };

struct Change {
  std::string function;
  std::string environment;
  std::string size;
  int64_t old_n = 0;
  int64_t new_n = 0;
  std::optional<double> old_median_ms;
  std::optional<double> new_median_ms;
  std::optional<Ratio> ratio;  // new / old, over the reference's if there is one
  double holm = 1;             // adjusted p-value
  double delta = 0;            // Cliff's, new against old
  Verdict verdict = Verdict::kUnknown;
};

struct Comparing {
  std::vector<Change> changes;        // cells of both, by function and environment
  std::vector<std::string> only_old;  // "function, environment" that the new one lacks
  std::vector<std::string> only_new;
  std::vector<std::string> differences;  // of machine and programs, in sentences
};

Comparing CompareResults(const Results& old_results, const Results& new_results,
                         const ChangeOptions& options);

std::string RenderChanges(const Comparing& comparing);
nlohmann::json ChangesJson(const Comparing& comparing);

}  // namespace mayfly::lab
