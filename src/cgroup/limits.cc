#include "cgroup/limits.h"

#include <cmath>

namespace mayfly::cgroup {

using base::ErrorKind;
using base::Result;

namespace {

constexpr std::string_view kMemoryLimit = "linux.resources.memory.limit";
constexpr std::string_view kMemorySwap = "linux.resources.memory.swap";
constexpr std::string_view kMemorySwappiness = "linux.resources.memory.swappiness";
constexpr uint64_t kDefaultPeriodUs = 100000;

// Collects settings of one controller at a time.
class Writer {
 public:
  explicit Writer(std::vector<Setting>& settings) : settings_(settings) {}

  template <typename T>
  Setting& Add(std::string_view controller, std::string_view file, const T& value,
               std::string_view field) {
    return settings_.emplace_back(Setting{std::string(controller), std::string(file),
                                          fmt::format("{}", value), std::string(field)});
  }

 private:
  std::vector<Setting>& settings_;
};

// The spec's zero is "not set" for these, as containerd and Podman send it.
template <typename T>
bool IsSet(const std::optional<T>& value) {
  return value && *value != 0;
}

std::string OrMax(int64_t value) { return value < 0 ? "max" : fmt::format("{}", value); }

// What both versions check: swap is memory plus swap, and so has no meaning without the limit.
Result<void> CheckMemory(const oci::Resources& resources) {
  if (IsSet(resources.memory_swap_bytes) && *resources.memory_swap_bytes > 0) {
    if (!IsSet(resources.memory_limit_bytes) || *resources.memory_limit_bytes < 0) {
      return base::Fail(ErrorKind::kInvalid, "{}: needs {}", kMemorySwap, kMemoryLimit);
    }
    if (*resources.memory_swap_bytes < *resources.memory_limit_bytes) {
      return base::Fail(ErrorKind::kInvalid, "{}: {} is memory plus swap and less than {}, {}",
                        kMemorySwap, *resources.memory_swap_bytes, kMemoryLimit,
                        *resources.memory_limit_bytes);
    }
  }
  if (resources.memory_swappiness && *resources.memory_swappiness > 100) {
    return base::Fail(ErrorKind::kInvalid, "{}: {} is more than 100", kMemorySwappiness,
                      *resources.memory_swappiness);
  }
  return {};
}

void AddPids(const oci::Resources& resources, Writer& writer) {
  if (resources.pids_limit) {
    const int64_t limit = *resources.pids_limit;
    writer.Add("pids", "pids.max", OrMax(limit == 0 ? -1 : limit), "linux.resources.pids.limit");
  }
}

void AddCpuset(const oci::Resources& resources, Writer& writer) {
  if (!resources.cpuset_cpus.empty()) {
    writer.Add("cpuset", "cpuset.cpus", resources.cpuset_cpus, "linux.resources.cpu.cpus");
  }
  if (!resources.cpuset_mems.empty()) {
    writer.Add("cpuset", "cpuset.mems", resources.cpuset_mems, "linux.resources.cpu.mems");
  }
}

// cpu.idle comes after the weight: an idle group refuses one.
void AddIdle(const oci::Resources& resources, Writer& writer) {
  if (resources.cpu_idle) {
    writer.Add("cpu", "cpu.idle", *resources.cpu_idle, "linux.resources.cpu.idle");
  }
}

void AddMemoryV1(const oci::Resources& resources, Writer& writer) {
  if (IsSet(resources.memory_limit_bytes)) {
    // The kernel keeps memory <= memory plus swap at every moment.
    writer.Add("memory", "memory.limit_in_bytes", *resources.memory_limit_bytes, kMemoryLimit)
        .may_need_next = IsSet(resources.memory_swap_bytes);
  }
  if (IsSet(resources.memory_swap_bytes)) {
    writer.Add("memory", "memory.memsw.limit_in_bytes", *resources.memory_swap_bytes, kMemorySwap);
  }
  if (IsSet(resources.memory_reservation_bytes)) {
    writer.Add("memory", "memory.soft_limit_in_bytes", *resources.memory_reservation_bytes,
               "linux.resources.memory.reservation");
  }
  if (resources.memory_swappiness) {
    writer.Add("memory", "memory.swappiness", *resources.memory_swappiness, kMemorySwappiness);
  }
  if (resources.memory_disable_oom_killer.value_or(false)) {
    writer.Add("memory", "memory.oom_control", 1, "linux.resources.memory.disableOOMKiller");
  }
}

void AddCpuV1(const oci::Resources& resources, Writer& writer) {
  if (IsSet(resources.cpu_shares)) {
    writer.Add("cpu", "cpu.shares", *resources.cpu_shares, "linux.resources.cpu.shares");
  }
  if (IsSet(resources.cpu_period_us)) {
    // A parent's ratio can forbid the new period with the old quota.
    writer.Add("cpu", "cpu.cfs_period_us", *resources.cpu_period_us, "linux.resources.cpu.period")
        .may_need_next = IsSet(resources.cpu_quota_us);
  }
  if (IsSet(resources.cpu_quota_us)) {
    writer.Add("cpu", "cpu.cfs_quota_us", *resources.cpu_quota_us, "linux.resources.cpu.quota");
  }
  if (resources.cpu_burst_us) {
    writer.Add("cpu", "cpu.cfs_burst_us", *resources.cpu_burst_us, "linux.resources.cpu.burst");
  }
  AddIdle(resources, writer);
}

Result<void> AddMemoryV2(const oci::Resources& resources, Writer& writer) {
  if (resources.memory_swappiness) {
    return base::Fail(ErrorKind::kUnsupported, "{}: cgroup v2 has no swappiness",
                      kMemorySwappiness);
  }
  if (resources.memory_disable_oom_killer.value_or(false)) {
    return base::Fail(
        ErrorKind::kUnsupported,
        "linux.resources.memory.disableOOMKiller: cgroup v2 cannot switch the OOM killer off");
  }
  if (IsSet(resources.memory_limit_bytes)) {
    writer.Add("memory", "memory.max", OrMax(*resources.memory_limit_bytes), kMemoryLimit);
  }
  if (IsSet(resources.memory_swap_bytes)) {
    const int64_t swap = *resources.memory_swap_bytes;
    const int64_t alone = swap < 0 ? -1 : swap - *resources.memory_limit_bytes;
    writer.Add("memory", "memory.swap.max", OrMax(alone), kMemorySwap).missing_is_fine = alone <= 0;
  }
  if (IsSet(resources.memory_reservation_bytes)) {
    writer.Add("memory", "memory.low", OrMax(*resources.memory_reservation_bytes),
               "linux.resources.memory.reservation");
  }
  return {};
}

void AddCpuV2(const oci::Resources& resources, Writer& writer) {
  if (IsSet(resources.cpu_shares)) {
    writer.Add("cpu", "cpu.weight", WeightFromShares(*resources.cpu_shares),
               "linux.resources.cpu.shares");
  }
  if (IsSet(resources.cpu_quota_us) || IsSet(resources.cpu_period_us)) {
    const int64_t quota = IsSet(resources.cpu_quota_us) ? *resources.cpu_quota_us : -1;
    const uint64_t period =
        IsSet(resources.cpu_period_us) ? *resources.cpu_period_us : kDefaultPeriodUs;
    writer.Add(
        "cpu", "cpu.max", fmt::format("{} {}", OrMax(quota), period),
        IsSet(resources.cpu_quota_us) ? "linux.resources.cpu.quota" : "linux.resources.cpu.period");
  }
  if (resources.cpu_burst_us) {
    writer.Add("cpu", "cpu.max.burst", *resources.cpu_burst_us, "linux.resources.cpu.burst");
  }
  AddIdle(resources, writer);
}

Result<void> AddUnified(const oci::Resources& resources, Writer& writer) {
  for (const auto& [file, value] : resources.unified) {
    const std::string field = fmt::format("linux.resources.unified[\"{}\"]", file);
    const size_t dot = file.find('.');
    if (file.find('/') != std::string::npos || dot == std::string::npos || dot == 0) {
      return base::Fail(ErrorKind::kInvalid, "{}: not the name of a cgroup file", field);
    }
    // Moving processes or handing out controllers is the runtime's work.
    if (file == "cgroup.procs" || file == "cgroup.threads" || file == "cgroup.subtree_control" ||
        file == "cgroup.type" || file == "cgroup.kill" || file == "cgroup.freeze") {
      return base::Fail(ErrorKind::kInvalid, "{}: not a limit", field);
    }
    writer.Add(file.substr(0, dot), file, value, field);
  }
  return {};
}

}  // namespace

uint64_t WeightFromShares(uint64_t shares) {
  if (shares <= 2) {
    return 1;
  }
  if (shares >= 262144) {
    return 10000;
  }
  const double l = std::log2(static_cast<double>(shares));
  return static_cast<uint64_t>(std::ceil(std::pow(10, (l * l + 125 * l) / 612 - 7.0 / 34)));
}

Result<std::vector<Setting>> SettingsV1(const oci::Resources& resources) {
  if (!resources.unified.empty()) {
    return base::Fail(ErrorKind::kUnsupported,
                      "linux.resources.unified: this host's controllers are cgroup v1");
  }
  MAYFLY_TRY(CheckMemory(resources));
  std::vector<Setting> settings;
  Writer writer(settings);
  AddMemoryV1(resources, writer);
  AddCpuV1(resources, writer);
  AddCpuset(resources, writer);
  AddPids(resources, writer);
  return settings;
}

Result<std::vector<Setting>> SettingsV2(const oci::Resources& resources) {
  MAYFLY_TRY(CheckMemory(resources));
  std::vector<Setting> settings;
  Writer writer(settings);
  MAYFLY_TRY(AddMemoryV2(resources, writer));
  AddCpuV2(resources, writer);
  AddCpuset(resources, writer);
  AddPids(resources, writer);
  MAYFLY_TRY(AddUnified(resources, writer));
  return settings;
}

}  // namespace mayfly::cgroup
