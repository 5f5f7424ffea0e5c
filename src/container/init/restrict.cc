#include "container/init/restrict.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/unique_fd.h"
#include "container/seccomp_listener.h"
#include "isolate/credentials.h"
#include "isolate/scheduling.h"

namespace mayfly::container {

using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

// Closes everything that is neither stdio nor said to be kept: the guest shares this process (Wasm)
// or inherits it (native), and a leaked directory descriptor is a way out (CVE-2024-21626).
Result<void> CloseDescriptors(const Restrictions& restrictions) {
  std::vector<int> kept = restrictions.kept_fds;
  for (int i = 0; i < restrictions.preserved_fds; ++i) {
    kept.push_back(STDERR_FILENO + 1 + i);
  }
  std::sort(kept.begin(), kept.end());
  unsigned next = STDERR_FILENO + 1;
  for (const int fd : kept) {
    if (fd < static_cast<int>(next)) {
      continue;
    }
    if (static_cast<unsigned>(fd) > next &&
        ::close_range(next, static_cast<unsigned>(fd) - 1, 0) != 0) {
      return FailErrno("close descriptors");
    }
    next = static_cast<unsigned>(fd) + 1;
  }
  if (::close_range(next, ~0U, 0) != 0) {
    return FailErrno("close descriptors");
  }
  return {};
}

Result<void> EnterWorkingDirectory(const std::string& cwd) {
  if (::chdir(cwd.c_str()) != 0) {
    return FailErrno("process.cwd {}", cwd);
  }
  // A working directory that is not below the root has no path there (getcwd(3): ENOENT).
  std::array<char, 4096> where;
  if (::getcwd(where.data(), where.size()) == nullptr) {
    return FailErrno("process.cwd {}: outside the container", cwd);
  }
  return {};
}

Result<void> SetScheduling(const oci::Spec& spec) {
  if (spec.process.scheduler) {
    MAYFLY_TRY(isolate::SetScheduler(*spec.process.scheduler));
  }
  if (spec.process.io_priority) {
    MAYFLY_TRY(isolate::SetIoPriority(*spec.process.io_priority));
  }
  if (spec.linux.memory_policy) {
    MAYFLY_TRY(isolate::SetMemoryPolicy(*spec.linux.memory_policy));
  }
  if (spec.linux.personality) {
    MAYFLY_TRY(isolate::SetPersonality(*spec.linux.personality));
  }
  return {};
}

// Without no_new_privs a filter is loaded with a capability that the guest may not have.
bool HoldsForFilter(const Restrictions& restrictions) {
  return restrictions.seccomp != nullptr && !restrictions.spec.process.no_new_privileges;
}

}  // namespace

Result<void> TakeStreams(const Streams& streams) {
  for (int number = 0; number < static_cast<int>(streams.size()); ++number) {
    const int given = streams[static_cast<size_t>(number)];
    if (given >= 0 && ::dup2(given, number) < 0) {
      return FailErrno("standard stream {}", number);
    }
  }
  return {};
}

Result<void> LeaveParent(const std::vector<int>& parent_only) {
  for (const int fd : parent_only) {
    (void)UniqueFd(fd);
  }
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return FailErrno("prctl");
  }
  ::setsid();
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  // Ignored signals would stay ignored over execve(2): a guest expects none of the caller's.
  for (int number = 1; number < NSIG; ++number) {
    ::signal(number, SIG_DFL);
  }
  return {};
}

Result<void> Restrict(const Restrictions& restrictions) {
  const oci::Process& process = restrictions.spec.process;
  MAYFLY_TRY(SetScheduling(restrictions.spec));
  if (!restrictions.keyring.empty()) {
    MAYFLY_TRY(isolate::JoinSessionKeyring(restrictions.keyring));
  }
  MAYFLY_TRY(isolate::SetRlimits(process.rlimits));
  MAYFLY_TRY(CloseDescriptors(restrictions));
  MAYFLY_TRY(EnterWorkingDirectory(process.cwd));
  MAYFLY_TRY(isolate::GiveStandardStreams(process.user.uid));
  return isolate::SetCredentials(
      process.user, process.capabilities.value_or(oci::Capabilities{}), process.no_new_privileges,
      HoldsForFilter(restrictions) ? isolate::Hold::kUntilFilter : isolate::Hold::kNothing);
}

Result<void> LoadFilter(const Restrictions& restrictions) {
  if (restrictions.seccomp == nullptr) {
    return {};
  }
  MAYFLY_ASSIGN(const UniqueFd listener, isolate::LoadSeccomp(*restrictions.seccomp));
  if (listener.valid()) {
    restrictions.handover->Offer(listener.get());
  }
  return HoldsForFilter(restrictions)
             ? isolate::DropHeld(
                   restrictions.spec.process.capabilities.value_or(oci::Capabilities{}))
             : Result<void>();
}

}  // namespace mayfly::container
