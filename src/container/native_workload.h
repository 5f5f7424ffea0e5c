// NativeWorkload: a program of the image, run by execve(2).
//
// Sources: execve(2); PATH lookup as execvp(3) does it, with the container's PATH.
// Fork: see workload.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "container/workload.h"

namespace mayfly::container {

class NativeWorkload final : public Workload {
 public:
  explicit NativeWorkload(const oci::Process& process) : process_(process) {}

  base::Result<void> Prepare(const PrepareContext&) override { return {}; }
  base::Result<void> Load() override { return {}; }
  // Finds the program in the container, as the container's user, and adds HOME to the environment.
  base::Result<void> Verify() override;
  base::Result<int> Run(const std::function<void()>& on_started) override;
  std::vector<int> KeptDescriptors() const override { return {}; }
  bool AllowsProcfs() const override { return true; }
  std::vector<std::pair<std::string, std::string>> Describe() const override { return {}; }

 private:
  const oci::Process& process_;
  std::string program_;
  std::vector<std::string> environment_;
};

std::unique_ptr<Workload> MakeNativeWorkload(const oci::Spec& spec);

}  // namespace mayfly::container
