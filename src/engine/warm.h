// Warm: compiles modules into the cache before a container asks for them.
//
// What a node agent runs when an image was pulled. Files are looked at, not run: a tree's symbolic
// links are not followed, and what is no module is passed over.
//
// Errors: of a tree that cannot be read; of a module, in its own result.
// Threads: leaves the process single-threaded. Fork: parent only; forks.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "engine/aot.h"
#include "engine/node_config.h"

namespace mayfly::engine {

// The module files that `path` is or has below it, sorted. A file that is named itself and is no
// module is an error of kind invalid.
base::Result<std::vector<std::string>> FindModules(const std::string& path);

// What a module costs and gives with one engine.
struct WarmResult {
  std::string path;
  std::string engine;
  uint64_t module_bytes = 0;
  uint64_t code_bytes = 0;  // with the trailer
  base::Result<FoundCode> found;
};

WarmResult WarmModule(const std::string& path, const std::string& engine, const NodeConfig& node,
                      base::Log& log);

}  // namespace mayfly::engine
