#include "lab/exec/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/process.h"

extern char** environ;

namespace mayfly::lab {
namespace {

using base::FailErrno;
using base::FailErrnoText;
using base::Result;
using base::UniqueFd;

// Output is held up to this size before it is digested: more than any function of the suite prints.
constexpr size_t kBufferBytes = 16U << 20;
constexpr size_t kHeadBytes = 64U << 10;
constexpr size_t kTailBytes = 4U << 10;
constexpr int kPipeBytes = 1 << 20;
// How long a pipe may stay open after the command's end before the lab stops listening.
constexpr int kDrainMs = 500;

int64_t Now(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

int64_t Microseconds(const timeval& time) {
  return int64_t{time.tv_sec} * 1'000'000 + time.tv_usec;
}

Result<std::pair<UniqueFd, UniqueFd>> MakePipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) {
    return FailErrno("make a pipe");
  }
  std::pair<UniqueFd, UniqueFd> ends(fds[0], fds[1]);
  // A larger pipe means fewer wake-ups of the lab; refused beyond fs.pipe-max-size, which does no
  // harm.
  ::fcntl(fds[0], F_SETPIPE_SZ, kPipeBytes);
  if (::fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0) {
    return FailErrno("set a pipe non-blocking");
  }
  return ends;
}

// The environment of the lab with the command's additions in front: getenv(3) finds the first.
std::vector<std::string> MakeEnvironment(const Command& command) {
  std::vector<std::string> variables;
  variables.reserve(command.env.size());
  for (const auto& [name, value] : command.env) {
    variables.push_back(fmt::format("{}={}", name, value));
  }
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const auto same = std::any_of(command.env.begin(), command.env.end(), [&](const auto& added) {
      return text.starts_with(added.first + "=");
    });
    if (!same) {
      variables.emplace_back(text);
    }
  }
  return variables;
}

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& text : strings) {
    pointers.push_back(const_cast<char*>(text.c_str()));  // posix_spawn(3) does not write to them
  }
  pointers.push_back(nullptr);
  return pointers;
}

// posix_spawn attributes and file actions, freed together.
class SpawnSettings {
 public:
  SpawnSettings(int stdout_fd, int stderr_fd) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, stdout_fd, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, stderr_fd, STDERR_FILENO);
    ::posix_spawnattr_init(&attributes_);
    sigset_t set;
    sigemptyset(&set);
    ::posix_spawnattr_setsigmask(&attributes_, &set);
    sigfillset(&set);
    ::posix_spawnattr_setsigdefault(&attributes_, &set);
    ::posix_spawnattr_setpgroup(&attributes_,
                                0);  // a group of its own: a signal to it spares the lab
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

struct ProcessRunner::Pipes {
  UniqueFd stdout_read, stdout_write, stderr_read, stderr_write;
};

struct ProcessRunner::Process {
  pid_t pid = -1;
  UniqueFd pidfd;
};

ProcessRunner::ProcessRunner(int interrupt_fd)
    : interrupt_fd_(interrupt_fd), buffer_(kBufferBytes) {}

void ProcessRunner::FlushBuffer(ProcessOutcome& outcome) {
  const std::string_view bytes(buffer_.data(), filled_);
  outcome.stdout_head +=
      bytes.substr(0, kHeadBytes - std::min(kHeadBytes, outcome.stdout_head.size()));
  sha_.Add(bytes);
  filled_ = 0;
}

void ProcessRunner::DrainStdout(Pipes& pipes, ProcessOutcome& outcome) {
  while (pipes.stdout_read.valid()) {
    if (filled_ == buffer_.size()) {
      FlushBuffer(outcome);
    }
    const ssize_t count =
        ::read(pipes.stdout_read.get(), buffer_.data() + filled_, buffer_.size() - filled_);
    if (count > 0) {
      filled_ += static_cast<size_t>(count);
      outcome.stdout_bytes += static_cast<uint64_t>(count);
    } else if (count == 0) {
      pipes.stdout_read.Reset();
    } else if (errno != EINTR) {
      return;  // EAGAIN: empty for now
    }
  }
}

void ProcessRunner::DrainStderr(Pipes& pipes, ProcessOutcome& outcome) {
  std::array<char, kTailBytes> bytes{};
  while (pipes.stderr_read.valid()) {
    const ssize_t count = ::read(pipes.stderr_read.get(), bytes.data(), bytes.size());
    if (count > 0) {
      outcome.stderr_tail.append(bytes.data(), static_cast<size_t>(count));
      if (outcome.stderr_tail.size() > kTailBytes) {
        outcome.stderr_tail.erase(0, outcome.stderr_tail.size() - kTailBytes);
      }
    } else if (count == 0) {
      pipes.stderr_read.Reset();
    } else if (errno != EINTR) {
      return;
    }
  }
}

