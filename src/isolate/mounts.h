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

// `root` is the rootfs (O_PATH directory), already a mount of its own.
base::Result<void> SetUpMounts(int root, const std::vector<oci::Mount>& mounts,
                               const CgroupView& cgroups, Procfs procfs);

// Hides paths: files behind /dev/null, directories behind an empty read-only tmpfs. Missing ones
// are fine.
base::Result<void> MaskPaths(int root, const std::vector<std::string>& paths);
base::Result<void> MakePathsReadOnly(int root, const std::vector<std::string>& paths);

}  // namespace mayfly::isolate
