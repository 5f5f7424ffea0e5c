// Metrics: a container's usage in the forms that containerd's clients know,
// io.containerd.cgroups.v1.Metrics and io.containerd.cgroups.v2.Metrics.
//
// Threads: pure functions.
#pragma once

#include <string>

#include "cgroup/cgroup.h"
#include "cgroup/stats.h"

namespace mayfly::shim {

struct EncodedMetrics {
  std::string type;  // the message's full name
  std::string bytes;
};

EncodedMetrics EncodeMetrics(const cgroup::Stats& stats, cgroup::Layout layout);

}  // namespace mayfly::shim
