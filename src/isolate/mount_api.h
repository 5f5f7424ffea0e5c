// The kernel's descriptor-based mount interface: a mount is made detached, given its attributes,
// and only then attached to a directory that is itself held by a descriptor. No path is looked up
// twice, so the container's author cannot swap a target between check and use.
//
// Sources: fsopen(2), fsmount(2), move_mount(2), open_tree(2), mount_setattr(2); Linux 5.12 or
// newer. Ownership: returned descriptors are the caller's; an unattached mount goes away with its
// descriptor. Fork: usable in a child.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace mayfly::isolate {

// MS_* of mount(2) -> MOUNT_ATTR_* of mount_setattr(2), for the flags that belong to a mount.
uint64_t MountAttributes(uint64_t ms_flags);

// A new file system, not attached yet. `data` is the comma-separated option string of mount(2);
// `sb_flags` are MS_SYNCHRONOUS, MS_DIRSYNC, MS_LAZYTIME.
base::Result<base::UniqueFd> NewFilesystem(const std::string& type, const std::string& source,
                                           const std::string& data, uint64_t sb_flags,
                                           uint64_t attributes);

// A copy of the mount at `path` below the directory `at` (path "" is `at` itself), not attached
// yet.
enum class Recursion : unsigned char { kTopOnly, kWholeTree };
base::Result<base::UniqueFd> CloneTree(int at, const std::string& path, Recursion recursion);

// Changes the attributes of a mount, attached or not; `propagation` is MS_SHARED, … or 0.
base::Result<void> SetAttributes(int mount_fd, uint64_t set, uint64_t clear, uint64_t propagation,
                                 Recursion recursion);

// Makes the files of a detached mount appear with the ids of a user namespace.
base::Result<void> MapIds(int mount_fd, int user_namespace, Recursion recursion);

// Attaches a detached mount onto what `target_fd` (O_PATH) refers to.
base::Result<void> Attach(int mount_fd, int target_fd);

}  // namespace mayfly::isolate
