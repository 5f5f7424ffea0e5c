// WasmWorkload: a container whose program is a WebAssembly module, run inside the container's init.
//
// Prepare() finds the code (aot) or the module (jit, interpreter) as a descriptor, Load() has the
// engine map it while the host's files can still be seen, Verify() makes everything ready in the
// container's view, Run() is the guest. src/engine/README.md has the guest's contract.
//
// Ownership: the entrypoint's descriptor is taken over. Errors: those of module, engine, cache.
// Threads, Fork: see container/workload.h.
#pragma once

#include <mayfly/engine_plugin.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/phases.h"
#include "base/unique_fd.h"
#include "container/workload.h"
#include "engine/aot.h"
#include "engine/entrypoint.h"
#include "engine/node_config.h"
#include "engine/plugin_host.h"
#include "engine/scratch.h"
#include "engine/select.h"

namespace mayfly::engine {

// Exit status of a guest that trapped: what a shell shows for SIGABRT.
inline constexpr int kTrapStatus = 134;

class WasmWorkload final : public container::Workload {
 public:
  // `process` must outlive the object.
  WasmWorkload(const oci::Process& process, Entrypoint entrypoint, Selection selection,
               NodeConfig node);

  base::Result<void> Prepare(const container::PrepareContext& context) override;
  base::Result<void> Load() override;
  base::Result<void> Verify() override;
  base::Result<int> Run(const std::function<void()>& on_started) override;
  std::vector<int> KeptDescriptors() const override;
  bool AllowsProcfs() const override { return false; }
  std::vector<std::pair<std::string, std::string>> Describe() const override;

 private:
  ModuleFile Module() const;
  base::Result<void> PrepareModule();
  base::Result<void> CompileInPlace();
  base::Result<void> OpenCode();
  base::Result<void> OpenModule();
  base::Result<void> Instantiate();

  const oci::Process& process_;
  Entrypoint entrypoint_;
  Selection selection_;
  NodeConfig node_;
  base::PhaseClock* phases_ = nullptr;
  PluginHost plugins_;
  base::UniqueFd code_fd_;
  std::optional<Scratch> scratch_;           // jit only
  int open_code_fd_ = -1;                    // the same after the engine has taken it over
  const mayfly_engine* engine_ = nullptr;    // stays loaded as long as the process
  const mayfly_engine* compiler_ = nullptr;  // jit only
  // The engine's, freed with the process.
  mayfly_code* code_ = nullptr;
  mayfly_instance* instance_ = nullptr;
};

}  // namespace mayfly::engine
