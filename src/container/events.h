// Events: what `mayfly events` prints: usage figures at an interval, and OOM kills.
//
// Form: one JSON object a line, as runc's: {"type":"stats","id":"c1","data":{…}} and
// {"type":"oom","id":"c1"}. Units in it: bytes and nanoseconds.
// Fork: parent only.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "cgroup/stats.h"
#include "container/container.h"

namespace mayfly::container {

// One line, without a newline.
std::string StatsEvent(const std::string& id, const cgroup::Stats& stats);

base::Result<cgroup::Stats> StatsOf(const Runtime& runtime, const std::string& id);

// Calls `emit` with each event until the container has stopped; the first figures come after the
// first interval.
base::Result<void> FollowEvents(const Runtime& runtime, const std::string& id, int interval_ms,
                                const std::function<void(const std::string&)>& emit);

}  // namespace mayfly::container
