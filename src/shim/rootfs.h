// Rootfs: the mounts that containerd asks a shim to make at BUNDLE/rootfs, and their end.
//
// Errors: name the mount's target. Sources: mount(2), containerd's mount package for the meaning of
// the options. Fork: parent only; mounts into the shim's mount namespace, which is the host's.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace mayfly::shim {

struct RootfsMount {
  std::string type;
  std::string source;
  std::string target;  // below the rootfs; "": the rootfs itself
  std::vector<std::string> options;
};

// All or none of them.
base::Result<void> MountRootfs(const std::vector<RootfsMount>& mounts, const std::string& rootfs);

// All that is mounted there; nothing mounted is fine.
base::Result<void> UnmountRootfs(const std::string& rootfs);

}  // namespace mayfly::shim
