// ProcessRunner: runs one command, times it from outside and takes its output.
//
// The time is CLOCK_MONOTONIC from just before posix_spawn(3) to just after wait4(2): what a user
// waits for. While the command runs the lab does nothing but drain its pipes into memory that is
// already there; digests are made after the clock has stopped, so that a loud command is not slowed
// by being checked.
//
// Units: in the names. rusage is that of the command and of the children it waited for; what a
// daemon does on its behalf is not in it. Sources: posix_spawn(3), wait4(2), pidfd_open(2),
// getrusage(2), pipe(7) "F_SETPIPE_SZ". Errors: the command's own failures are an outcome; an Error
// means that the lab could not run it. Threads: one object, one thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "lab/exec/sha256.h"

namespace mayfly::lab {

using Argv = std::vector<std::string>;

// A program (looked up on PATH when it has no slash) with its arguments, and what is added to the
// environment of the lab.
struct Command {
  Argv argv;
  std::vector<std::pair<std::string, std::string>> env;

  bool operator==(const Command&) const = default;
};

enum class ProcessEnd : unsigned char { kExited, kTimedOut, kInterrupted };

struct ProcessOutcome {
  ProcessEnd end = ProcessEnd::kExited;
  int64_t start_unix_ns = 0;
  int64_t start_mono_ns = 0;  // the same moment on CLOCK_MONOTONIC
  int64_t total_ns = 0;
  int64_t user_us = 0;
  int64_t sys_us = 0;
  int64_t max_rss_kib = 0;
  int exit_code = 0;  // 128 + n for signal n
  uint64_t stdout_bytes = 0;
  std::string stdout_sha256;
  std::string stdout_head;        // the first 64 KiB
  std::string stderr_tail;        // the last 4 KiB
  bool output_left_open = false;  // another process still held the pipes when the command had ended
};

class ProcessRunner {
 public:
  // `interrupt_fd` (borrowed; -1: none) becomes readable when the user wants to stop.
  explicit ProcessRunner(int interrupt_fd = -1);

  // Runs the command to its end or for timeout_ms. A command that is stopped is killed with its
  // process group; children that left the group are the caller's to clean up.
  base::Result<ProcessOutcome> Run(const Command& command, int64_t timeout_ms);

 private:
  struct Pipes;
  struct Process;

  base::Result<void> Attend(Process& process, Pipes& pipes, int64_t deadline_ns,
                            ProcessOutcome& outcome);
  void DrainStdout(Pipes& pipes, ProcessOutcome& outcome);
  void DrainStderr(Pipes& pipes, ProcessOutcome& outcome);
  void DrainRest(Pipes& pipes, ProcessOutcome& outcome);
  void FlushBuffer(ProcessOutcome& outcome);

  int interrupt_fd_;
  std::vector<char> buffer_;  // stdout that has not been digested
  size_t filled_ = 0;
  Sha256 sha_;
};

}  // namespace mayfly::lab
