// Remove: the `delete` command: what containerd calls when a shim is gone, and after each that
// ended: ends and removes all that is left of one task.
//
// Fork: none.
#pragma once

#include "base/result.h"
#include "shim/command_line.h"

namespace mayfly::shim {

// Kills what runs, removes cgroup and state, unmounts the rootfs; prints a DeleteResponse. Nothing
// left is fine.
base::Result<int> Remove(const CommandLine& line);

}  // namespace mayfly::shim
