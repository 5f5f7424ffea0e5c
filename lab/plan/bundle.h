// Bundles: the smallest OCI bundles that a fair comparison of runtimes needs, and its plan.
//
// The configuration is what `runc spec` gives, without a terminal: five namespaces, the usual
// mounts, masked and read-only paths, three capabilities. All runtimes get the same file, so what
// is compared is the runtimes; the Wasm bundle differs in its program, and for crun in the
// annotation that its handler wants.
//
// Sources: OCI runtime-spec 1.0.2, config.md and config-linux.md; crun(1) "EXTENSIONS".
// Errors: files that cannot be read or made. Threads: none.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace mayfly::lab {

// Program names are paths or names on PATH; an empty one is left out of the comparison.
struct BundleOptions {
  std::string out;
  std::string native_program;
  std::string wasm_module;
  std::string runc;
  std::string crun;
  std::string crun_wasm;
  std::string mayfly;
};

// Makes OUT/native, OUT/wasm, the variants of it that annotations need, and OUT/compare.toml.
base::Result<void> MakeBundles(const BundleOptions& options);

// A bundle for one function, as a plan's cells of OCI runtimes use them.
struct FunctionBundle {
  std::string path;     // where it is made
  std::string program;  // on the host; its file name is the program's in the container
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> annotations;
  std::string context;  // mounted at /context; empty: nothing is
  bool writable = false;
};
base::Result<void> MakeFunctionBundle(const FunctionBundle& bundle);

// The config.json of a bundle that runs `program`, with these annotations.
nlohmann::json BundleConfig(const std::string& program, const nlohmann::json& annotations);

}  // namespace mayfly::lab
