// PauseWorkload: the container that holds a pod's namespaces, without a pause program: the init
// itself waits, reaps what the pod leaves it, and ends on SIGTERM or SIGINT.
//
// Chosen by the CRI's annotation io.kubernetes.cri.container-type = sandbox, whatever image the
// client names. Like a Wasm guest it is a fork of its parent, so it gets no procfs.
//
// Fork: see container/workload.h.
#pragma once

#include <memory>

#include "container/workload.h"

namespace mayfly::shim {

class PauseWorkload final : public container::Workload {
 public:
  base::Result<void> Prepare(const container::PrepareContext&) override { return {}; }
  base::Result<void> Load() override { return {}; }
  base::Result<int> Run(const std::function<void()>& on_started) override;
  std::vector<int> KeptDescriptors() const override { return {}; }
  bool AllowsProcfs() const override { return false; }
  std::vector<std::pair<std::string, std::string>> Describe() const override;
};

bool IsPodSandbox(const oci::Spec& spec);

}  // namespace mayfly::shim
