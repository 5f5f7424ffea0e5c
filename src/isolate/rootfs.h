// The switch to the container's root: from the host's mounts to the container's own.
//
// Sources: pivot_root(2) "pivot_root(".", ".")"; runtime-spec config-linux.md "Rootfs Mount
// Propagation". Fork: runs in the init, in a mount namespace of its own.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace mayfly::isolate {

// Cuts the mount namespace off from the host's (propagation MS_SLAVE | MS_REC unless given) and
// makes the rootfs a mount of its own: `prepared`, a detached mount, or when that is -1 a new one.
// Returns it as a directory.
base::Result<base::UniqueFd> PrepareRootfs(const std::string& rootfs, uint64_t propagation,
                                           int prepared);

base::Result<void> MakeRootReadOnly(int root);

// Makes `root` the process's "/" and detaches the host's tree. kChroot moves the mount over "/" and
// chroots instead (for a host whose root is an initramfs, which cannot be pivoted).
enum class RootSwitch : unsigned char { kPivot, kChroot };
base::Result<void> SwitchRoot(int root, RootSwitch how, uint64_t propagation);

}  // namespace mayfly::isolate
