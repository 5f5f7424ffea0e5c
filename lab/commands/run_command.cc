// `mayfly-lab run`: carries out a plan file or a preset.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "base/file.h"
#include "lab/commands/commands.h"
#include "lab/commands/measure.h"
#include "lab/commands/places.h"
#include "lab/plan/expand.h"
#include "lab/record/machine.h"
#include "lab/run/accounts.h"
#include "lab/run/conditions.h"

namespace mayfly::lab {
namespace {

using base::ErrorKind;
using base::Fail;
using base::Result;

constexpr const char* kHelpEnd = R"(
PLAN is a preset (quick, paper, full) or a plan file; docs/guide/lab.md describes plan files.

Examples:
  mayfly-lab run quick
  mayfly-lab run full --dry-run
  mayfly-lab run full --time 25m --out results/full
  mayfly-lab run quick --runs 5 --functions noop,matmul --environments runc-scratch,mayfly-wasm-aot
  mayfly-lab run paper --time 2h --restore-command './dev containerd restore /var/tmp/pristine.tar'
  mayfly-lab run full --only throughput,density --out results/loads

Exit codes: 0 done, or the time was over; 1 it could not be begun or written down; 2 usage, or a plan that is
not valid; 3 at least one run failed, everything is written; 130 interrupted, go on with `mayfly-lab resume`.)";

struct RunOptions {
  std::string plan;
  Places places;
  MeasureOptions measure;
  std::string time;
  std::optional<int64_t> runs, warm_up_blocks, pause_ms, timeout_ms;
  std::optional<uint64_t> seed;
  std::vector<std::string> functions, environments, sizes, only, named;
  std::string restore_command, cpus, phases_file;
  Plan flags;
  bool drop_caches = false;
};

std::string PlanPath(const std::string& name) {
  const bool is_file = name.find('/') != std::string::npos || name.ends_with(".toml");
  return is_file ? name : InTree(fmt::format("lab/plans/{}.toml", name));
}

// "90s", "25m", "2h", or seconds.
Result<int64_t> DurationMs(const std::string& text) {
  size_t digits = 0;
  while (digits < text.size() && digits < 9 && text[digits] >= '0' && text[digits] <= '9') {
    ++digits;
  }
  const std::string unit = text.substr(digits);
  const int64_t scale = unit.empty() || unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  if (digits == 0 || scale == 0) {
    return Fail(ErrorKind::kInvalid, "--time: \"{}\" is no time as 90s, 25m or 2h", text);
  }
  return std::stoll(text.substr(0, digits)) * scale * 1000;
}

void OverrideSettings(const RunOptions& options, Recipe& recipe) {
  Plan& plan = recipe.settings;
  plan.runs = options.runs.value_or(plan.runs);
  plan.warm_up_blocks = options.warm_up_blocks.value_or(plan.warm_up_blocks);
  plan.pause_ms = options.pause_ms.value_or(plan.pause_ms);
  plan.timeout_ms = options.timeout_ms.value_or(plan.timeout_ms);
  plan.seed = options.seed.value_or(plan.seed);
  plan.sync = plan.sync || options.flags.sync;
  plan.drop_caches = plan.drop_caches || options.drop_caches;
  plan.cpus = options.cpus.empty() ? plan.cpus : options.cpus;
  plan.phases_file = options.phases_file;
  recipe.functions = options.functions.empty() ? recipe.functions : options.functions;
  if (!options.sizes.empty()) {
    recipe.sizes = options.sizes;
    for (Environment& environment : recipe.environments) {
      environment.sizes.clear();
    }
  }
}

// --only: parts of the plan.
Result<void> KeepParts(const std::vector<std::string>& only, Plan& plan) {
  const auto wants = [&only](std::string_view part) {
    return only.empty() || std::find(only.begin(), only.end(), part) != only.end();
  };
  if (!wants("samples")) {
    plan.cells.resize(1);  // a plan has a cell; one run of it says that the way is open
    plan.runs = 1;
    plan.warm_up_blocks = 0;
    plan.baselines = {plan.cells.front().environment};
  }
  if (!wants("density")) {
    plan.density.reset();
  }
  if (!wants("throughput")) {
    plan.throughput.reset();
  }
  if (!wants("images")) {
    plan.images.reset();
  }
  return {};
}

Places PlacesOf(const RunOptions& options) {
  Places places = options.places;
  ContainerSettings& containers = places.containers;
  containers.mayfly = AbsolutePath(containers.mayfly);
  containers.runc = containers.runc.empty() ? "" : AbsolutePath(containers.runc);
  containers.inputs = AbsolutePath(containers.inputs);
  places.suite = AbsolutePath(places.suite);
  places.programs = AbsolutePath(places.programs);
  places.archives = AbsolutePath(places.archives);
  places.lab = SiblingProgram("mayfly-lab");
  for (const std::string& pair : options.named) {
    const size_t equals = pair.find('=');
    places.programs_named[pair.substr(0, equals)] =
        equals == std::string::npos ? pair : AbsolutePath(pair.substr(equals + 1));
  }
  if (!options.restore_command.empty()) {
    places.restore = {{"/bin/sh", "-c", options.restore_command}};
  }
  // Beside the mayfly measured as well: the private containerd looks there first.
  const std::string beside = std::filesystem::path(containers.mayfly).parent_path().string();
  places.find_program = [beside](const std::string& name) {
    const std::string own = FindProgram(beside + "/" + name);
    return name.find('/') == std::string::npos && !own.empty() ? own : FindProgram(name);
  };
  const auto plugins = PluginsOf(containers.mayfly);
  places.has_engine = [plugins](const std::string& engine) {
    return std::any_of(plugins.begin(), plugins.end(), [&engine](const std::string& plugin) {
      return plugin.ends_with("/" + engine + ".so");
    });
  };
  if (const auto daemon = ListenerOf(containers.address)) {
    places.daemon_sees_unified =
        SeesUnified(base::ReadFile(fmt::format("/proc/{}/mountinfo", *daemon)).value_or(""));
  }
  return places;
}

Result<Expanded> MakePlan(const RunOptions& options) {
  const std::string path = PlanPath(options.plan);
  if (!base::PathExists(path)) {
    return Fail(ErrorKind::kInvalid, "no plan is named {}: there is no {}", options.plan, path);
  }
  MAYFLY_ASSIGN(Recipe recipe, ReadRecipe(path));
  MAYFLY_TRY(KeepEnvironments(options.environments, recipe));
  OverrideSettings(options, recipe);
  const Places places = PlacesOf(options);
  MAYFLY_ASSIGN(Expanded expanded, Expand(recipe, places));
  Plan& plan = expanded.plan;
  MAYFLY_TRY(KeepParts(options.only, plan));
  if (!options.measure.dry_run) {
    MAYFLY_TRY(CheckInputs(expanded.functions, places.containers.inputs));
  }
  if (plan.programs.contains("mayfly")) {
    plan.files = PluginsOf(places.containers.mayfly);
  }
  if (!options.time.empty()) {
    MAYFLY_ASSIGN(const int64_t time_ms, DurationMs(options.time));
    const int64_t loads_ms = EstimateMs(plan.density, plan.throughput, plan.images);
    plan.budget_ms = std::max<int64_t>(time_ms / 10, time_ms - loads_ms);
  }
  return expanded;
}

void AddPlaces(CLI::App& command, RunOptions& options) {
  ContainerSettings& containers = options.places.containers;
  command.add_option("--containerd", containers.address, "containerd's socket")
      ->capture_default_str();
  command.add_option("--namespace", containers.name_space, "containerd's namespace")
      ->capture_default_str();
  command.add_option("--phases", options.phases_file,
                     "the file that MAYFLY_PHASES of containerd names (default: phases beside its "
                     "socket; it is made and removed)");
  command.add_option("--ctr", containers.ctr, "the ctr program")->capture_default_str();
  command.add_option("--mayfly", containers.mayfly, "the mayfly program")->capture_default_str();
  command.add_option("--runc", containers.runc, "the runc program (default: containerd's choice)");
  command.add_option("--program", options.named, "NAME=PATH of a peer's program in the plan")
      ->delimiter(',');
  command.add_option("--suite", options.places.suite, "folder of the functions' descriptions")
      ->capture_default_str();
  command.add_option("--data", containers.inputs, "folder of the functions' input files")
      ->capture_default_str();
  command.add_option("--programs", options.places.programs, "the suite's build")
      ->capture_default_str();
  command.add_option("--images", options.places.archives, "folder of the images' archives")
      ->capture_default_str();
}

void AddSettings(CLI::App& command, RunOptions& options) {
  command.add_option("PLAN", options.plan, "a preset's name, or a plan file")->required();
  command.add_option("--time", options.time, "how long it may take, e.g. 90s, 25m, 2h");
  command.add_option("--runs", options.runs, "measured runs per cell")
      ->check(CLI::Range(1, 1'000'000));
  command
      .add_option("--warm-up", options.warm_up_blocks, "blocks before, recorded but not counted")
      ->check(CLI::Range(0, 1000));
  command.add_option("--functions", options.functions, "only these")->delimiter(',');
  command.add_option("--environments", options.environments, "only these")->delimiter(',');
  command.add_option("--sizes", options.sizes, "of the work: parity, x10, x100")
      ->delimiter(',')
      ->check(CLI::IsMember({"parity", "x10", "x100"}));
  command
      .add_option("--only", options.only, "parts of the plan: samples, images, throughput, density")
      ->delimiter(',')
      ->check(CLI::IsMember({"samples", "images", "throughput", "density"}));
  command.add_option("--seed", options.seed, "of the order of runs");
  command.add_option("--pause", options.pause_ms, "ms of rest before each run")
      ->check(CLI::Range(0, 3'600'000));
  command
      .add_option("--timeout", options.timeout_ms, "ms after which a run is killed and has failed")
      ->check(CLI::Range(1, 86'400'000));
  command.add_option("--cpus", options.cpus, "pin the lab, its commands and containerd, e.g. 0-1");
  command.add_flag("--drop-caches", options.drop_caches, "empty the page cache before every run");
  command.add_option("--restore-command", options.restore_command,
                     "shell command that restores the store and starts containerd");
}

}  // namespace

