// Aot: from a module's file to compiled code that can be mapped, by way of the cache.
//
// The usual start finds both in the index and reads neither. Otherwise the module is hashed, which
// finds it again at another place; and only when it was never compiled for this engine, version and
// CPU, a child process compiles it, once for all who wait.
//
// Errors: those of the module (invalid, unsupported), of the engine, of the cache.
// Threads: leaves the process single-threaded. Fork: parent only; forks.
#pragma once

#include <mayfly/engine_plugin.h>

#include <string>

#include "base/log.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "engine/node_config.h"
#include "engine/plugin_host.h"

namespace mayfly::engine {

// Modules up to here are compiled; a larger one is refused before it fills the memory.
inline constexpr size_t kMaxModuleBytes = 2ULL << 30;

struct ModuleFile {
  std::string path;  // as errors name it
  int fd = -1;       // regular file, for reading; borrowed
};

base::Result<base::UniqueFd> AotCode(const ModuleFile& module, const std::string& engine,
                                     const PluginHost& plugins, const NodeConfig& node,
                                     base::Log& log);

// The module's bytes, whole, wherever the descriptor's offset is.
base::Result<std::string> ReadModule(const ModuleFile& module);

// Whether the engine's instances can run the module: a core module with _start whose imports are
// offered.
base::Result<void> CheckModule(const ModuleFile& module, std::string_view bytes,
                               const mayfly_engine& engine);

}  // namespace mayfly::engine
