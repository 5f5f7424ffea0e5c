#include "lab/run/conditions.h"

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <charconv>
#include <string>

#include "base/file.h"
#include "lab/run/accounts.h"

namespace mayfly::lab {

using base::ErrorKind;
using base::Fail;
using base::FailErrno;
using base::Result;

namespace {

constexpr const char* kUnified = "/sys/fs/cgroup/unified";
constexpr int kMaxCpu = 1023;

Result<void> Pin(const Plan& plan) {
  MAYFLY_ASSIGN(const auto cpus, ParseCpus(plan.cpus));
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : cpus) {
    CPU_SET(static_cast<size_t>(cpu), &set);
  }
  if (::sched_setaffinity(0, sizeof set, &set) != 0) {
    return FailErrno("--cpus {}", plan.cpus);
  }
  if (const auto daemon = ListenerOf(plan.containerd)) {
    const auto threads = base::ListDirectory(fmt::format("/proc/{}/task", *daemon));
    for (const std::string& thread : threads.value_or(std::vector<std::string>())) {
      ::sched_setaffinity(std::stoi(thread), sizeof set, &set);
    }
  }
  return {};
}

Result<void> HideUnified() {
  if (!SeesUnified(base::ReadFile("/proc/self/mountinfo").value_or(""))) {
    return {};
  }
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::umount2(kUnified, MNT_DETACH) != 0) {
    return FailErrno("hide {}", kUnified);
  }
  return {};
}

}  // namespace

Result<std::vector<int>> ParseCpus(std::string_view text) {
  std::vector<int> cpus;
  const std::string whole(text);
  const auto bad = [&whole] {
    return Fail(ErrorKind::kInvalid, "cpus: \"{}\" is no list of CPUs as 0-2,5", whole);
  };
  while (true) {
    int first = 0;
    const char* end = text.data() + text.size();
    auto [at, error] = std::from_chars(text.data(), end, first);
    int last = first;
    if (error == std::errc() && at != end && *at == '-') {
      std::tie(at, error) = [&] {
        const auto [after, what] = std::from_chars(at + 1, end, last);
        return std::pair(after, what);
      }();
    }
    if (error != std::errc() || first < 0 || last < first || last > kMaxCpu ||
        (at != end && *at != ',')) {
      return bad();
    }
    for (int cpu = first; cpu <= last; ++cpu) {
      cpus.push_back(cpu);
    }
    if (at == end) {
      return cpus;
    }
    text.remove_prefix(static_cast<size_t>(at - text.data()) + 1);
  }
}

bool SeesUnified(std::string_view mountinfo) {
  return mountinfo.contains(fmt::format(" {} ", kUnified));
}

Result<void> EnterConditions(const Plan& plan) {
  if (!plan.cpus.empty()) {
    MAYFLY_TRY(Pin(plan));
  }
  return plan.hide_unified ? HideUnified() : Result<void>();
}

}  // namespace mayfly::lab
