// Messages: from requests to plain values and back, where more than a field is copied.
//
// Errors: kind invalid for bytes that are no such message. Threads: pure functions.
#pragma once

#include <ctime>
#include <string>
#include <vector>

#include "base/result.h"
#include "cgroup/cgroup.h"
#include "shim/rootfs.h"

namespace mayfly::wire {
class Timestamp;
}
namespace containerd::task::v2 {
class CreateTaskRequest;
}

namespace mayfly::shim {

struct Process;

template <typename Message>
base::Result<Message> Parse(const std::string& payload) {
  Message message;
  if (!message.ParseFromString(payload)) {
    return base::Fail(base::ErrorKind::kInvalid, "the request cannot be parsed");
  }
  return message;
}

void SetTime(wire::Timestamp* out, const timespec& time);
std::vector<RootfsMount> MountsOf(const containerd::task::v2::CreateTaskRequest& request);
std::string EncodeDelete(const Process& process);
std::string EncodeWait(const Process& process);
// A StatsResponse with what the host counts for this cgroup.
base::Result<std::string> EncodeStats(const cgroup::Location& location);

}  // namespace mayfly::shim