void AddRunCommand(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<RunOptions>();
  options->measure.leave_out = true;
  ContainerSettings& containers = options->places.containers;
  containers.address = "/run/mayfly-dev/containerd/containerd.sock";
  containers.name_space = "mayfly-lab";
  containers.mayfly = SiblingProgram("mayfly");
  containers.inputs = InTree("build/suite/data");
  options->places.suite = InTree("suite");
  options->places.programs = InTree("build/suite");
  options->places.archives = InTree("build/images");
  CLI::App* command = app.add_subcommand("run", "carry out a plan file or a preset");
  command->footer(kHelpEnd);
  AddSettings(*command, *options);
  AddPlaces(*command, *options);
  AddMeasureOptions(*command, options->flags, options->measure);
  command->callback([options, &context] {
    context.action = [options, &context]() -> Result<int> {
      if (options->phases_file.empty()) {
        options->phases_file =
            std::filesystem::path(options->places.containers.address).parent_path() / "phases";
      }
      auto made = MakePlan(*options);
      if (!made) {
        fmt::print(stderr, "mayfly-lab: {}\n", made.error().text());
        return ExitCodeOf(made.error());
      }
      for (const Skipped& item : made->plan.skipped) {
        if (!options->measure.dry_run) {
          fmt::print(stderr, "mayfly-lab: left out: {}: {}\n", item.environment, item.reason);
        }
      }
      options->measure.kind = made->plan.preset;
      options->measure.bundles = std::move(made->bundles);
      options->measure.command_line = context.command_line;
      return Measure(made->plan, options->measure);
    };
  });
}

}  // namespace mayfly::lab
