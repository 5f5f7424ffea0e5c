// Measure: from a plan to its results, the same for every command that makes plans.
//
// OUT receives plan.json, samples.csv (as the runs end), machine.json, failures.txt (if a run
// failed), the files of the plan's loads, table.md and table.json; docs/formats/lab-results.md
// describes them.
//
// Errors: what keeps the measurement from beginning or from being written down. Threads: none.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/plan/bundle.h"
#include "lab/plan/plan.h"

namespace mayfly::lab {

// Exit codes of mayfly-lab.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitRunsFailed = 3;
inline constexpr int kExitInterrupted = 130;

struct MeasureOptions {
  std::string out;   // empty: results/KIND-TIME
  std::string kind;  // "table", "compare": the default folder's name
  bool dry_run = false;
  bool json = false;      // table.json on standard output instead of the table
  bool progress = false;  // one rewritten line, even where standard error is no terminal
  std::vector<std::string> command_line;
  std::vector<FunctionBundle> bundles;  // made before the first run
  bool leave_out = false;               // cells without their image are left out, not refused
  std::optional<int64_t> budget_ms;     // of resume: instead of the plan's
};

// The exit code for a plan that could not be made: usage when what was asked for is not valid.
int ExitCodeOf(const base::Error& error);

// Carries out a new plan; returns the exit code.
base::Result<int> Measure(const Plan& made, const MeasureOptions& given);

// Goes on with the plan of options.out from where its samples end.
base::Result<int> Resume(const MeasureOptions& options);

// What a plan needs and is not there, in sentences that say what to do.
std::vector<std::string> MissingPrograms(const Plan& plan);
std::vector<std::string> MissingImages(const Plan& plan,
                                       const std::map<std::string, std::string>& images);

// Image name -> digest from the text that `ctr images ls` prints.
std::map<std::string, std::string> ParseImageList(std::string_view text);

}  // namespace mayfly::lab
