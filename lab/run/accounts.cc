#include "lab/run/accounts.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <sstream>

#include "base/file.h"

namespace mayfly::lab {
namespace {

std::optional<int64_t> NumberIn(const std::string& path) {
  const auto text = base::ReadFile(path);
  int64_t number = 0;
  if (!text ||
      std::from_chars(text->data(), text->data() + text->size(), number).ec != std::errc()) {
    return std::nullopt;
  }
  return number;
}

// The sum of what follows `key` on the lines of a file: "8:0 Read 4096", "8:0 rbytes=4096 …",
// "usage_usec 12".
std::optional<int64_t> SumIn(const std::string& path, const std::string& key) {
  const auto text = base::ReadFile(path);
  if (!text) {
    return std::nullopt;
  }
  int64_t sum = 0;
  for (size_t at = text->find(key); at != std::string::npos; at = text->find(key, at + 1)) {
    int64_t number = 0;
    const char* begin = text->data() + at + key.size();
    std::from_chars(begin, text->data() + text->size(), number);
    sum += number;
  }
  return sum;
}

// The path after "CONTROLLER:" (v1) or "0::" (v2) in /proc/PID/cgroup; empty for the root.
std::string GroupOf(pid_t pid, bool v1) {
  std::istringstream lines(base::ReadFile(fmt::format("/proc/{}/cgroup", pid)).value_or(""));
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (second == std::string::npos) {
      continue;
    }
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    if (v1 ? controllers.contains(",cpuacct,") : controllers == ",,") {
      const std::string path = line.substr(second + 1);
      return path == "/" ? "" : path;
    }
  }
  return "";
}

}  // namespace

std::optional<int64_t> Growth(std::optional<int64_t> after, std::optional<int64_t> before) {
  if (!after || *after < before.value_or(0)) {
    return std::nullopt;
  }
  return *after - before.value_or(0);
}

std::optional<pid_t> ListenerOf(const std::string& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.empty() || socket.size() >= sizeof address.sun_path) {
    return std::nullopt;
  }
  std::memcpy(address.sun_path, socket.data(), socket.size());
  const base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ucred peer{};
  socklen_t size = sizeof peer;
  if (!fd.valid() ||
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return std::nullopt;
  }
  return peer.pid;
}

Accounts::Accounts(std::string group, std::optional<pid_t> daemon, std::string root)
    : root_(std::move(root)), group_(std::move(group)), v1_(base::PathExists(root_ + "/cpuacct")) {
  if (daemon) {
    daemon_group_ = GroupOf(*daemon, v1_);
  }
}

Accounts::Reading Accounts::Read() const {
  Reading reading;
  if (daemon_group_.empty()) {
    return reading;
  }
  const auto add = [](std::optional<int64_t>& sum, std::optional<int64_t> value) {
    if (value) {
      sum = sum.value_or(0) + *value;
    }
  };
  for (const std::string& group : {group_, daemon_group_}) {
    if (v1_) {
      const auto ns = NumberIn(fmt::format("{}/cpuacct{}/cpuacct.usage", root_, group));
      add(reading.cpu_us, ns ? std::optional(*ns / 1000) : std::nullopt);
      add(reading.read_bytes,
          SumIn(fmt::format("{}/blkio{}/blkio.throttle.io_service_bytes_recursive", root_, group),
                " Read "));
    } else {
      add(reading.cpu_us, SumIn(fmt::format("{}{}/cpu.stat", root_, group), "usage_usec "));
      add(reading.read_bytes, SumIn(fmt::format("{}{}/io.stat", root_, group), "rbytes="));
    }
  }
  return reading;
}

std::optional<int64_t> Accounts::Memory(const char* v1_file, const char* v2_file) const {
  return NumberIn(v1_ ? fmt::format("{}/memory{}/{}", root_, group_, v1_file)
                      : fmt::format("{}{}/{}", root_, group_, v2_file));
}

void Accounts::Begin() {
  before_ = Read();
  memory_before_bytes_ = Memory("memory.usage_in_bytes", "memory.current");
  if (v1_ && memory_before_bytes_) {
    const auto reset = base::WriteExisting(
        fmt::format("{}/memory{}/memory.max_usage_in_bytes", root_, group_), "0");
    if (!reset) {
      memory_before_bytes_.reset();
    }
  }
}

void Accounts::End(Sample& sample) {
  const Reading after = Read();
  sample.cpu_us = Growth(after.cpu_us, before_.cpu_us);
  if (sample.cpu_us) {
    *sample.cpu_us += sample.user_us + sample.sys_us;
  }
  sample.read_bytes = Growth(after.read_bytes, before_.read_bytes);
  // v2 has no peak that everybody may reset, so there it is not known.
  if (v1_ && memory_before_bytes_) {
    if (const auto peak = Memory("memory.max_usage_in_bytes", "memory.peak")) {
      sample.peak_memory_kib = std::max<int64_t>(0, *peak - *memory_before_bytes_) / 1024;
    }
  }
}

}  // namespace mayfly::lab
