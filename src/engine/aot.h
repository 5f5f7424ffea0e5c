// Aot: from a module's file to compiled code that can be mapped, by way of the cache.
//
// The usual start finds both in the index and reads neither. Otherwise the module is hashed, which
// finds it again at another place; and only when it was never compiled for this engine, version and
// CPU, a child process compiles it, once for all who wait. A cache that cannot be written (a full
// disk) costs the next start a compile and this one nothing: its code stays in memory.
//
// Errors: those of the module (invalid, unsupported), of the engine, of the cache.
// Threads: leaves the process single-threaded. Fork: parent only; forks.
#pragma once

#include <mayfly/engine_plugin.h>

#include <string>

#include "base/log.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "engine/code_origin.h"
#include "engine/module_probe.h"
#include "engine/node_config.h"
#include "engine/plugin_host.h"
#include "engine/sha256.h"

namespace mayfly::engine {

// Modules up to here are compiled; a larger one is refused before it fills the memory.
inline constexpr size_t kMaxModuleBytes = 2ULL << 30;

struct ModuleFile {
  std::string path;                       // as errors name it
  int fd = -1;                            // regular file, for reading; borrowed
  BinaryKind kind = BinaryKind::kModule;  // by its preamble
};

// A module's file by its preamble.
ModuleFile MakeModuleFile(std::string path, int fd);

// Where a start's code came from.
enum class CodeSource : unsigned char {
  kIndex,     // known by its place or digest: nothing was read
  kCache,     // in the cache, not known to be there: it was verified
  kCompiled,  // compiled now
};

struct FoundCode {
  base::UniqueFd code;  // for the engine's open()
  CodeSource source = CodeSource::kIndex;
  bool kept = true;        // false: the cache could not take it
  int64_t compile_ms = 0;  // of kCompiled
};

base::Result<FoundCode> AotCode(const ModuleFile& module, const std::string& engine,
                                const PluginHost& plugins, const NodeConfig& node, base::Log& log);

// Compiles, whatever the cache has; the code is in memory only.
base::Result<FoundCode> CompileToMemory(const ModuleFile& module, const std::string& engine,
                                        const PluginHost& plugins, const NodeConfig& node,
                                        base::Log& log);

// What code of a module has to be made from to run here.
CodeOrigin OriginOf(const Digest& module, const mayfly_engine& engine);

// The module's bytes, whole, wherever the descriptor's offset is.
base::Result<std::string> ReadModule(const ModuleFile& module);

// Whether the engine's instances can run the module: a core module with _start whose imports are
// offered. `plugins` are asked who else has what it has not. A component's imports and exports have
// types, which the engine checks when it opens the code.
base::Result<void> CheckModule(const ModuleFile& module, std::string_view bytes,
                               const mayfly_engine& engine, const PluginHost& plugins);

}  // namespace mayfly::engine
