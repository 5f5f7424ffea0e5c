// Ways: the engines that are installed in a directory, each with the strategies that it offers, as
// its plugin says. What the engine table and the container tests run over.
#pragma once

#include <dlfcn.h>
#include <mayfly/engine_plugin.h>

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace mayfly::test {

struct Way {
  std::string engine;
  std::string strategy;
};

inline void PrintTo(const Way& way, std::ostream* out) {
  *out << way.engine << " " << way.strategy;
}

// The table of an engine's run plugin; nullptr when it is not there.
inline const mayfly_engine* Plugin(const std::filesystem::path& directory,
                                   const std::string& engine) {
  void* const handle = ::dlopen((directory / (engine + ".so")).c_str(), RTLD_NOW | RTLD_LOCAL);
  const auto entry =
      handle == nullptr
          ? nullptr
          : reinterpret_cast<mayfly_engine_plugin_fn>(::dlsym(handle, MAYFLY_ENGINE_SYMBOL));
  return entry == nullptr ? nullptr : entry();
}

inline std::vector<std::string> Engines(const std::filesystem::path& directory) {
  std::vector<std::string> engines;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(directory, none)) {
    const std::string name = entry.path().stem();
    if (entry.path().extension() == ".so" && !name.ends_with("-compiler") &&
        !name.ends_with("-component")) {
      engines.push_back(name);
    }
  }
  std::sort(engines.begin(), engines.end());
  return engines;
}

// Every engine that is there with every strategy that it offers.
inline std::vector<Way> Ways(const std::filesystem::path& directory) {
  const std::vector<std::pair<uint32_t, std::string>> strategies = {
      {MAYFLY_STRATEGY_AOT, "aot"},
      {MAYFLY_STRATEGY_JIT, "jit"},
      {MAYFLY_STRATEGY_INTERPRETER, "interpreter"}};
  std::vector<Way> ways;
  for (const std::string& engine : Engines(directory)) {
    const mayfly_engine* const plugin = Plugin(directory, engine);
    for (const auto& [bit, strategy] : strategies) {
      if (plugin != nullptr && (plugin->strategies & bit) != 0) {
        ways.push_back({engine, strategy});
      }
    }
  }
  return ways;
}

// "wasmer-singlepass", "aot": "wasmer_singlepass_aot", which a test may be called.
inline std::string TestName(const Way& way) {
  std::string name = way.engine + "_" + way.strategy;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

}  // namespace mayfly::test
