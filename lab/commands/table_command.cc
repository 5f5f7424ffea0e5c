// `mayfly-lab table`: each function in each environment under `ctr run`.
#include <CLI/CLI.hpp>
#include <memory>

#include "base/file.h"
#include "lab/commands/commands.h"
#include "lab/commands/measure.h"
#include "lab/commands/places.h"
#include "lab/plan/environment.h"
#include "lab/plan/function.h"

namespace mayfly::lab {
namespace {

using base::ErrorKind;
using base::Fail;
using base::Result;

constexpr const char* kHelpEnd = R"(
Environments: runc-distroless runc-debian runc-scratch mayfly-scratch mayfly-wasm-aot mayfly-wasm-jit

Examples:
  mayfly-lab table
  mayfly-lab table --runs 40 --functions noop,matmul --environments runc-distroless,mayfly-wasm-aot
  mayfly-lab table --pause 1000 --out results/one-a-second
  mayfly-lab table --dry-run
  ./dev containerd save /var/tmp/pristine.tar
  mayfly-lab table --protocol paper --runs 100 \
      --restore-command './dev containerd restore /var/tmp/pristine.tar'

Exit codes: 0 done; 1 it could not be begun or written down; 2 usage, or a file that says what to do is
not valid; 3 at least one run failed, everything is written; 130 interrupted, go on with `mayfly-lab resume`.)";

struct TableOptions {
  Plan plan;
  MeasureOptions measure;
  ContainerSettings containers;
  std::vector<std::string> functions;
  std::vector<std::string> environments;
  std::string protocol = "running";
  std::string restore_command;
  std::string suite;
};

// Every program, plugin and setting that has to do with the result, for the record.
void AddToRecord(const ContainerSettings& settings, bool with_mayfly, Plan& plan) {
  plan.programs = {{"ctr", settings.ctr},
                   {"containerd", "containerd"},
                   {"shim", "containerd-shim-runc-v2"},
                   {"runc", settings.runc.empty() ? "runc" : settings.runc}};
  if (with_mayfly) {
    plan.programs["mayfly"] = settings.mayfly;
    plan.files = PluginsOf(settings.mayfly);
  }
  plan.preset = "quick";
  plan.containerd = settings.address;
  plan.name_space = settings.name_space;
  plan.phases_file = settings.address.substr(0, settings.address.find_last_of('/') + 1) + "phases";
  plan.events = CtrCommand(settings, {"events"});
  plan.ready = CtrCommand(settings, {"version"});
  plan.list_images = CtrCommand(settings, {"images", "ls"});
}

Result<void> CheckBaselines(const std::vector<Environment>& environments, Plan& plan) {
  const auto is_there = [&](const std::string& name) {
    return std::any_of(environments.begin(), environments.end(),
                       [&](const Environment& environment) { return environment.name == name; });
  };
  if (plan.baselines.empty()) {
    plan.baselines = {is_there("runc-distroless") ? "runc-distroless" : environments.front().name};
  }
  for (const std::string& baseline : plan.baselines) {
    if (!is_there(baseline)) {
      return Fail(ErrorKind::kInvalid, "--baseline {} is not among the environments", baseline);
    }
  }
  return {};
}

Result<Plan> MakeTablePlan(const TableOptions& options) {
  Plan plan = options.plan;
  plan.title = "Functions under ctr run";
  plan.protocol = "running containerd";
  std::vector<Argv> prepare;
  if (options.protocol == "paper") {
    if (options.restore_command.empty()) {
      return Fail(ErrorKind::kInvalid, "--protocol paper needs --restore-command");
    }
    plan.protocol = "containerd restarted on a restored store before every run";
    prepare = {{"/bin/sh", "-c", options.restore_command}};
  }
  ContainerSettings settings = options.containers;
  settings.mayfly = AbsolutePath(settings.mayfly);
  settings.runc = settings.runc.empty() ? "" : AbsolutePath(settings.runc);
  settings.inputs = AbsolutePath(settings.inputs);
  MAYFLY_ASSIGN(const auto functions, LoadFunctions(options.suite, options.functions));
  MAYFLY_ASSIGN(const auto environments, SelectEnvironments(options.environments));
  MAYFLY_TRY(CheckBaselines(environments, plan));
  if (!options.measure.dry_run) {
    MAYFLY_TRY(CheckInputs(functions, settings.inputs));
  }
  bool with_mayfly = false;
  for (const Function& function : functions) {
    for (const Environment& environment : environments) {
      with_mayfly = with_mayfly || environment.is_mayfly();
      plan.cells.push_back(MakeContainerCell(function, environment, settings));
      plan.cells.back().prepare = prepare;
    }
  }
  AddToRecord(settings, with_mayfly, plan);
  plan.source_directory = AbsolutePath(options.suite);
  return plan;
}

void AddPlaces(CLI::App& command, TableOptions& options) {
  ContainerSettings& containers = options.containers;
  command.add_option("--containerd", containers.address, "containerd's socket")
      ->capture_default_str();
  command.add_option("--namespace", containers.name_space, "containerd's namespace")
      ->capture_default_str();
  command.add_option("--ctr", containers.ctr, "the ctr program")->capture_default_str();
  command.add_option("--mayfly", containers.mayfly, "the mayfly program")->capture_default_str();
  command.add_option("--runc", containers.runc, "the runc program (default: containerd's choice)");
  command.add_option("--suite", options.suite, "folder of the functions' descriptions")
      ->capture_default_str();
  command.add_option("--data", containers.inputs, "folder of the functions' input files")
      ->capture_default_str();
}

}  // namespace

