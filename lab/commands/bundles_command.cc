// `mayfly-lab bundles`: OCI bundles of one native and one Wasm program, and the plan that compares
// runtimes on them.
#include <CLI/CLI.hpp>
#include <memory>

#include "lab/commands/commands.h"
#include "lab/commands/measure.h"
#include "lab/commands/places.h"
#include "lab/plan/bundle.h"
#include "lab/record/machine.h"

namespace mayfly::lab {
namespace {

using base::Result;

constexpr const char* kHelpEnd = R"(
Makes OUT/native and OUT/wasm (config.json, rootfs with the program) and OUT/compare.toml with one command
for each runtime that is named and each bundle that it can run.

Examples:
  mayfly-lab bundles --out build/bundles --runc runc --mayfly build/release/bin/mayfly
  mayfly-lab bundles --out build/bundles --runc runc --crun crun --crun-wasm crun --mayfly build/release/bin/mayfly
  mayfly-lab run-compare build/bundles/compare.toml
  lab/plans/run-compare.sh --help      both modes, and crun on a host with hybrid cgroups)";

}  // namespace

void AddBundlesCommand(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<BundleOptions>();
  options->native_program = InTree("build/suite/native-static/noop");
  options->wasm_module = InTree("build/suite/wasm/noop.wasm");
  CLI::App* command =
      app.add_subcommand("bundles", "make the bundles and the plan that run-compare runs");
  command->footer(kHelpEnd);
  command->add_option("--out", options->out, "folder to make")->required();
  command->add_option("--native", options->native_program, "a statically linked program")
      ->capture_default_str();
  command->add_option("--wasm", options->wasm_module, "a WASI module; empty: no Wasm bundle")
      ->capture_default_str();
  command->add_option("--runc", options->runc, "compare this runc");
  command->add_option("--crun", options->crun, "compare this crun, native");
  command->add_option("--crun-wasm", options->crun_wasm,
                      "compare this crun, Wasm through its handler");
  command->add_option("--mayfly", options->mayfly,
                      "compare this mayfly, native, Wasm AOT and Wasm JIT");
  command->callback([options, &context] {
    context.action = [options]() -> Result<int> {
      for (std::string* program :
           {&options->runc, &options->crun, &options->crun_wasm, &options->mayfly}) {
        if (program->find('/') != std::string::npos) {
          *program = AbsolutePath(*program);
        }
      }
      MAYFLY_TRY(MakeBundles(*options));
      fmt::print("{}/compare.toml\n", options->out);
      return kExitOk;
    };
  });
}

}  // namespace mayfly::lab
