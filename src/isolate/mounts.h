// The container's mounts: carries out mounts[] of config.json inside the rootfs.
//
// Targets are resolved beneath the rootfs by the kernel; missing ones are created. procfs and sysfs
// are only mounted on real directories, never through a symbolic link (CVE-2019-16884,
// CVE-2023-27561).
//
// Sources: runtime-spec config.md "Mounts".
// Errors: name mounts[N] and the destination. Fork: runs in the init, in its own mount namespace.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "isolate/namespaces.h"
#include "oci/spec.h"

namespace mayfly::isolate {

// What a mount of type "cgroup" shows: the container's own directories.
struct CgroupView {
  struct Entry {
    std::string name;       // "memory", "cpu,cpuacct"; directory below the mount point
    std::string directory;  // on the host: "/sys/fs/cgroup/memory/mayfly/c1"
  };
  std::vector<Entry> v1;  // used when not empty
  std::string unified;    // cgroup v2: the directory on the host
};

enum class Procfs : unsigned char { kMount, kLeaveOut };

// Mounts that the command makes with the host's privileges and the init attaches: with a user
// namespace the init may not see the sources, and only the host's root may id-map a mount.
struct PreparedMounts {
  base::UniqueFd rootfs;              // invalid: the init makes it
  std::vector<base::UniqueFd> trees;  // by index of mounts[]; invalid: the init makes it
};
// In the parent. Nothing is made for a container that needs none of it.
base::Result<PreparedMounts> PrepareMounts(const oci::Spec& spec,
                                           const std::vector<JoinTarget>& targets);

// `root` is the rootfs (O_PATH directory), already a mount of its own. In a container without a
// mount namespace the tree is detached: there "remount" is refused, and propagation is left out.
base::Result<void> SetUpMounts(int root, const oci::Spec& spec, const CgroupView& cgroups,
                               Procfs procfs, const PreparedMounts& prepared);

// Hides paths: files behind /dev/null, directories behind an empty read-only tmpfs. Missing ones
// are fine.
base::Result<void> MaskPaths(int root, const std::vector<std::string>& paths);
base::Result<void> MakePathsReadOnly(int root, const std::vector<std::string>& paths);

}  // namespace mayfly::isolate
