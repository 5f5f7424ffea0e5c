#include "cli/workloads.h"

#include "container/native_workload.h"
#include "engine/node_config.h"
#include "engine/plugin_host.h"
#include "engine/workload_factory.h"

namespace mayfly::cli {

container::WorkloadFactory MakeWorkloads() {
  return engine::MakeWorkloadFactory([](const container::PrepareContext& context)
                                         -> base::Result<std::unique_ptr<container::Workload>> {
    return container::MakeNativeWorkload(context.spec);
  });
}

base::Result<std::vector<std::string>> InstalledEngines() {
  MAYFLY_ASSIGN(const auto config, engine::LoadNodeConfig());
  const engine::PluginHost host(config.plugins_dir);
  std::vector<std::string> engines;
  for (const std::string& name : host.Engines()) {
    if (const auto table = host.LoadRun(name)) {
      engines.push_back(fmt::format("{} {}", (*table)->name, (*table)->version));
    }
  }
  return engines;
}

}  // namespace mayfly::cli
