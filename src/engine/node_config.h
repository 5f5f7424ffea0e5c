// NodeConfig: what this machine's operator chose: default engine and strategy, where plugins and
// the cache of compiled code are.
//
// Read from /etc/mayfly/config.toml (another file: $MAYFLY_CONFIG), which need not exist:
//   engine = "wasmtime"            # a plugin's name
//   strategy = "aot"               # aot, jit, interpreter
//   [cache]
//   dir = "/var/lib/mayfly/cache"
//   max_bytes = 8589934592
// $MAYFLY_CACHE_DIR and $MAYFLY_ENGINES_DIR go before both.
//
// Errors: invalid, with file, line and key. An unknown key is an error: it is a typing mistake.
// Threads: values. Fork: parent only.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace mayfly::engine {

inline constexpr const char* kDefaultConfigPath = "/etc/mayfly/config.toml";

struct NodeConfig {
  std::string engine = "wasmtime";
  std::string strategy = "aot";
  std::string plugins_dir;
  std::string cache_dir = "/var/lib/mayfly/cache";
  uint64_t cache_max_bytes = 8ULL << 30;
};

// The whole configuration: file, environment, and lib/mayfly/engines beside this program's
// directory.
base::Result<NodeConfig> LoadNodeConfig();

// The part of a file; `name` is its name in errors.
base::Result<NodeConfig> ParseNodeConfig(const std::string& text, const std::string& name);

}  // namespace mayfly::engine
