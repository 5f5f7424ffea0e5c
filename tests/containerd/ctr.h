// CtrTest: a fixture around `ctr` and the private containerd, with the Mayfly of this build as
// --runc-binary.
//
// After each test its containers are removed, and no state of Mayfly and no cgroup of theirs may be
// left.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/bundle.h"
#include "runtime/command.h"

namespace mayfly::test {

// Which shim runs the containers: containerd's own for runc, with Mayfly as its --runc-binary, or
// Mayfly's.
enum class Shim : unsigned char { kRunc, kMayfly };

class CtrTest : public testing::TestWithParam<Shim> {
 protected:
  void SetUp() override;
  void TearDown() override;

  // A directory with the probe, native and, where it was built, Wasm, to be used as a rootfs.
  std::filesystem::path rootfs() const { return directory_ / "rootfs"; }
  std::filesystem::path directory() const { return directory_; }
  static bool HasWasm();

  std::string NewId();
  // ctr --address SOCKET --namespace NAMESPACE ARGS...
  Output Ctr(const std::vector<std::string>& args) const;
  // The arguments of `ctr run FLAGS... --rootfs ROOTFS ID ARGS...`.
  std::vector<std::string> RunLine(const std::string& id, const std::vector<std::string>& flags,
                                   const std::vector<std::string>& args) const;
  // `ctr run --rm` with a fresh id.
  Output Run(const std::vector<std::string>& args, const std::vector<std::string>& flags = {});
  // `ctr run --detach`; the task runs then.
  std::string Launch(const std::vector<std::string>& args,
                     const std::vector<std::string>& flags = {});
  // The status column of `ctr task ls`, "" when the task is not listed.
  std::string Status(const std::string& id) const;

  std::string name_space = "mayfly-test";

 private:
  std::filesystem::path state_root() const {
    return GetParam() == Shim::kMayfly ? "/run/containerd/mayfly" : directory_ / "state";
  }

  std::string socket_;
  std::filesystem::path directory_;
  std::vector<std::string> ids_;
};

}  // namespace mayfly::test
