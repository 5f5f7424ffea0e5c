#include "container/events.h"

#include <poll.h>

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/process.h"

namespace mayfly::container {

using base::ErrorKind;
using base::Fail;
using base::FailErrno;
using base::Result;
using base::UniqueFd;
using nlohmann::ordered_json;

namespace {

// runc's users take an absent member for 0; these are absent there too when they are 0.
void AddUnlessZero(ordered_json& object, const char* name, uint64_t value) {
  if (value != 0) {
    object[name] = value;
  }
}

template <typename Values>
void AddUnlessEmpty(ordered_json& object, const char* name, const Values& values) {
  if (!values.empty()) {
    object[name] = values;
  }
}

ordered_json CounterJson(const cgroup::MemoryCounter& counter) {
  ordered_json json = {{"limit", counter.limit_bytes}};
  AddUnlessZero(json, "usage", counter.usage_bytes);
  AddUnlessZero(json, "max", counter.max_usage_bytes);
  json["failcnt"] = counter.failures;
  return json;
}

ordered_json CpuJson(const cgroup::Stats& stats) {
  ordered_json usage = ordered_json::object();
  AddUnlessZero(usage, "total", stats.cpu.total_ns);
  AddUnlessEmpty(usage, "percpu", stats.cpu.per_cpu_ns);
  AddUnlessEmpty(usage, "percpu_kernel", stats.cpu.per_cpu_kernel_ns);
  AddUnlessEmpty(usage, "percpu_user", stats.cpu.per_cpu_user_ns);
  usage["kernel"] = stats.cpu.kernel_ns;
  usage["user"] = stats.cpu.user_ns;
  ordered_json throttling = ordered_json::object();
  AddUnlessZero(throttling, "periods", stats.cpu.periods);
  AddUnlessZero(throttling, "throttledPeriods", stats.cpu.throttled_periods);
  AddUnlessZero(throttling, "throttledTime", stats.cpu.throttled_ns);
  return {{"usage", usage}, {"throttling", throttling}};
}

ordered_json MemoryJson(const cgroup::Stats& stats) {
  ordered_json memory = ordered_json::object();
  AddUnlessZero(memory, "cache", stats.memory.cache_bytes);
  memory["usage"] = CounterJson(stats.memory.usage);
  memory["swap"] = CounterJson(stats.memory.swap);
  memory["kernel"] = CounterJson(stats.memory.kernel);
  memory["kernelTCP"] = CounterJson(stats.memory.kernel_tcp);
  AddUnlessEmpty(memory, "raw", stats.memory.raw);
  return memory;
}

ordered_json BlockIoJson(const std::vector<cgroup::BlockIoEntry>& entries) {
  ordered_json array = ordered_json::array();
  for (const cgroup::BlockIoEntry& entry : entries) {
    ordered_json json = ordered_json::object();
    AddUnlessZero(json, "major", entry.major);
    AddUnlessZero(json, "minor", entry.minor);
    json["op"] = entry.operation;
    AddUnlessZero(json, "value", entry.value);
    array.push_back(std::move(json));
  }
  return array;
}

struct Watched {
  State state;
  UniqueFd pidfd;
};

Result<Watched> FindRunning(const Runtime& runtime, const std::string& id) {
  MAYFLY_ASSIGN(const Entry entry, runtime.store.Find(id));
  MAYFLY_ASSIGN(State state, entry.ReadState());
  auto pidfd = base::OpenPidfd(state.pid);
  const oci::Status status = StatusOf(entry, state);
  if (!pidfd || status == oci::Status::kStopped || status == oci::Status::kCreating) {
    return Fail(ErrorKind::kState, "container with id {} is not running", id);
  }
  return Watched{std::move(state), std::move(*pidfd)};
}

}  // namespace

std::string StatsEvent(const std::string& id, const cgroup::Stats& stats) {
  ordered_json pids = ordered_json::object();
  AddUnlessZero(pids, "current", stats.pids.current);
  AddUnlessZero(pids, "limit", stats.pids.limit);
  ordered_json blkio = ordered_json::object();
  if (!stats.io_service_bytes.empty()) {
    blkio["ioServiceBytesRecursive"] = BlockIoJson(stats.io_service_bytes);
  }
  if (!stats.io_serviced.empty()) {
    blkio["ioServicedRecursive"] = BlockIoJson(stats.io_serviced);
  }
  ordered_json hugetlb = ordered_json::object();
  for (const auto& [size, counter] : stats.hugetlb) {
    hugetlb[size] = {{"usage", counter.usage_bytes},
                     {"max", counter.max_usage_bytes},
                     {"failcnt", counter.failures}};
  }
  const ordered_json event = {{"type", "stats"},
                              {"id", id},
                              {"data",
                               {{"cpu", CpuJson(stats)},
                                {"memory", MemoryJson(stats)},
                                {"pids", pids},
                                {"blkio", blkio},
                                {"hugetlb", hugetlb},
                                {"intel_rdt", ordered_json::object()},
                                {"network_interfaces", nullptr}}}};
  return base::JsonText(event);
}

Result<cgroup::Stats> StatsOf(const Runtime& runtime, const std::string& id) {
  MAYFLY_ASSIGN(const Watched watched, FindRunning(runtime, id));
  MAYFLY_ASSIGN(const cgroup::Host host, cgroup::DetectHost());
  return cgroup::ReadStats(host, watched.state.cgroup);
}

Result<void> FollowEvents(const Runtime& runtime, const std::string& id, int interval_ms,
                          const std::function<void(const std::string&)>& emit) {
  using std::chrono::duration_cast, std::chrono::milliseconds, std::chrono::steady_clock;
  MAYFLY_ASSIGN(const Watched watched, FindRunning(runtime, id));
  MAYFLY_ASSIGN(const cgroup::Host host, cgroup::DetectHost());
  MAYFLY_ASSIGN(auto ooms, cgroup::OomWatch::Begin(host, watched.state.cgroup));
  auto next = steady_clock::now() + milliseconds(interval_ms);
  while (true) {
    std::array<pollfd, 2> waiting = {pollfd{watched.pidfd.get(), POLLIN, 0},
                                     pollfd{ooms.fd(), POLLIN, 0}};
    const auto left = duration_cast<milliseconds>(next - steady_clock::now()).count();
    const int ready = ::poll(waiting.data(), waiting.size(),
                             static_cast<int>(std::clamp<int64_t>(left + 1, 0, interval_ms)));
    if (ready < 0 && errno != EINTR) {
      return FailErrno("wait for events of {}", id);
    }
    if ((waiting[1].revents & POLLIN) != 0) {
      for (uint64_t kills = ooms.Take(); kills > 0; --kills) {
        emit(base::JsonText(ordered_json{{"type", "oom"}, {"id", id}}));
      }
    }
    if ((waiting[0].revents & POLLIN) != 0) {
      return {};
    }
    if (steady_clock::now() >= next) {
      MAYFLY_ASSIGN(const auto stats, cgroup::ReadStats(host, watched.state.cgroup));
      emit(StatsEvent(id, stats));
      next += milliseconds(interval_ms);
    }
  }
}

}  // namespace mayfly::container
