#include "lab/plan/environment.h"

#include <algorithm>

namespace mayfly::lab {
namespace {

using base::ErrorKind;
using base::Fail;
using base::Result;

constexpr std::string_view kStrategyAnnotation = "dev.mayfly.strategy";

// Which program of the image runs: a module in the wasm variant, an executable in the others.
std::string ProgramPath(const Function& function, const Environment& environment) {
  return "/" + function.name + (environment.variant == "wasm" ? ".wasm" : "");
}

void AddRuntime(const Environment& environment, const ContainerSettings& settings,
                Argv& arguments) {
  const std::string& binary =
      environment.runtime == Runtime::kMayfly ? settings.mayfly : settings.runc;
  if (!binary.empty()) {
    arguments.insert(arguments.end(), {"--runc-binary", binary});
  }
  for (const auto& [name, value] : environment.annotations) {
    arguments.insert(arguments.end(), {"--annotation", fmt::format("{}={}", name, value)});
  }
}

}  // namespace

std::vector<Environment> AllEnvironments() {
  const std::string strategy(kStrategyAnnotation);
  return {
      {.name = "runc-distroless",
       .runtime = Runtime::kRunc,
       .variant = "distroless",
       .strategy = "native",
       .annotations = {}},
      {.name = "runc-debian",
       .runtime = Runtime::kRunc,
       .variant = "debian",
       .strategy = "native",
       .annotations = {}},
      {.name = "runc-scratch",
       .runtime = Runtime::kRunc,
       .variant = "scratch",
       .strategy = "native",
       .annotations = {}},
      {.name = "mayfly-scratch",
       .runtime = Runtime::kMayfly,
       .variant = "scratch",
       .strategy = "native",
       .annotations = {}},
      {.name = "mayfly-wasm-aot",
       .runtime = Runtime::kMayfly,
       .variant = "wasm",
       .strategy = "aot",
       .annotations = {{strategy, "aot"}}},
      {.name = "mayfly-wasm-jit",
       .runtime = Runtime::kMayfly,
       .variant = "wasm",
       .strategy = "jit",
       .annotations = {{strategy, "jit"}}},
  };
}

Result<std::vector<Environment>> SelectEnvironments(const std::vector<std::string>& names) {
  std::vector<Environment> all = AllEnvironments();
  if (names.empty()) {
    return all;
  }
  std::vector<Environment> selected;
  for (const std::string& name : names) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Environment& e) { return e.name == name; });
    if (found == all.end()) {
      std::vector<std::string> known;
      known.reserve(all.size());
      for (const Environment& environment : all) {
        known.push_back(environment.name);
      }
      return Fail(ErrorKind::kInvalid, "no environment is named {}; there are {}", name,
                  fmt::join(known, ", "));
    }
    if (std::any_of(selected.begin(), selected.end(),
                    [&](const Environment& e) { return e.name == name; })) {
      return Fail(ErrorKind::kInvalid, "environment {} is named twice", name);
    }
    selected.push_back(*found);
  }
  return selected;
}

Argv CtrCommand(const ContainerSettings& settings, const Argv& arguments) {
  Argv argv = {settings.ctr, "--address", settings.address, "--namespace", settings.name_space};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

Cell MakeContainerCell(const Function& function, const Environment& environment,
                       const ContainerSettings& settings) {
  Cell cell;
  cell.function = function.name;
  cell.environment = environment.name;
  cell.image = fmt::format("mayfly.dev/suite/{}:{}", function.name, environment.variant);
  cell.strategy = environment.strategy;
  cell.expected = function.expected;

  Argv arguments = {"run", "--rm"};
  AddRuntime(environment, settings, arguments);
  if (!function.inputs.empty() || function.writes) {
    arguments.insert(
        arguments.end(),
        {"--mount", fmt::format("type=bind,src={}/{},dst=/context,options=rbind:{}",
                                settings.inputs, function.name, function.writes ? "rw" : "ro")});
  }
  arguments.insert(arguments.end(), {cell.image, "{id}", ProgramPath(function, environment)});
  arguments.insert(arguments.end(), function.args.begin(), function.args.end());
  cell.command.argv = CtrCommand(settings, arguments);

  cell.cleanup = {CtrCommand(settings, {"tasks", "rm", "--force", "{id}"}),
                  CtrCommand(settings, {"containers", "rm", "{id}"}),
                  CtrCommand(settings, {"snapshots", "rm", "{id}"})};
  return cell;
}

}  // namespace mayfly::lab
