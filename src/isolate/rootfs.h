// The switch to the container's root: from the host's mounts to the container's own.
//
// A container without a mount namespace of its own has its mounts in a tree that is attached to no
// namespace: the host's mounts stay as they are, nothing is left to be unmounted, and ".." ends at
// the tree's root for whoever gets out of the chroot.
//
// Sources: pivot_root(2) "pivot_root(".", ".")"; open_tree(2) OPEN_TREE_CLONE; runtime-spec
// config-linux.md "Rootfs Mount Propagation". Fork: runs in the init, in a mount namespace of its
// own but for what says "Detached" or kDetached.
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

// The same for a container in the runtime's mount namespace: a detached copy of what is mounted at
// `rootfs`, which lasts as long as a process has its root there. Fails with kind unsupported before
// Linux 6.15, where nothing can be mounted on it.
base::Result<base::UniqueFd> PrepareDetachedRootfs(const std::string& rootfs);

base::Result<void> MakeRootReadOnly(int root);

// Makes `root` the process's "/" and detaches the host's tree. kChroot moves the mount over "/" and
// chroots instead (for a host whose root is an initramfs, which cannot be pivoted). kDetached
// chroots and changes no mount.
enum class RootSwitch : unsigned char { kPivot, kChroot, kDetached };
base::Result<void> SwitchRoot(int root, RootSwitch how, uint64_t propagation);

}  // namespace mayfly::isolate
