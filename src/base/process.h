// Processes: clone3 with namespaces, pidfds, identity that survives pid reuse.
//
// Sources: clone3(2), pidfd_open(2), pidfd_send_signal(2), proc_pid_stat(5).
// Fork: usable in a child.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace mayfly::base {

struct Child {
  pid_t pid = -1;
  UniqueFd pidfd;
};

// clone3(2) without a new stack: the child runs `body` on a copy of this process and ends with its
// return value by _exit. `namespaces` are CLONE_NEW* bits, with CLONE_PARENT or CLONE_FILES where
// the caller wants a sibling or a shared table of descriptors; `cgroup_fd` >= 0 puts the child into
// that cgroup v2 directory at birth (CLONE_INTO_CGROUP). The caller must be single-threaded.
Result<Child> Spawn(uint64_t namespaces, int cgroup_fd, const std::function<int()>& body);

// What tells a process from a later one with the same pid: its start time in clock ticks since
// boot.
Result<uint64_t> ProcessStartTime(pid_t pid);

enum class ProcessState : unsigned char { kGone, kZombie, kAlive };
// The state of the process `pid`, kGone when start_time says that the pid is another process's now.
ProcessState LookUpProcess(pid_t pid, uint64_t start_time);

Result<UniqueFd> OpenPidfd(pid_t pid);
// Sends a signal; a process that is gone is an error of kind not-found.
Result<void> SendSignal(int pidfd, int signal);

// Waits for a child of this process; returns the exit status as a shell gives it (128 + n for
// signal n).
Result<int> WaitForExit(pid_t pid);
// Waits until any process behind a pidfd has ended; false when timeout_ms (-1: none) passed first.
Result<bool> WaitPidfd(int pidfd, int timeout_ms);

// "SIGTERM", "term", "15" -> 15, "SIGRTMIN+3" -> 37; and back ("SIGTERM").
Result<int> ParseSignal(std::string_view text);
std::string SignalName(int signal);

}  // namespace mayfly::base
