// The container's device nodes and the links in /dev.
//
// Sources: runtime-spec config-linux.md "Devices" and "Default Devices"; runtime-linux.md "Dev
// symbolic links". Fork: runs in the init, before the root is switched.
#pragma once

#include <vector>

#include "base/result.h"
#include "isolate/mounts.h"
#include "oci/spec.h"

namespace mayfly::isolate {

// Makes the default devices, those of linux.devices, and the links (/dev/fd, /dev/stdin, …,
// /dev/ptmx). A node that is there already is kept when it is the same device; over anything else
// the host's node is bind-mounted. The links into /proc are left out when the container has no
// procfs.
base::Result<void> SetUpDevices(int root, const std::vector<oci::Device>& devices, Procfs procfs);

}  // namespace mayfly::isolate
