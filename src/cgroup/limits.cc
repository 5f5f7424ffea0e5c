#include "cgroup/limits.h"

#include <cmath>

namespace mayfly::cgroup {

using base::ErrorKind;
using base::Result;

namespace {

constexpr std::string_view kMemoryLimit = "linux.resources.memory.limit";
constexpr std::string_view kMemorySwap = "linux.resources.memory.swap";
constexpr std::string_view kMemorySwappiness = "linux.resources.memory.swappiness";
constexpr std::string_view kMemoryKernelTcp = "linux.resources.memory.kernelTCP";
constexpr uint64_t kDefaultPeriodUs = 100000;

// Collects settings of one controller at a time.
class Writer {
 public:
  explicit Writer(std::vector<Setting>& settings) : settings_(settings) {}

  template <typename T>
  Setting& Add(std::string_view controller, std::string_view file, const T& value,
               std::string_view field) {
    Setting& setting = settings_.emplace_back();
    setting.controller = controller;
    setting.file = file;
    setting.value = fmt::format("{}", value);
    setting.field = field;
    return setting;
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

void AddRealtime(const oci::Resources& resources, Writer& writer) {
  if (IsSet(resources.cpu_realtime_period_us)) {
    writer
        .Add("cpu", "cpu.rt_period_us", *resources.cpu_realtime_period_us,
             "linux.resources.cpu.realtimePeriod")
        .may_need_next = IsSet(resources.cpu_realtime_runtime_us);
  }
  if (IsSet(resources.cpu_realtime_runtime_us)) {
    writer.Add("cpu", "cpu.rt_runtime_us", *resources.cpu_realtime_runtime_us,
               "linux.resources.cpu.realtimeRuntime");
  }
}

void AddRdma(const oci::Resources& resources, Writer& writer) {
  for (const auto& [device, limit] : resources.rdma) {
    std::string value = device;
    if (limit.handles) {
      value += fmt::format(" hca_handle={}", *limit.handles);
    }
    if (limit.objects) {
      value += fmt::format(" hca_object={}", *limit.objects);
    }
    writer.Add("rdma", "rdma.max", value, fmt::format("linux.resources.rdma.{}", device));
  }
}

void AddHugepages(const oci::Resources& resources, Writer& writer, std::string_view file) {
  for (size_t i = 0; i < resources.hugepage_limits.size(); ++i) {
    const oci::HugepageLimit& limit = resources.hugepage_limits[i];
    writer.Add("hugetlb", fmt::format("hugetlb.{}.{}", limit.page_size, file), limit.limit_bytes,
               fmt::format("linux.resources.hugepageLimits[{}]", i));
  }
}

// A line for each device: "8:16 1048576", with a word before the number where v2 wants one.
void AddPerDevice(Writer& writer, const std::vector<oci::DeviceLimit>& limits,
                  std::string_view controller, std::string_view file, std::string_view word,
                  std::string_view name) {
  for (size_t i = 0; i < limits.size(); ++i) {
    writer.Add(controller, file,
               fmt::format("{}:{} {}{}", limits[i].major, limits[i].minor, word, limits[i].value),
               fmt::format("linux.resources.blockIO.{}[{}]", name, i));
  }
}

void AddBlockIoV1(const oci::BlockIo& io, Writer& writer) {
  if (io.weight) {
    writer.Add("blkio", "blkio.bfq.weight", *io.weight, "linux.resources.blockIO.weight")
        .other_file = "blkio.weight";
  }
  if (io.leaf_weight) {
    writer.Add("blkio", "blkio.leaf_weight", *io.leaf_weight, "linux.resources.blockIO.leafWeight");
  }
  AddPerDevice(writer, io.device_weights, "blkio", "blkio.bfq.weight_device", "", "weightDevice");
  AddPerDevice(writer, io.device_leaf_weights, "blkio", "blkio.leaf_weight_device", "",
               "weightDevice");
  AddPerDevice(writer, io.read_bytes_per_second, "blkio", "blkio.throttle.read_bps_device", "",
               "throttleReadBpsDevice");
  AddPerDevice(writer, io.write_bytes_per_second, "blkio", "blkio.throttle.write_bps_device", "",
               "throttleWriteBpsDevice");
  AddPerDevice(writer, io.reads_per_second, "blkio", "blkio.throttle.read_iops_device", "",
               "throttleReadIOPSDevice");
  AddPerDevice(writer, io.writes_per_second, "blkio", "blkio.throttle.write_iops_device", "",
               "throttleWriteIOPSDevice");
}

// 10 to 1000 of the runtime-spec as 1 to 10000 of io.weight; the BFQ scheduler's own file takes the
// spec's range.
uint64_t IoWeight(uint64_t weight) { return 1 + (weight - 10) * 9999 / 990; }

Result<void> AddBlockIoV2(const oci::BlockIo& io, Writer& writer) {
  if (io.leaf_weight || !io.device_leaf_weights.empty()) {
    return base::Fail(ErrorKind::kUnsupported,
                      "linux.resources.blockIO.leafWeight: cgroup v2 has no leaf weights");
  }
  if (io.weight) {
    Setting& setting =
        writer.Add("io", "io.bfq.weight", *io.weight, "linux.resources.blockIO.weight");
    setting.other_file = "io.weight";
    setting.other_value = fmt::format("default {}", IoWeight(*io.weight));
  }
  AddPerDevice(writer, io.device_weights, "io", "io.bfq.weight", "", "weightDevice");
  AddPerDevice(writer, io.read_bytes_per_second, "io", "io.max", "rbps=", "throttleReadBpsDevice");
  AddPerDevice(writer, io.write_bytes_per_second, "io", "io.max",
               "wbps=", "throttleWriteBpsDevice");
  AddPerDevice(writer, io.reads_per_second, "io", "io.max", "riops=", "throttleReadIOPSDevice");
  AddPerDevice(writer, io.writes_per_second, "io", "io.max", "wiops=", "throttleWriteIOPSDevice");
  return {};
}

void AddNetworkV1(const oci::Resources& resources, Writer& writer) {
  if (resources.network_class_id) {
    writer.Add("net_cls", "net_cls.classid", *resources.network_class_id,
               "linux.resources.network.classID");
  }
  for (const auto& [interface, priority] : resources.network_priorities) {
    writer.Add("net_prio", "net_prio.ifpriomap", fmt::format("{} {}", interface, priority),
               "linux.resources.network.priorities");
  }
}

// What v2 has no file for.
Result<void> RefuseOnV2(const oci::Resources& resources) {
  if (resources.network_class_id || !resources.network_priorities.empty()) {
    return base::Fail(ErrorKind::kUnsupported,
                      "linux.resources.network: cgroup v2 has no network controllers");
  }
  if (IsSet(resources.memory_kernel_tcp_bytes)) {
    return base::Fail(ErrorKind::kUnsupported, "{}: cgroup v2 has no limit of TCP buffers",
                      kMemoryKernelTcp);
  }
  if (IsSet(resources.cpu_realtime_runtime_us) || IsSet(resources.cpu_realtime_period_us)) {
    return base::Fail(ErrorKind::kUnsupported,
                      "linux.resources.cpu.realtimeRuntime: cgroup v2 has no real-time limits");
  }
  return {};
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
  if (IsSet(resources.memory_kernel_tcp_bytes)) {
    writer.Add("memory", "memory.kmem.tcp.limit_in_bytes", *resources.memory_kernel_tcp_bytes,
               kMemoryKernelTcp);
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
  AddRealtime(resources, writer);
  AddCpuset(resources, writer);
  AddPids(resources, writer);
  AddBlockIoV1(resources.block_io, writer);
  AddHugepages(resources, writer, "limit_in_bytes");
  AddNetworkV1(resources, writer);
  AddRdma(resources, writer);
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
  MAYFLY_TRY(RefuseOnV2(resources));
  MAYFLY_TRY(AddBlockIoV2(resources.block_io, writer));
  AddHugepages(resources, writer, "max");
  AddRdma(resources, writer);
  MAYFLY_TRY(AddUnified(resources, writer));
  return settings;
}

}  // namespace mayfly::cgroup
