// `mayfly-lab run-compare`: an interleaved comparison of the commands of a plan file.
#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "lab/commands/commands.h"
#include "lab/commands/measure.h"
#include "lab/commands/places.h"
#include "lab/plan/compare_plan.h"
#include "lab/record/machine.h"

namespace mayfly::lab {
namespace {

using base::Result;

constexpr const char* kHelpEnd = R"(
PLAN is a TOML file; docs/guide/lab.md describes it. Options given here win over the file.

Examples:
  mayfly-lab bundles --out build/bundles --runc runc --mayfly build/release/bin/mayfly
  mayfly-lab run-compare build/bundles/compare.toml
  mayfly-lab run-compare build/bundles/compare.toml --runs 100 --pause 1000

Exit codes: 0 done; 1 it could not be begun or written down; 2 usage, or a file that says what to do is
not valid; 3 at least one run failed, everything is written; 130 interrupted, go on with `mayfly-lab resume`.)";

struct CompareOptions {
  std::string path;
  std::optional<int64_t> runs, warm_up_blocks, pause_ms, timeout_ms;
  std::optional<uint64_t> seed;
  std::vector<std::string> baselines;
  Plan flags;  // only its sync is used
  MeasureOptions measure;
};

Result<Plan> MakeComparePlan(const CompareOptions& options) {
  MAYFLY_ASSIGN(Plan plan, ReadComparePlan(options.path));
  plan.runs = options.runs.value_or(plan.runs);
  plan.warm_up_blocks = options.warm_up_blocks.value_or(plan.warm_up_blocks);
  plan.pause_ms = options.pause_ms.value_or(plan.pause_ms);
  plan.timeout_ms = options.timeout_ms.value_or(plan.timeout_ms);
  plan.seed = options.seed.value_or(plan.seed);
  plan.sync = options.flags.sync;
  for (const auto& [name, program] : plan.programs) {
    // Only a mayfly has plugins beside it.
    const std::vector<std::string> plugins = PluginsOf(AbsolutePath(FindProgram(program)));
    plan.files.insert(plan.files.end(), plugins.begin(), plugins.end());
  }
  const std::vector<std::string> names = EnvironmentsOf(plan);
  for (const std::string& baseline : options.baselines) {
    if (std::find(names.begin(), names.end(), baseline) == names.end()) {
      return base::Fail(base::ErrorKind::kInvalid, "--baseline {}: no command has that name",
                        baseline);
    }
  }
  if (!options.baselines.empty()) {
    plan.baselines = options.baselines;
  }
  return plan;
}

}  // namespace

void AddCompareCommand(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<CompareOptions>();
  options->measure.kind = "compare";
  CLI::App* command =
      app.add_subcommand("run-compare", "compare commands, interleaved, from a plan file");
  command->footer(kHelpEnd);
  command->add_option("PLAN", options->path, "the TOML file")->required();
  command->add_option("--runs", options->runs, "measured runs per command (default: 40)")
      ->check(CLI::Range(1, 1'000'000));
  command
      ->add_option("--warm-up", options->warm_up_blocks, "blocks before, recorded but not counted")
      ->check(CLI::Range(0, 1000));
  command->add_option("--baseline", options->baselines, "what to compare with")->delimiter(',');
  command->add_option("--seed", options->seed, "of the order of runs");
  command->add_option("--pause", options->pause_ms, "ms of rest before each run")
      ->check(CLI::Range(0, 3'600'000));
  command
      ->add_option("--timeout", options->timeout_ms,
                   "ms after which a run is killed and has failed")
      ->check(CLI::Range(1, 86'400'000));
  AddMeasureOptions(*command, options->flags, options->measure);
  command->callback([options, &context] {
    context.action = [options, &context]() -> Result<int> {
      const auto plan = MakeComparePlan(*options);
      if (!plan) {
        fmt::print(stderr, "mayfly-lab: {}\n", plan.error().text());
        return ExitCodeOf(plan.error());
      }
      options->measure.command_line = context.command_line;
      return Measure(*plan, options->measure);
    };
  });
}

}  // namespace mayfly::lab
