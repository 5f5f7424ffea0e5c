#include "lab/plan/expand.h"

#include <algorithm>
#include <set>

#include "lab/plan/expand_loads.h"

namespace mayfly::lab {

using base::ErrorKind;
using base::Fail;
using base::Result;

namespace {

// The program that a name stands for here; empty when it is not there.
std::string Program(const std::string& name, const Places& places) {
  if (name == kMayflyBinary) {
    return places.containers.mayfly;
  }
  const auto named = places.programs_named.find(name);
  return places.find_program(named != places.programs_named.end() ? named->second : name);
}

// Why an environment cannot be measured here; empty when it can.
std::string WhyNot(const Environment& environment, const Places& places) {
  std::vector<std::string> needs = environment.needs;
  if (!environment.binary.empty()) {
    needs.push_back(environment.binary);
  }
  if (!environment.runtime_type.empty()) {
    needs.push_back(ShimOf(environment.runtime_type));
  }
  for (const std::string& name : needs) {
    const std::string program = Program(name, places);
    if (program.empty() || places.find_program(program).empty()) {
      return fmt::format("program {} is not there", program.empty() ? name : program);
    }
  }
  if (environment.is_mayfly() && !environment.engine.empty() &&
      !places.has_engine(environment.engine)) {
    return fmt::format("engine {} is not built: ./dev setup --all-engines", environment.engine);
  }
  if (environment.v1_only && environment.start == Start::kCtr && places.daemon_sees_unified) {
    return "containerd sees v1 cgroups and a v2 mount, which this runtime refuses: start it with "
           "MAYFLY_NO_UNIFIED=1 ./dev containerd start";
  }
  return "";
}

// "{ctr}" stands for ctr with socket and namespace, "{lab}" and "{mayfly}" for the programs.
Argv CommandOf(const Environment& environment, const Places& places) {
  Argv argv;
  for (const std::string& word : environment.argv) {
    if (word == "{ctr}") {
      const Argv ctr = CtrCommand(places.containers, {});
      argv.insert(argv.end(), ctr.begin(), ctr.end());
    } else if (word == "{lab}") {
      argv.push_back(places.lab);
    } else if (word == "{mayfly}") {
      argv.push_back(places.containers.mayfly);
    } else {
      argv.push_back(word);
    }
  }
  return argv;
}

class Expander {
 public:
  Expander(const Recipe& recipe, const Places& places) : recipe_(recipe), places_(places) {
    result_.plan = recipe.settings;
  }

  Result<Expanded> Run() {
    Plan& plan = result_.plan;
    plan.protocol = recipe_.restored ? "containerd restarted on a restored store before every run"
                                     : "running containerd";
    if (recipe_.restored && places_.restore.empty()) {
      return Fail(ErrorKind::kInvalid, "{}: protocol \"restored\" needs --restore-command",
                  recipe_.path);
    }
    MAYFLY_ASSIGN(result_.functions, LoadFunctions(places_.suite, recipe_.functions));
    for (const Environment& environment : recipe_.environments) {
      MAYFLY_TRY(CheckFunctions(environment));
      if (const std::string why = WhyNot(environment, places_); !why.empty()) {
        plan.skipped.push_back({.environment = environment.name, .function = "", .reason = why});
        continue;
      }
      Environment here = environment;
      if (!here.binary.empty() && here.binary != kMayflyBinary) {
        here.binary = Program(here.binary, places_);
      }
      usable_.push_back(here);
      AddCells(here);
    }
    MAYFLY_TRY(AddLoads(recipe_, places_, usable_, result_.functions, plan));
    if (plan.cells.empty()) {
      return Fail(ErrorKind::kInvalid, "{}: nothing of it can be measured here{}{}", recipe_.path,
                  plan.skipped.empty() ? "" : ": ",
                  plan.skipped.empty() ? "" : plan.skipped.front().reason);
    }
    Describe();
    return std::move(result_);
  }

 private:
  Result<void> CheckFunctions(const Environment& environment) const {
    for (const std::string& name : environment.functions) {
      MAYFLY_TRY(LoadFunctions(places_.suite, {name}));
    }
    return {};
  }

  void AddCells(const Environment& environment) {
    if (environment.start == Start::kCommand) {
      AddCommand(environment);
      return;
    }
    const auto& sizes = environment.sizes.empty() ? recipe_.sizes : environment.sizes;
    for (const Function& function : result_.functions) {
      if (!environment.functions.empty() &&
          std::find(environment.functions.begin(), environment.functions.end(), function.name) ==
              environment.functions.end()) {
        continue;
      }
      for (const std::string& size : sizes) {
        if (const auto sized = AtSize(function, size)) {
          Cell cell = environment.start == Start::kCtr
                          ? MakeContainerCell(*sized, environment, places_.containers)
                          : OciCell(*sized, size, environment);
          cell.size = size;
          cell.prepare = environment.start == Start::kCtr ? places_.restore : std::vector<Argv>();
          result_.plan.cells.push_back(std::move(cell));
        }
      }
    }
  }

