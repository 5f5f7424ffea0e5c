// The node's configuration file: any text gives a configuration or an error that names the file.
#include "engine/node_config.h"

#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto config = mayfly::engine::ParseNodeConfig(
      std::string(reinterpret_cast<const char*>(data), size), "config.toml");
  if (!config && config.error().text().find("config.toml") == std::string::npos) {
    __builtin_trap();
  }
  if (config &&
      (config->engine.empty() || config->cache_dir.empty() || config->cache_max_bytes == 0)) {
    __builtin_trap();
  }
  return 0;
}
