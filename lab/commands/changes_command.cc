// `mayfly-lab compare`: what got slower from one measurement to another.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "lab/commands/commands.h"
#include "lab/commands/measure.h"
#include "lab/report/change.h"

namespace mayfly::lab {
namespace {

using base::ErrorKind;
using base::Fail;
using base::Result;

constexpr int kExitSlower = 4;

constexpr const char* kHelpEnd = R"(
A cell got slower when the whole 95 % interval of its ratio new / old lies above 1 + threshold and the test
of the two samples, Holm-corrected over all cells, is below 0.05. To compare commands with each other in one
measurement, use run-compare.

Examples:
  mayfly-lab compare results/monday results/tuesday
  mayfly-lab compare results/monday results/tuesday --relative-to runc-distroless --threshold 5
  mayfly-lab compare old new --environments mayfly-wasm-aot --json

Exit codes: 0 nothing got slower; 1 standard output could not be written; 2 usage, or a file is not valid or
not there, or the two have no cell in common; 4 at least one cell got slower.)";

struct ChangesOptions {
  std::string old_folder;
  std::string new_folder;
  double threshold_percent = 2;
  ChangeOptions change;
  bool json = false;
};

Result<void> CheckName(const Results& results, const std::string& environment,
                       const std::string& folder) {
  if (std::none_of(results.runs.begin(), results.runs.end(),
                   [&](const Run& run) { return run.sample.environment == environment; })) {
    return Fail(ErrorKind::kInvalid, "environment {}: no sample of it in {}", environment, folder);
  }
  return {};
}

Result<Comparing> Compare(const ChangesOptions& options) {
  MAYFLY_ASSIGN(const Results old_results, ReadResults(options.old_folder));
  MAYFLY_ASSIGN(const Results new_results, ReadResults(options.new_folder));
  std::vector<std::string> names = options.change.only;
  if (!options.change.reference.empty()) {
    names.push_back(options.change.reference);
  }
  for (const std::string& name : names) {
    MAYFLY_TRY(CheckName(old_results, name, options.old_folder));
    MAYFLY_TRY(CheckName(new_results, name, options.new_folder));
  }
  ChangeOptions change = options.change;
  change.threshold = options.threshold_percent / 100;
  Comparing comparing = CompareResults(old_results, new_results, change);
  if (comparing.changes.empty()) {
    return Fail(ErrorKind::kInvalid, "{} and {} have no cell in common", options.old_folder,
                options.new_folder);
  }
  return comparing;
}

Result<int> Changes(const ChangesOptions& options) {
  const auto comparing = Compare(options);
  if (!comparing) {
    fmt::print(stderr, "mayfly-lab: {}\n", comparing.error().text());
    return kExitUsage;
  }
  const std::string text =
      options.json ? base::JsonText(ChangesJson(*comparing), 2) + "\n" : RenderChanges(*comparing);
  MAYFLY_TRY(base::WriteAll(STDOUT_FILENO, text, "standard output"));
  const bool slower =
      std::any_of(comparing->changes.begin(), comparing->changes.end(),
                  [](const Change& change) { return change.verdict == Verdict::kSlower; });
  return slower ? kExitSlower : kExitOk;
}

}  // namespace

void AddChangesCommand(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<ChangesOptions>();
  CLI::App* command =
      app.add_subcommand("compare", "what got slower from one measurement to another");
  command->footer(kHelpEnd);
  command->add_option("OLD", options->old_folder, "folder of the earlier results")->required();
  command->add_option("NEW", options->new_folder, "folder of the later results")->required();
  command
      ->add_option("--threshold", options->threshold_percent,
                   "percent by which a change must exceed nothing")
      ->check(CLI::Range(0.0, 1000.0))
      ->capture_default_str();
  command->add_option("--relative-to", options->change.reference,
                      "environment that did not change: what happened to the machine is taken out");
  command->add_option("--environments", options->change.only, "to speak about (default: all)")
      ->delimiter(',');
  command->add_flag("--json", options->json, "print JSON instead of text");
  command->callback(
      [options, &context] { context.action = [options] { return Changes(*options); }; });
}

}  // namespace mayfly::lab