  void AddCommand(const Environment& environment) {
    Cell cell;
    cell.function = environment.label.empty() ? "floor" : environment.label;
    cell.environment = environment.name;
    cell.strategy = environment.strategy;
    cell.start = "command";
    cell.command.argv = CommandOf(environment, places_);
    result_.plan.cells.push_back(std::move(cell));
  }

  Cell OciCell(const Function& function, const std::string& size, const Environment& environment) {
    const std::string& binary =
        environment.binary == kMayflyBinary ? places_.containers.mayfly : environment.binary;
    FunctionBundle bundle;
    bundle.path = fmt::format("{{out}}/bundles/{}-{}-{}", function.name, size, environment.name);
    bundle.program = environment.variant == "wasm"
                         ? fmt::format("{}/wasm/{}.wasm", places_.programs, function.name)
                         : fmt::format("{}/native-static/{}", places_.programs, function.name);
    bundle.args = function.args;
    bundle.annotations = environment.annotations;
    if (environment.is_mayfly() && !environment.engine.empty()) {
      bundle.annotations.emplace_back("dev.mayfly.engine", environment.engine);
    }
    Cell cell;
    if (function.writes) {
      cell.context = ContextOf(function, places_.containers.inputs);
      bundle.context = cell.context.path;
      bundle.writable = true;
    } else if (!function.inputs.empty()) {
      bundle.context = places_.containers.inputs + "/" + function.name;
    }
    cell.function = function.name;
    cell.environment = environment.name;
    cell.strategy = environment.strategy;
    cell.engine = environment.engine;
    cell.start = "oci";
    cell.command.argv = {binary, "run", "--bundle", bundle.path, "{id}"};
    if (environment.is_mayfly()) {
      cell.command.env = {{"MAYFLY_PHASES", result_.plan.phases_file}};
    }
    cell.cleanup = {{binary, "delete", "--force", "{id}"}};
    cell.expected = function.expected;
    result_.bundles.push_back(std::move(bundle));
    return cell;
  }

  // For the record: every program that has to do with the result.
  void Describe() {
    Plan& plan = result_.plan;
    plan.source_directory = places_.suite;
    bool by_ctr = false;
    for (const Environment& environment : usable_) {
      by_ctr = by_ctr || environment.start == Start::kCtr;
      if (environment.is_mayfly()) {
        plan.programs["mayfly"] = places_.containers.mayfly;
      }
      if (!environment.runtime_type.empty()) {
        plan.programs[ShimOf(environment.runtime_type)] =
            Program(ShimOf(environment.runtime_type), places_);
      }
      if (!environment.binary.empty() && environment.binary != kMayflyBinary) {
        plan.programs[environment.name] = environment.binary;
      }
    }
    if (by_ctr) {
      const ContainerSettings& containers = places_.containers;
      plan.programs["ctr"] = containers.ctr;
      plan.programs["containerd"] = "containerd";
      plan.programs["shim"] = "containerd-shim-runc-v2";
      plan.programs["runc"] = containers.runc.empty() ? "runc" : containers.runc;
      plan.containerd = containers.address;
      plan.name_space = containers.name_space;
      plan.ready = CtrCommand(containers, {"version"});
      plan.list_images = CtrCommand(containers, {"images", "ls"});
      plan.events = CtrCommand(containers, {"events"});
    }
    std::erase_if(plan.baselines, [&](const std::string& name) {
      return std::none_of(usable_.begin(), usable_.end(),
                          [&](const Environment& e) { return e.name == name; });
    });
    if (plan.baselines.empty()) {
      plan.baselines = {plan.cells.front().environment};
    }
  }

  const Recipe& recipe_;
  const Places& places_;
  Expanded result_;
  std::vector<Environment> usable_;
};

}  // namespace

std::string ShimOf(const std::string& runtime_type) {
  const size_t version = runtime_type.find_last_of('.');
  const size_t name = version == std::string::npos || version == 0
                          ? std::string::npos
                          : runtime_type.find_last_of('.', version - 1);
  if (name == std::string::npos) {
    return runtime_type;
  }
  return fmt::format("containerd-shim-{}-{}", runtime_type.substr(name + 1, version - name - 1),
                     runtime_type.substr(version + 1));
}

Result<Expanded> Expand(const Recipe& recipe, const Places& places) {
  return Expander(recipe, places).Run();
}

}  // namespace mayfly::lab
