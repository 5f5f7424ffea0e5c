#include "shim/messages.h"

#include <task.pb.h>

#include "cgroup/stats.h"
#include "shim/container.h"
#include "shim/metrics.h"

namespace mayfly::shim {

namespace task = containerd::task::v2;

void SetTime(wire::Timestamp* out, const timespec& time) {
  out->set_seconds(time.tv_sec);
  out->set_nanos(static_cast<int32_t>(time.tv_nsec));
}

std::vector<RootfsMount> MountsOf(const task::CreateTaskRequest& request) {
  std::vector<RootfsMount> mounts;
  for (const auto& mount : request.rootfs()) {
    mounts.push_back({mount.type(),
                      mount.source(),
                      mount.target(),
                      {mount.options().begin(), mount.options().end()}});
  }
  return mounts;
}

std::string EncodeDelete(const Process& process) {
  task::DeleteResponse response;
  response.set_pid(static_cast<uint32_t>(process.pid));
  response.set_exit_status(process.exit_status);
  SetTime(response.mutable_exited_at(), process.exited_at);
  return response.SerializeAsString();
}

std::string EncodeWait(const Process& process) {
  task::WaitResponse response;
  response.set_exit_status(process.exit_status);
  SetTime(response.mutable_exited_at(), process.exited_at);
  return response.SerializeAsString();
}

base::Result<std::string> EncodeStats(const cgroup::Location& location) {
  MAYFLY_ASSIGN(const cgroup::Host host, cgroup::DetectHost());
  MAYFLY_ASSIGN(const cgroup::Stats stats, cgroup::ReadStats(host, location));
  EncodedMetrics metrics = EncodeMetrics(stats, host.layout);
  task::StatsResponse response;
  response.mutable_stats()->set_type_url(metrics.type);
  response.mutable_stats()->set_value(std::move(metrics.bytes));
  return response.SerializeAsString();
}

}  // namespace mayfly::shim
