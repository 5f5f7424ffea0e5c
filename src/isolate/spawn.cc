#include "isolate/spawn.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <string>

#include "base/file.h"

namespace mayfly::isolate {

using base::ErrorKind;
using base::Fail;
using base::FailErrno;
using base::Result;

namespace {

// What the stand-in tells the command, in memory that both see.
struct Report {
  int pidfd = -1;
  int sys_errno = 0;
  std::array<char, 512> error{};  // empty: it worked
};

struct Unmapper {
  void operator()(Report* report) const { ::munmap(report, sizeof(Report)); }
};

bool IsNew(const oci::Spec& spec, oci::NamespaceType type) {
  const oci::Namespace* ns = spec.FindNamespace(type);
  return ns != nullptr && ns->path.empty();
}

// The offsets count from the namespace that this process was in, for the children to come.
Result<void> MakeTimeNamespace(const oci::Spec& spec) {
  if (::unshare(CLONE_NEWTIME) != 0) {
    return FailErrno("make a time namespace");
  }
  for (const auto& [clock, offset] : spec.linux.time_offsets) {
    MAYFLY_TRY_AS(
        base::WriteExisting("/proc/self/timens_offsets",
                            fmt::format("{} {} {}", clock, offset.seconds, offset.nanoseconds)),
        "linux.timeOffsets.{}", clock);
  }
  return {};
}

Result<int> CloneFromStandIn(const oci::Spec& spec, const std::vector<JoinTarget>& targets,
                             int cgroup_fd, const std::function<int()>& body) {
  // Processes of a joined pid namespace can see this one (CVE-2016-9962).
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return FailErrno("prctl");
  }
  if (IsNew(spec, oci::NamespaceType::kTime)) {
    MAYFLY_TRY(MakeTimeNamespace(spec));
  }
  MAYFLY_TRY(JoinOtherNamespaces(targets));
  for (const JoinTarget& target : targets) {
    if (target.clone_flag == CLONE_NEWUSER && ::setns(target.fd.get(), CLONE_NEWUSER) != 0) {
      return FailErrno("join the user namespace {}", target.path);
    }
  }
  MAYFLY_ASSIGN(auto init, base::Spawn(NewNamespaceFlags(spec) | CLONE_PARENT, cgroup_fd, body));
  return init.pidfd.Release();
}

// The process behind a pidfd, in this process's pid namespace: the stand-in's may be another.
Result<pid_t> PidOf(int pidfd) {
  MAYFLY_ASSIGN(const std::string text,
                base::ReadFile(fmt::format("/proc/self/fdinfo/{}", pidfd), 4096));
  const size_t at = text.find("Pid:");
  pid_t pid = -1;
  if (at != std::string::npos) {
    const size_t digits = std::min(text.find_first_not_of(" \t", at + 4), text.size());
    std::from_chars(text.data() + digits, text.data() + text.size(), pid);
  }
  if (pid <= 0) {
    return Fail(ErrorKind::kSystem, "the init ended at its birth");
  }
  return pid;
}

Result<base::Child> SpawnByStandIn(const oci::Spec& spec, const std::vector<JoinTarget>& targets,
                                   int cgroup_fd, const std::function<int()>& body) {
  void* memory =
      ::mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    return FailErrno("mmap");
  }
  const std::unique_ptr<Report, Unmapper> report(new (memory) Report);
  // The table of descriptors is shared, so the init's pidfd is the command's too.
  MAYFLY_ASSIGN(const base::Child stand_in, base::Spawn(CLONE_FILES, -1, [&] {
                  const auto pidfd = CloneFromStandIn(spec, targets, cgroup_fd, body);
                  if (pidfd) {
                    report->pidfd = *pidfd;
                  } else {
                    report->sys_errno = pidfd.error().sys_errno();
                    const std::string& text = pidfd.error().text();
                    std::memcpy(report->error.data(), text.data(),
                                std::min(text.size(), report->error.size() - 1));
                  }
                  return 0;
                }));
  MAYFLY_TRY(base::WaitForExit(stand_in.pid));
  if (report->pidfd < 0) {
    return std::unexpected(base::Error(
        report->sys_errno == EPERM ? ErrorKind::kDenied : ErrorKind::kSystem,
        report->error[0] != '\0' ? report->error.data() : "the init's stand-in was killed",
        report->sys_errno));
  }
  base::Child init{-1, base::UniqueFd(report->pidfd)};
  MAYFLY_ASSIGN(init.pid, PidOf(init.pidfd.get()));
  return init;
}

}  // namespace

bool NeedsStandIn(const oci::Spec& spec) {
  const oci::Namespace* user = spec.FindNamespace(oci::NamespaceType::kUser);
  const bool joins = std::any_of(spec.linux.namespaces.begin(), spec.linux.namespaces.end(),
                                 [](const oci::Namespace& ns) {
                                   return !ns.path.empty() && ns.type != oci::NamespaceType::kPid;
                                 });
  return IsNew(spec, oci::NamespaceType::kTime) || (user != nullptr && joins);
}

Result<base::Child> SpawnInNamespaces(const oci::Spec& spec, const std::vector<JoinTarget>& targets,
                                      int cgroup_fd, const std::function<int()>& body) {
  MAYFLY_ASSIGN(const auto born_into, ChildPidNamespace::Join(targets));
  return NeedsStandIn(spec) ? SpawnByStandIn(spec, targets, cgroup_fd, body)
                            : base::Spawn(NewNamespaceFlags(spec), cgroup_fd, body);
}

}  // namespace mayfly::isolate
