// Table: what the samples say, as numbers; the renderers only give it a form.
//
// Made from the samples alone. The layout (title, order of rows, what to compare with) only
// arranges it. Warm-up runs and failed runs are not in the statistics; failed ones are counted and
// named.
//
// Units: milliseconds. Sources: stats/quantile.h, stats/ratio.h. Threads: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/plan/plan.h"
#include "lab/record/sample.h"
#include "lab/stats/quantile.h"
#include "lab/stats/ratio.h"

namespace mayfly::lab {

// The confidence of every interval in a table.
inline constexpr double kConfidence = 0.95;

struct Layout {
  std::string title;
  std::vector<std::string> details;    // lines under the title
  std::vector<std::string> functions;  // rows in this order; what is not named comes after, by name
  std::vector<std::string> environments;
  std::vector<std::string> baselines;  // at least one
};

// An environment's medians over a baseline's, for one function.
struct Comparison {
  std::string baseline;
  std::optional<Ratio> ratio;  // none: one side has no run that counts
};

struct CellSummary {
  std::string environment;
  int64_t n = 0;       // runs that count
  int64_t failed = 0;  // measured runs that do not
  std::optional<double> median_ms;
  std::optional<Interval> interval_ms;
  std::optional<double> min_ms;
  std::optional<double> p95_ms;
  std::vector<Comparison> comparisons;  // one per baseline, in the layout's order
};

struct FunctionSummary {
  std::string function;
  std::vector<CellSummary> cells;
};

struct Table {
  std::string title;
  std::vector<std::string> details;
  std::vector<std::string> environments;
  std::vector<std::string> baselines;
  std::vector<FunctionSummary> functions;
  int64_t measured_runs = 0;
  int64_t warm_up_runs = 0;
  int64_t failed_runs = 0;            // warm-up runs that failed included
  std::vector<std::string> failures;  // one line per cell that has any
};

Table MakeTable(const std::vector<Sample>& samples, const Layout& layout);

// The layout of the plan that the samples come from.
Layout LayoutOf(const Plan& plan);
// A layout for samples of unknown origin: known environments in their usual order, then by name.
Layout DefaultLayout(const std::vector<Sample>& samples);

}  // namespace mayfly::lab
