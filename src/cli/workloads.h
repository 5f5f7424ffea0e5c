// Where the command line puts the parts together: container knows no engine, engine knows no command.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "container/workload.h"

namespace mayfly::cli {

// Native programs and, with the engine plugins found beside this program, Wasm modules.
base::Result<container::WorkloadFactory> MakeWorkloads(base::Log& log);

// "wasmtime 48.0.8" for each engine plugin that can be loaded.
std::vector<std::string> InstalledEngines(base::Log& log);

}  // namespace mayfly::cli
