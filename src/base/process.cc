#include "base/process.h"

#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <vector>

#include "base/file.h"

namespace mayfly::base {

Result<Child> Spawn(uint64_t namespaces, int cgroup_fd, const std::function<int()>& body) {
  int pidfd = -1;
  clone_args args{};
  args.flags = namespaces | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  // A sibling's is the one its parent chose for this process (clone(2), CLONE_PARENT).
  args.exit_signal = (namespaces & CLONE_PARENT) != 0 ? 0 : SIGCHLD;
  if (cgroup_fd >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<uint64_t>(cgroup_fd);
  }
  const long pid = ::syscall(SYS_clone3, &args, sizeof args);
  if (pid < 0) {
    return FailErrno("clone the init process");
  }
  if (pid == 0) {
    ::_exit(body());
  }
  return Child{static_cast<pid_t>(pid), UniqueFd(pidfd)};
}

namespace {

// The fields of /proc/PID/stat after the command name, which may itself hold spaces and brackets.
Result<std::vector<std::string>> StatFields(pid_t pid) {
  MAYFLY_ASSIGN(const std::string text, ReadFile(fmt::format("/proc/{}/stat", pid), 8192));
  const size_t end = text.rfind(')');
  if (end == std::string::npos || end + 2 > text.size()) {
    return Fail(ErrorKind::kSystem, "/proc/{}/stat: unexpected form", pid);
  }
  std::vector<std::string> fields;
  size_t at = end + 2;
  while (at < text.size()) {
    const size_t space = std::min(text.find(' ', at), text.size());
    fields.push_back(text.substr(at, space - at));
    at = space + 1;
  }
  if (fields.size() < 20) {
    return Fail(ErrorKind::kSystem, "/proc/{}/stat: unexpected form", pid);
  }
  return fields;
}

// proc_pid_stat(5) counts from 1; the fields here begin with number 3 (state).
constexpr size_t kStateField = 0;
constexpr size_t kStartTimeField = 22 - 3;

uint64_t ToNumber(const std::string& text) {
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

Result<uint64_t> ProcessStartTime(pid_t pid) {
  MAYFLY_ASSIGN(const auto fields, StatFields(pid));
  return ToNumber(fields[kStartTimeField]);
}

ProcessState LookUpProcess(pid_t pid, uint64_t start_time) {
  if (pid <= 0) {
    return ProcessState::kGone;
  }
  const auto fields = StatFields(pid);
  if (!fields || ToNumber((*fields)[kStartTimeField]) != start_time) {
    return ProcessState::kGone;
  }
  const char state = (*fields)[kStateField][0];
  return state == 'Z' || state == 'X' ? ProcessState::kZombie : ProcessState::kAlive;
}

Result<UniqueFd> OpenPidfd(pid_t pid) {
  const long fd = ::syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0) {
    return FailErrno("open process {}", pid);
  }
  return UniqueFd(static_cast<int>(fd));
}

Result<void> SendSignal(int pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) != 0) {
    return FailErrno("send {}", SignalName(signal));
  }
  return {};
}

Result<int> WaitForExit(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) {
      return FailErrno("wait for process {}", pid);
    }
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

Result<bool> WaitPidfd(int pidfd, int timeout_ms) {
  pollfd waiting{pidfd, POLLIN, 0};
  int ready;
  do {
    ready = ::poll(&waiting, 1, timeout_ms);
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) {
    return FailErrno("wait for a process");
  }
  return ready > 0;
}

namespace {

// "RTMIN", "RTMIN+3", "RTMAX-3": what they are by name in signal(7); 0: none.
int ParseRealTimeSignal(std::string_view name) {
  int base = 0;
  int direction = 1;
  if (name.starts_with("RTMIN")) {
    base = SIGRTMIN;
  } else if (name.starts_with("RTMAX")) {
    base = SIGRTMAX;
    direction = -1;
  } else {
    return 0;
  }
  name.remove_prefix(sizeof("RTMIN") - 1);
  if (name.empty()) {
    return base;
  }
  int offset = 0;
  if (name.front() != (direction > 0 ? '+' : '-')) {
    return 0;
  }
  const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), offset);
  if (error != std::errc() || end != name.data() + name.size() || offset < 0 ||
      offset > SIGRTMAX - SIGRTMIN) {
    return 0;
  }
  return base + direction * offset;
}

}  // namespace

Result<int> ParseSignal(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) {
    if (number >= 0 && number <= SIGRTMAX) {
      return number;
    }
    return Fail(ErrorKind::kInvalid, "unknown signal \"{}\"", text);
  }
  std::string name(text);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (name.starts_with("SIG")) {
    name.erase(0, 3);
  }
  if (const int real_time = ParseRealTimeSignal(name); real_time > 0) {
    return real_time;
  }
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    const char* abbreviation = ::sigabbrev_np(signal);
    if (abbreviation != nullptr && name == abbreviation) {
      return signal;
    }
  }
  return Fail(ErrorKind::kInvalid, "unknown signal \"{}\"", text);
}

std::string SignalName(int signal) {
  const char* abbreviation = ::sigabbrev_np(signal);
  return abbreviation != nullptr ? fmt::format("SIG{}", abbreviation)
                                 : fmt::format("signal {}", signal);
}

}  // namespace mayfly::base
