#include "lab/run/memory_use.h"

#include <sys/types.h>

#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/file.h"

namespace mayfly::lab {
namespace {

std::optional<int64_t> NumberAfter(std::string_view text, std::string_view key) {
  const size_t at = text.find(key);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  const size_t begin = text.find_first_of("0123456789", at + key.size());
  if (begin == std::string_view::npos) {
    return std::nullopt;
  }
  int64_t number = 0;
  std::from_chars(text.data() + begin, text.data() + text.size(), number);
  return number;
}

std::string Proc(pid_t pid, const char* file) {
  return base::ReadFile(fmt::format("/proc/{}/{}", pid, file)).value_or("");
}

}  // namespace

int64_t PssOfShimsKib(const std::string& socket) {
  std::multimap<int64_t, pid_t> children;
  std::vector<pid_t> waiting;
  for (const std::string& name :
       base::ListDirectory("/proc").value_or(std::vector<std::string>())) {
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc() || end != name.data() + name.size()) {
      continue;
    }
    if (const auto parent = NumberAfter(Proc(pid, "status"), "\nPPid:")) {
      children.emplace(*parent, pid);
    }
    const std::string arguments = Proc(pid, "cmdline");
    const size_t first = std::min(arguments.find('\0'), arguments.size());
    if (arguments.substr(0, first).contains("containerd-shim") &&
        arguments.contains(socket + std::string(1, '\0'))) {
      waiting.push_back(pid);
    }
  }
  std::set<pid_t> counted;
  int64_t sum_kib = 0;
  while (!waiting.empty()) {
    const pid_t pid = waiting.back();
    waiting.pop_back();
    if (!counted.insert(pid).second) {
      continue;
    }
    sum_kib += NumberAfter(Proc(pid, "smaps_rollup"), "\nPss:").value_or(0);
    for (auto [child, last] = children.equal_range(pid); child != last; ++child) {
      waiting.push_back(child->second);
    }
  }
  return sum_kib;
}

int64_t AvailableKib() {
  return NumberAfter(base::ReadFile("/proc/meminfo").value_or(""), "MemAvailable:").value_or(0);
}

}  // namespace mayfly::lab