// Attends to the pipes until the process has ended, been killed for time, or been interrupted.
Result<void> ProcessRunner::Attend(Process& process, Pipes& pipes, int64_t deadline_ns,
                                   ProcessOutcome& outcome) {
  while (true) {
    // poll(2) passes over descriptors below 0: a pipe that is at its end, no interrupt descriptor.
    std::array<pollfd, 4> fds = {
        {{process.pidfd.get(), POLLIN, 0},
         {pipes.stdout_read.get(), POLLIN, 0},
         {pipes.stderr_read.get(), POLLIN, 0},
         {outcome.end == ProcessEnd::kExited ? interrupt_fd_ : -1, POLLIN, 0}}};
    const int64_t left_ms = (deadline_ns - Now(CLOCK_MONOTONIC)) / 1'000'000 + 1;
    const bool stopped = outcome.end != ProcessEnd::kExited;
    const int ready = ::poll(fds.data(), fds.size(),
                             stopped ? -1 : static_cast<int>(std::max<int64_t>(0, left_ms)));
    if (ready < 0 && errno != EINTR) {
      return FailErrno("wait for process {}", process.pid);
    }
    if (ready > 0 && (fds[0].revents & POLLIN) != 0) {
      return {};
    }
    DrainStdout(pipes, outcome);
    DrainStderr(pipes, outcome);
    if (stopped) {
      continue;
    }
    if (ready > 0 && fds[3].revents != 0) {
      outcome.end = ProcessEnd::kInterrupted;
    } else if (Now(CLOCK_MONOTONIC) >= deadline_ns) {
      outcome.end = ProcessEnd::kTimedOut;
    }
    if (outcome.end != ProcessEnd::kExited) {
      ::kill(-process.pid, SIGKILL);
    }
  }
}

// What is still in the pipes when the process has ended; gives up on a pipe that someone else keeps
// open.
void ProcessRunner::DrainRest(Pipes& pipes, ProcessOutcome& outcome) {
  const int64_t deadline_ns = Now(CLOCK_MONOTONIC) + int64_t{kDrainMs} * 1'000'000;
  while (true) {
    DrainStdout(pipes, outcome);
    DrainStderr(pipes, outcome);
    if (!pipes.stdout_read.valid() && !pipes.stderr_read.valid()) {
      break;
    }
    const int64_t left_ms = (deadline_ns - Now(CLOCK_MONOTONIC)) / 1'000'000;
    if (left_ms <= 0) {
      outcome.output_left_open = true;
      break;
    }
    std::array<pollfd, 2> fds = {
        {{pipes.stdout_read.get(), POLLIN, 0}, {pipes.stderr_read.get(), POLLIN, 0}}};
    ::poll(fds.data(), fds.size(), static_cast<int>(left_ms));
  }
  FlushBuffer(outcome);
  outcome.stdout_sha256 = sha_.Finish();
}

Result<ProcessOutcome> ProcessRunner::Run(const Command& command, int64_t timeout_ms) {
  Pipes pipes;
  MAYFLY_ASSIGN(auto out, MakePipe());
  MAYFLY_ASSIGN(auto err, MakePipe());
  std::tie(pipes.stdout_read, pipes.stdout_write) = std::move(out);
  std::tie(pipes.stderr_read, pipes.stderr_write) = std::move(err);
  const SpawnSettings settings(pipes.stdout_write.get(), pipes.stderr_write.get());
  const std::vector<std::string> environment = MakeEnvironment(command);
  const std::vector<char*> argv = Pointers(command.argv);
  const std::vector<char*> envp = Pointers(environment);

  ProcessOutcome outcome;
  Process process;
  outcome.start_unix_ns = Now(CLOCK_REALTIME);
  const int64_t begin_ns = Now(CLOCK_MONOTONIC);
  outcome.start_mono_ns = begin_ns;
  const int error = ::posix_spawnp(&process.pid, argv[0], &settings.actions_, &settings.attributes_,
                                   argv.data(), envp.data());
  if (error != 0) {
    return FailErrnoText(error, "run " + command.argv[0]);
  }
  pipes.stdout_write.Reset();
  pipes.stderr_write.Reset();
  auto pidfd = base::OpenPidfd(process.pid);
  Result<void> attended;
  if (pidfd) {
    process.pidfd = std::move(*pidfd);
    attended = Attend(process, pipes, begin_ns + timeout_ms * 1'000'000, outcome);
  } else {
    attended = std::unexpected(std::move(pidfd).error());
  }
  if (!attended) {
    ::kill(-process.pid, SIGKILL);  // never leave it running
  }
  int status = 0;
  rusage usage{};
  while (::wait4(process.pid, &status, 0, &usage) < 0) {
    if (errno != EINTR) {
      return FailErrno("wait for {}", command.argv[0]);
    }
  }
  outcome.total_ns = Now(CLOCK_MONOTONIC) - begin_ns;
  DrainRest(pipes, outcome);
  MAYFLY_TRY(std::move(attended));
  outcome.user_us = Microseconds(usage.ru_utime);
  outcome.sys_us = Microseconds(usage.ru_stime);
  outcome.max_rss_kib = usage.ru_maxrss;
  outcome.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return outcome;
}

}  // namespace mayfly::lab
