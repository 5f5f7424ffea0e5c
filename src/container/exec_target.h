// ExecTarget: a container that runs, held by descriptors, so that what `exec` joins is that
// container whatever happens to its pid meanwhile.
//
// Ownership: owns its descriptors. Errors: kind state when the container has stopped.
// Fork: parent only; the child borrows the pidfd.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "cgroup/cgroup.h"
#include "container/state.h"

namespace mayfly::container {

struct ExecTarget {
  State state;
  base::UniqueFd pidfd;
  base::UniqueFd root;      // the container's "/", O_PATH
  uint64_t namespaces = 0;  // CLONE_NEW* of those that are not this process's own
  bool has_procfs = false;  // mounted in the container right now, as far as can be known
};

base::Result<ExecTarget> HoldTarget(State state);

// The container's cgroup directories with the sub-groups of `--cgroup` behind them: "PATH" where
// the host has cgroup v2 only, else "CONTROLLER[,CONTROLLER...]:PATH" each.
base::Result<cgroup::Location> SubGroups(const cgroup::Host& host, const cgroup::Location& location,
                                         const std::vector<std::string>& sub_groups);

// The directories with that of the unified tree replaced by where the init is now: on cgroup v2 a
// container may have moved its processes below its own group, which then takes none (EBUSY).
base::Result<cgroup::Location> PlaceOfInit(const cgroup::Host& host, const State& state);

}  // namespace mayfly::container
