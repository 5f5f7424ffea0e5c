// Conditions: what a plan wants of the machine for all its runs: CPUs, and no v2 cgroup mount
// beside v1 ones.
//
// Changes this process, whose commands inherit it, and with `cpus` the daemon's threads, whose
// shims inherit that.
//
// Errors: a list of CPUs that is none (invalid), missing rights. Sources: sched_setaffinity(2),
// cpuset(7) "List format", mount_namespaces(7). Threads: before any.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/plan/plan.h"

namespace mayfly::lab {

base::Result<void> EnterConditions(const Plan& plan);

// "0-2,5" as 0 1 2 5.
base::Result<std::vector<int>> ParseCpus(std::string_view text);

// Whether a process sees the v2 mount of a hybrid host; false on pure v1 and v2.
bool SeesUnified(std::string_view mountinfo);

}  // namespace mayfly::lab
