#include "cgroup/stats.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/file.h"
#include "cgroup/text.h"

namespace mayfly::cgroup {

using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

constexpr size_t kMaxFileBytes = 1U << 20;
constexpr uint64_t kNsPerUs = 1000;
constexpr uint64_t kNsPerSecond = 1000000000;

// "max" is no limit.
uint64_t Number(std::string_view text) {
  while (text.ends_with('\n')) {
    text.remove_suffix(1);
  }
  if (text == "max") {
    return UINT64_MAX;
  }
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// One directory of the container; a file that is not there reads as nothing.
class Files {
 public:
  explicit Files(std::string directory) : directory_(std::move(directory)) {}

  std::string Text(const std::string& file) const {
    return base::ReadFile(directory_ + "/" + file, kMaxFileBytes).value_or("");
  }
  uint64_t Value(const std::string& file) const { return Number(Text(file)); }
  // "key value" lines.
  std::map<std::string, uint64_t> Pairs(const std::string& file) const {
    std::map<std::string, uint64_t> pairs;
    const std::string text = Text(file);
    for (const std::string_view line : Split(text, '\n')) {
      const auto fields = Split(line, ' ');
      if (fields.size() == 2) {
        pairs[std::string(fields[0])] = Number(fields[1]);
      }
    }
    return pairs;
  }

 private:
  std::string directory_;
};

uint64_t At(const std::map<std::string, uint64_t>& map, const std::string& key) {
  const auto found = map.find(key);
  return found == map.end() ? 0 : found->second;
}

MemoryCounter CounterV1(const Files& files, const std::string& prefix) {
  return {.limit_bytes = files.Value(prefix + ".limit_in_bytes"),
          .usage_bytes = files.Value(prefix + ".usage_in_bytes"),
          .max_usage_bytes = files.Value(prefix + ".max_usage_in_bytes"),
          .failures = files.Value(prefix + ".failcnt")};
}

MemoryCounter CounterV2(const Files& files, const std::string& prefix) {
  return {.limit_bytes = files.Value(prefix + ".max"),
          .usage_bytes = files.Value(prefix + ".current"),
          .max_usage_bytes = files.Value(prefix + ".peak"),
          .failures = At(files.Pairs(prefix + ".events"), "max")};
}

std::pair<uint64_t, uint64_t> DeviceNumber(std::string_view text) {
  const size_t colon = std::min(text.find(':'), text.size());
  return {Number(text.substr(0, colon)), Number(text.substr(std::min(colon + 1, text.size())))};
}

// "8:0 Read 4096"; the line "Total" of all devices has two fields.
std::vector<BlockIoEntry> BlockIoV1(const Files& files, const std::string& file) {
  std::vector<BlockIoEntry> entries;
  const std::string text = files.Text(file);
  for (const std::string_view line : Split(text, '\n')) {
    const auto fields = Split(line, ' ');
    if (fields.size() == 3) {
      const auto [major, minor] = DeviceNumber(fields[0]);
      entries.push_back({major, minor, std::string(fields[1]), Number(fields[2])});
    }
  }
  return entries;
}

// "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6"
void BlockIoV2(const Files& files, Stats& stats) {
  constexpr std::array<std::pair<std::string_view, const char*>, 6> kNames = {
      {{"rbytes", "Read"},
       {"wbytes", "Write"},
       {"dbytes", "Discard"},
       {"rios", "Read"},
       {"wios", "Write"},
       {"dios", "Discard"}}};
  const std::string text = files.Text("io.stat");
  for (const std::string_view line : Split(text, '\n')) {
    const auto fields = Split(line, ' ');
    if (fields.empty()) {
      continue;
    }
    const auto [major, minor] = DeviceNumber(fields[0]);
    for (size_t i = 1; i < fields.size(); ++i) {
      const size_t equals = std::min(fields[i].find('='), fields[i].size());
      const std::string_view key = fields[i].substr(0, equals);
      const auto name = std::ranges::find(kNames, key, [](const auto& pair) { return pair.first; });
      if (name == kNames.end() || equals == fields[i].size()) {
        continue;
      }
      auto& list = key.ends_with("ios") ? stats.io_serviced : stats.io_service_bytes;
      list.push_back({major, minor, name->second, Number(fields[i].substr(equals + 1))});
    }
  }
}

void ReadCpuacctV1(const Files& files, Stats& stats) {
  const uint64_t tick_ns = kNsPerSecond / static_cast<uint64_t>(::sysconf(_SC_CLK_TCK));
  const auto ticks = files.Pairs("cpuacct.stat");
  stats.cpu.total_ns = files.Value("cpuacct.usage");
  stats.cpu.user_ns = At(ticks, "user") * tick_ns;
  stats.cpu.kernel_ns = At(ticks, "system") * tick_ns;
  const std::string per_cpu = files.Text("cpuacct.usage_percpu");
  for (const std::string_view field : Split(per_cpu, ' ')) {
    if (field != "\n") {
      stats.cpu.per_cpu_ns.push_back(Number(field));
    }
  }
  // "cpu user system" and a line for each processor.
  const std::string all = files.Text("cpuacct.usage_all");
  for (const std::string_view line : Split(all, '\n')) {
    const auto fields = Split(line, ' ');
    if (fields.size() == 3 && fields[0] != "cpu") {
      stats.cpu.per_cpu_user_ns.push_back(Number(fields[1]));
      stats.cpu.per_cpu_kernel_ns.push_back(Number(fields[2]));
    }
  }
}

void ReadMemoryV1(const Files& files, Stats& stats) {
  stats.memory.raw = files.Pairs("memory.stat");
  stats.memory.cache_bytes = At(stats.memory.raw, "cache");
  stats.memory.usage = CounterV1(files, "memory");
  stats.memory.swap = CounterV1(files, "memory.memsw");
  stats.memory.kernel = CounterV1(files, "memory.kmem");
  stats.memory.kernel_tcp = CounterV1(files, "memory.kmem.tcp");
}

void ReadMemoryV2(const Files& files, Stats& stats) {
  stats.memory.raw = files.Pairs("memory.stat");
  stats.memory.cache_bytes = At(stats.memory.raw, "file");
  stats.memory.usage = CounterV2(files, "memory");
  MemoryCounter swap = CounterV2(files, "memory.swap");
  swap.usage_bytes += stats.memory.usage.usage_bytes;
  if (swap.limit_bytes != UINT64_MAX) {
    swap.limit_bytes = stats.memory.usage.limit_bytes == UINT64_MAX
                           ? UINT64_MAX
                           : swap.limit_bytes + stats.memory.usage.limit_bytes;
  }
  swap.max_usage_bytes = 0;  // two peaks have no sum
  stats.memory.swap = swap;
}

void ReadPids(const Files& files, Stats& stats) {
  stats.pids.current = files.Value("pids.current");
  const uint64_t limit = files.Value("pids.max");
  stats.pids.limit = limit == UINT64_MAX ? 0 : limit;
}

std::vector<std::string> HugePageSizes() {
  std::vector<std::string> sizes;
  const auto names = base::ListDirectory("/sys/kernel/mm/hugepages");
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    constexpr std::string_view kPrefix = "hugepages-";
    if (!name.starts_with(kPrefix)) {
      continue;
    }
    const uint64_t kib = Number(std::string_view(name).substr(kPrefix.size()));
    sizes.push_back(kib >= 1U << 20   ? fmt::format("{}GB", kib >> 20)
                    : kib >= 1U << 10 ? fmt::format("{}MB", kib >> 10)
                                      : fmt::format("{}KB", kib));
  }
  return sizes;
}

void ReadHugetlb(const Files& files, bool unified, Stats& stats) {
  for (const std::string& size : HugePageSizes()) {
    const std::string prefix = "hugetlb." + size;
    if (!files.Text(prefix + (unified ? ".current" : ".usage_in_bytes")).empty()) {
      stats.hugetlb[size] = unified ? CounterV2(files, prefix) : CounterV1(files, prefix);
    }
  }
}

void ReadV1(const Hierarchy& hierarchy, const Files& files, Stats& stats) {
  const auto has = [&](std::string_view name) {
    return std::ranges::find(hierarchy.controllers, name) != hierarchy.controllers.end();
  };
  if (has("cpuacct")) {
    ReadCpuacctV1(files, stats);
  }
  if (has("cpu")) {
    const auto cpu = files.Pairs("cpu.stat");
    stats.cpu.periods = At(cpu, "nr_periods");
    stats.cpu.throttled_periods = At(cpu, "nr_throttled");
    stats.cpu.throttled_ns = At(cpu, "throttled_time");
  }
  if (has("memory")) {
    ReadMemoryV1(files, stats);
  }
  if (has("pids")) {
    ReadPids(files, stats);
  }
  if (has("blkio")) {
    stats.io_service_bytes = BlockIoV1(files, "blkio.throttle.io_service_bytes_recursive");
    stats.io_serviced = BlockIoV1(files, "blkio.throttle.io_serviced_recursive");
  }
  if (has("hugetlb")) {
    ReadHugetlb(files, false, stats);
  }
}

void ReadV2(const Files& files, Stats& stats) {
  const auto cpu = files.Pairs("cpu.stat");
  stats.cpu.total_ns = At(cpu, "usage_usec") * kNsPerUs;
  stats.cpu.user_ns = At(cpu, "user_usec") * kNsPerUs;
  stats.cpu.kernel_ns = At(cpu, "system_usec") * kNsPerUs;
  stats.cpu.periods = At(cpu, "nr_periods");
  stats.cpu.throttled_periods = At(cpu, "nr_throttled");
  stats.cpu.throttled_ns = At(cpu, "throttled_usec") * kNsPerUs;
  if (!files.Text("memory.current").empty()) {
    ReadMemoryV2(files, stats);
  }
  ReadPids(files, stats);
  BlockIoV2(files, stats);
  ReadHugetlb(files, true, stats);
}

const Hierarchy* Find(const Host& host, const std::string& mount_point) {
  const auto found = std::ranges::find(host.hierarchies, mount_point, &Hierarchy::mount_point);
  return found == host.hierarchies.end() ? nullptr : &*found;
}

}  // namespace

