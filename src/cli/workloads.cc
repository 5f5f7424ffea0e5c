#include "cli/workloads.h"

#include "container/native_workload.h"

namespace mayfly::cli {

base::Result<container::WorkloadFactory> MakeWorkloads(base::Log& log) {
  (void)log;
  return [](const container::PrepareContext& context) -> base::Result<std::unique_ptr<container::Workload>> {
    return container::MakeNativeWorkload(context.spec);
  };
}

std::vector<std::string> InstalledEngines(base::Log& log) {
  (void)log;
  return {};
}

}  // namespace mayfly::cli
