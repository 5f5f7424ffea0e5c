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
  const std::string& binary = environment.binary == kMayflyBinary ? settings.mayfly
                              : environment.binary.empty()        ? settings.runc
                                                                  : environment.binary;
  if (!environment.runtime_type.empty()) {
    arguments.insert(arguments.end(), {"--runtime", environment.runtime_type});
  } else if (!binary.empty()) {
    arguments.insert(arguments.end(), {"--runc-binary", binary});
  }
  if (environment.is_mayfly() && !environment.engine.empty()) {
    arguments.insert(arguments.end(), {"--annotation", "dev.mayfly.engine=" + environment.engine});
  }
  for (const auto& [name, value] : environment.annotations) {
    arguments.insert(arguments.end(), {"--annotation", fmt::format("{}={}", name, value)});
  }
}

}  // namespace

std::vector<Environment> AllEnvironments() {
  const auto row = [](const char* name, std::string_view binary, const char* variant,
                      const char* strategy) {
    Environment environment;
    environment.name = name;
    environment.binary = binary;
    environment.variant = variant;
    environment.strategy = strategy;
    if (environment.variant == "wasm") {
      environment.engine = "wasmtime";
      environment.annotations = {{std::string(kStrategyAnnotation), strategy}};
    }
    return environment;
  };
  return {row("runc-distroless", "", "distroless", "native"),
          row("runc-debian", "", "debian", "native"),
          row("runc-scratch", "", "scratch", "native"),
          row("mayfly-scratch", kMayflyBinary, "scratch", "native"),
          row("mayfly-wasm-aot", kMayflyBinary, "wasm", "aot"),
          row("mayfly-wasm-jit", kMayflyBinary, "wasm", "jit")};
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

std::vector<Argv> CtrCleanup(const ContainerSettings& settings) {
  return {CtrCommand(settings, {"tasks", "rm", "--force", "{id}"}),
          CtrCommand(settings, {"containers", "rm", "{id}"}),
          CtrCommand(settings, {"snapshots", "rm", "{id}"})};
}

Argv ContextMount(const std::string& source, bool writable) {
  return {"--mount", fmt::format("type=bind,src={},dst=/context,options=rbind:{}", source,
                                 writable ? "rw" : "ro")};
}

Cell MakeContainerCell(const Function& function, const Environment& environment,
                       const ContainerSettings& settings) {
  Cell cell;
  cell.function = function.name;
  cell.environment = environment.name;
  cell.image = fmt::format("mayfly.dev/suite/{}:{}", function.name, environment.variant);
  cell.strategy = environment.strategy;
  cell.engine = environment.engine;
  cell.start = "ctr";
  cell.expected = function.expected;

  Argv arguments = {"run", "--rm"};
  AddRuntime(environment, settings, arguments);
  if (function.writes) {
    cell.context = ContextOf(function, settings.inputs);
  }
  if (!function.inputs.empty() || function.writes) {
    const Argv mount =
        ContextMount(function.writes ? cell.context.path : settings.inputs + "/" + function.name,
                     function.writes);
    arguments.insert(arguments.end(), mount.begin(), mount.end());
  }
  arguments.insert(arguments.end(), {cell.image, "{id}", ProgramPath(function, environment)});
  arguments.insert(arguments.end(), function.args.begin(), function.args.end());
  cell.command.argv = CtrCommand(settings, arguments);

  cell.cleanup = CtrCleanup(settings);
  return cell;
}

}  // namespace mayfly::lab
