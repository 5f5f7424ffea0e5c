// Where the command line puts the parts together: container knows no engine, engine knows no
// command.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "container/workload.h"

namespace mayfly::cli {

// Native programs and, with the engine plugins of the node, Wasm modules.
container::WorkloadFactory MakeWorkloads();

// "wasmtime 48.0.8" for each engine plugin that can be loaded.
base::Result<std::vector<std::string>> InstalledEngines();

}  // namespace mayfly::cli