void AddMeasureOptions(CLI::App& command, Plan& plan, MeasureOptions& measure) {
  command.add_option("--out", measure.out, "folder of the results (default: results/KIND-TIME)");
  command.add_flag("--json", measure.json,
                   "print JSON instead of the table (with --dry-run: the plan)");
  command.add_flag("--dry-run", measure.dry_run, "print the plan and run nothing");
  command.add_flag("--progress", measure.progress,
                   "progress in one line even where stderr is no terminal");
  command.add_flag("--sync", plan.sync, "sync(2) before every run");
}

void AddTableCommand(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<TableOptions>();
  options->measure.kind = "table";
  options->containers.address = "/run/mayfly-dev/containerd/containerd.sock";
  options->containers.name_space = "mayfly-lab";
  options->containers.mayfly = SiblingProgram("mayfly");
  options->suite = InTree("suite");
  options->containers.inputs = InTree("build/suite/data");

  CLI::App* command =
      app.add_subcommand("table", "run each function in each environment under containerd");
  command->footer(kHelpEnd);
  command->add_option("--runs", options->plan.runs, "measured runs per cell")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command
      ->add_option("--warm-up", options->plan.warm_up_blocks,
                   "blocks before, recorded but not counted")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  command->add_option("--functions", options->functions, "their names (default: all)")
      ->delimiter(',');
  command->add_option("--environments", options->environments, "their names (default: all)")
      ->delimiter(',');
  command
      ->add_option("--baseline", options->plan.baselines,
                   "what to compare with (default: runc-distroless)")
      ->delimiter(',');
  command->add_option("--seed", options->plan.seed, "of the order of runs")->capture_default_str();
  command->add_option("--pause", options->plan.pause_ms, "ms of rest before each run")
      ->check(CLI::Range(0, 3'600'000))
      ->capture_default_str();
  command
      ->add_option("--timeout", options->plan.timeout_ms,
                   "ms after which a run is killed and has failed")
      ->check(CLI::Range(1, 86'400'000))
      ->capture_default_str();
  command
      ->add_option("--protocol", options->protocol,
                   "running or paper (containerd restored before every run)")
      ->check(CLI::IsMember({"running", "paper"}))
      ->capture_default_str();
  command->add_option("--restore-command", options->restore_command,
                      "shell command that restores the store and starts containerd");
  AddPlaces(*command, *options);
  AddMeasureOptions(*command, options->plan, options->measure);
  command->callback([options, &context] {
    context.action = [options, &context]() -> Result<int> {
      const auto plan = MakeTablePlan(*options);
      if (!plan) {
        fmt::print(stderr, "mayfly-lab: {}\n", plan.error().text());
        return ExitCodeOf(plan.error());
      }
      options->measure.command_line = context.command_line;
      return Measure(*plan, options->measure);
    };
  });
}

void AddResumeCommand(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<MeasureOptions>();
  CLI::App* command = app.add_subcommand("resume", "go on with a measurement that was interrupted");
  command->footer(
      "\nThe plan is the one in OUT/plan.json; runs that are in OUT/samples.csv are not made "
      "again.\n\n"
      "Examples:\n  mayfly-lab resume results/table-20260102T030405Z");
  command->add_option("OUT", options->out, "folder of the results")->required();
  command->add_flag("--json", options->json, "print JSON instead of the table");
  command->add_flag("--dry-run", options->dry_run, "say what is left and run nothing");
  const auto seconds = std::make_shared<int64_t>(0);
  command->add_option("--time", *seconds, "s that this session may take (default: as planned)")
      ->check(CLI::Range(1, 1'000'000));
  command->add_flag("--progress", options->progress,
                    "progress in one line even where stderr is no terminal");
  command->callback([options, seconds, &context] {
    context.action = [options, seconds, &context] {
      options->command_line = context.command_line;
      if (*seconds > 0) {
        options->budget_ms = *seconds * 1000;
      }
      return Resume(*options);
    };
  });
}

}  // namespace mayfly::lab
