// PluginReport: what the plugins of a node are, for people and for checks of the node.
//
// Each plugin is loaded in a process of its own, so one that crashes when it is loaded is a line in
// the report and not the end of it.
//
// Errors: of a plugin, as text in its report. Threads: the caller must be single-threaded.
// Fork: parent only; forks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/plugin_host.h"

namespace mayfly::engine {

struct PluginReport {
  std::string name;
  std::string path;
  std::string compiler_path;  // the same as path where the engine comes in one file
  std::string version;
  std::string options;      // code_compatibility
  uint32_t strategies = 0;  // MAYFLY_STRATEGY_*
  uint32_t features = 0;    // MAYFLY_FEATURE_*
  std::string error;        // why it cannot run modules; "" when it can
  std::string compiler_error;

  // The strategies that both parts together can do.
  uint32_t UsableStrategies() const;
};

std::vector<PluginReport> ReportPlugins(const PluginHost& plugins);

// "aot", "jit", "interpreter".
std::vector<std::string_view> StrategyNames(uint32_t strategies);
// "wasi-p1", "wasi-p2", "components", "sockets", "threads", "simd".
std::vector<std::string_view> FeatureNames(uint32_t features);

}  // namespace mayfly::engine