Result<Stats> ReadStats(const Host& host, const Location& location) {
  Stats stats;
  for (const auto& [mount_point, path] : location) {
    const Hierarchy* hierarchy = Find(host, mount_point);
    if (hierarchy == nullptr) {
      continue;
    }
    const Files files(path);
    if (!hierarchy->unified()) {
      ReadV1(*hierarchy, files, stats);
    } else if (host.layout == Layout::kV2) {
      ReadV2(files, stats);
    }
  }
  return stats;
}

Result<OomWatch> OomWatch::Begin(const Host& host, const Location& location) {
  OomWatch watch;
  for (const auto& [mount_point, path] : location) {
    const Hierarchy* hierarchy = Find(host, mount_point);
    if (hierarchy == nullptr) {
      continue;
    }
    if (hierarchy->unified() && host.layout == Layout::kV2) {
      watch.directory_ = path;
      watch.unified_ = true;
      const std::string events = path + "/memory.events";
      watch.fd_.Reset(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
      if (!watch.fd_.valid() ||
          ::inotify_add_watch(watch.fd_.get(), events.c_str(), IN_MODIFY) < 0) {
        return FailErrno("watch {}", events);
      }
      watch.seen_ = At(Files(path).Pairs("memory.events"), "oom_kill");
    } else if (std::ranges::find(hierarchy->controllers, "memory") !=
               hierarchy->controllers.end()) {
      watch.directory_ = path;
      MAYFLY_ASSIGN(const UniqueFd control, base::Open(path + "/memory.oom_control", O_RDONLY));
      watch.fd_.Reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
      if (!watch.fd_.valid()) {
        return FailErrno("eventfd");
      }
      MAYFLY_TRY(base::WriteExisting(path + "/cgroup.event_control",
                                     fmt::format("{} {}", watch.fd_.get(), control.get())));
    }
  }
  return watch;
}

uint64_t OomWatch::Take() {
  std::array<char, 4096> bytes;
  const ssize_t got = ::read(fd_.get(), bytes.data(), bytes.size());
  if (got <= 0) {
    return 0;
  }
  if (!unified_) {
    // The end of the group is told the same way (cgroup-v1/cgroups.rst "Notification API").
    return base::PathExists(directory_ + "/memory.oom_control") ? 1 : 0;
  }
  const uint64_t now = At(Files(directory_).Pairs("memory.events"), "oom_kill");
  return now > seen_ ? now - std::exchange(seen_, now) : 0;
}

}  // namespace mayfly::cgroup
