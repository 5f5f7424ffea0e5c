// When and where the guest runs: scheduler, I/O priority, execution domain, memory policy,
// processors. All of it is kept over execve(2).
//
// Sources: sched_setattr(2), ioprio_set(2), personality(2), set_mempolicy(2), sched_setaffinity(2).
// Errors: name the field of config.json. Fork: run in the init, before capabilities are given up.
#pragma once

#include <string>

#include "base/result.h"
#include "oci/spec.h"

namespace mayfly::isolate {

base::Result<void> SetScheduler(const oci::Scheduler& scheduler);
base::Result<void> SetIoPriority(const oci::IoPriority& priority);
base::Result<void> SetPersonality(unsigned long domain);
base::Result<void> SetMemoryPolicy(const oci::MemoryPolicy& policy);

// "0-3,7"; `field` is what the error names.
base::Result<void> SetCpuAffinity(const std::string& cpus, const std::string& field);

}  // namespace mayfly::isolate
