#include "lab/record/host.h"

#include <sched.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/file.h"

namespace mayfly::lab {
namespace {

using nlohmann::json;

constexpr long kCgroup2Magic = 0x63677270;  // CGROUP2_SUPER_MAGIC of linux/magic.h

std::string Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\n\"");
  if (begin == std::string_view::npos) {
    return "";
  }
  return std::string(text.substr(begin, text.find_last_not_of(" \t\n\"") - begin + 1));
}

std::string FileText(const std::string& path) {
  auto text = base::ReadFile(path);
  return text ? *std::move(text) : "";
}

// A string, or null where nothing is known.
json OrNull(std::string text) { return text.empty() ? json(nullptr) : json(std::move(text)); }

// The part of os-release after "PRETTY_NAME=".
std::string OsName() {
  const std::string text = FileText("/etc/os-release");
  const std::string_view key = "PRETTY_NAME=";
  const size_t at = text.find(key);
  return at == std::string::npos
             ? ""
             : Trimmed(text.substr(at + key.size(), text.find('\n', at) - at - key.size()));
}

bool IsCgroup2(const char* path) {
  struct statfs info{};
  return ::statfs(path, &info) == 0 && info.f_type == kCgroup2Magic;
}

std::string CgroupLayout() {
  if (IsCgroup2("/sys/fs/cgroup")) {
    return "v2";
  }
  if (IsCgroup2("/sys/fs/cgroup/unified")) {
    return "hybrid";
  }
  return base::PathExists("/sys/fs/cgroup/memory") || base::PathExists("/sys/fs/cgroup/cpu") ? "v1"
                                                                                             : "";
}

// How many processors this process may use.
int UsableCpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

}  // namespace

std::string FieldOf(std::string_view text, std::string_view key) {
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos && Trimmed(line.substr(0, colon)) == key) {
      return Trimmed(line.substr(colon + 1));
    }
    begin = end + 1;
  }
  return "";
}

json DescribeHost() {
  utsname names{};
  ::uname(&names);
  const std::string cpuinfo = FileText("/proc/cpuinfo");
  const std::string memory = FieldOf(FileText("/proc/meminfo"), "MemTotal");
  int64_t memory_kib = 0;
  std::from_chars(memory.data(), memory.data() + memory.size(), memory_kib);
  const std::string flags = FieldOf(cpuinfo, "flags");
  const std::string load = FileText("/proc/loadavg");
  return {
      {"kernel", fmt::format("{} {} {}", names.sysname, names.release, names.version)},
      {"architecture", names.machine},
      {"os", OrNull(OsName())},
      {"cpu_model", OrNull(FieldOf(cpuinfo, "model name"))},
      {"cpus", ::sysconf(_SC_NPROCESSORS_ONLN)},
      {"cpus_usable", UsableCpus()},
      {"virtual_machine", (" " + flags + " ").find(" hypervisor ") != std::string::npos},
      {"memory_kib", memory_kib},
      {"governor",
       OrNull(Trimmed(FileText("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")))},
      {"clock_source", OrNull(Trimmed(FileText(
                           "/sys/devices/system/clocksource/clocksource0/current_clocksource")))},
      {"cgroups", OrNull(CgroupLayout())},
      {"load_average", OrNull(load.substr(0, load.find(' ')))}};
}

}  // namespace mayfly::lab
