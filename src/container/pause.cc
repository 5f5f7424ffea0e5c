#include <algorithm>

#include "container/container.h"

namespace mayfly::container {

using base::ErrorKind;
using base::Fail;
using base::Result;

namespace {

struct Live {
  Entry entry;
  State state;
  oci::Status status;
};

Result<Live> FindLive(const Runtime& runtime, const std::string& id) {
  MAYFLY_ASSIGN(Entry entry, runtime.store.FindLocked(id));
  MAYFLY_ASSIGN(State state, entry.ReadState());
  const oci::Status status = StatusOf(entry, state);
  return Live{std::move(entry), std::move(state), status};
}

}  // namespace

Result<void> Pause(const Runtime& runtime, const std::string& id) {
  MAYFLY_ASSIGN(const Live live, FindLive(runtime, id));
  if (live.status != oci::Status::kRunning && live.status != oci::Status::kCreated) {
    return Fail(ErrorKind::kState, "cannot pause: container not running: {} is {}", id,
                oci::StatusName(live.status));
  }
  MAYFLY_ASSIGN(const cgroup::Host host, cgroup::DetectHost());
  MAYFLY_TRY_AS(cgroup::Cgroup::FromLocation(host, live.state.cgroup)->Freeze(), "pause {}", id);
  return {};
}

Result<void> Resume(const Runtime& runtime, const std::string& id) {
  MAYFLY_ASSIGN(const Live live, FindLive(runtime, id));
  if (live.status != oci::Status::kPaused) {
    return Fail(ErrorKind::kState, "cannot resume: container not paused: {} is {}", id,
                oci::StatusName(live.status));
  }
  MAYFLY_ASSIGN(const cgroup::Host host, cgroup::DetectHost());
  MAYFLY_TRY_AS(cgroup::Cgroup::FromLocation(host, live.state.cgroup)->Thaw(), "resume {}", id);
  return {};
}

Result<std::vector<pid_t>> ProcessesOf(const Runtime& runtime, const std::string& id) {
  MAYFLY_ASSIGN(const Entry entry, runtime.store.Find(id));
  MAYFLY_ASSIGN(const State state, entry.ReadState());
  MAYFLY_ASSIGN(const cgroup::Host host, cgroup::DetectHost());
  auto pids = cgroup::Cgroup::FromLocation(host, state.cgroup)->Processes();
  if (!pids) {
    // The groups of a stopped container may be gone.
    return pids.error().sys_errno() == ENOENT ? Result<std::vector<pid_t>>(std::vector<pid_t>())
                                              : pids;
  }
  std::ranges::sort(*pids);
  return pids;
}

}  // namespace mayfly::container
