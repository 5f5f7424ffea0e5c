#include "lab/exec/event_stream.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>

namespace mayfly::lab {
namespace {

constexpr size_t kMaxBytes = 1 << 20;
constexpr int kPipeBytes = 1 << 20;
constexpr int kSettleMs = 60;  // until the command listens: it has no way to say so

}  // namespace

bool EventStream::Ensure() {
  if (argv_.empty()) {
    return false;
  }
  if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == 0) {
    return true;
  }
  pid_ = -1;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return false;
  }
  pipe_.Reset(ends[0]);
  const base::UniqueFd writer(ends[1]);
  ::fcntl(pipe_.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(pipe_.get(), F_SETPIPE_SZ, kPipeBytes);
  std::vector<char*> argv;
  argv.reserve(argv_.size() + 1);
  for (std::string& word : argv_) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, writer.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setpgroup(&attributes, 0);  // Ctrl-C is for the lab
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  const int error = ::posix_spawnp(&pid_, argv[0], &actions, &attributes, argv.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    pid_ = -1;
    return false;
  }
  ::poll(nullptr, 0, kSettleMs);
  return true;
}

bool EventStream::Drain() {
  std::array<char, 65536> bytes;
  while (true) {
    const ssize_t count = ::read(pipe_.get(), bytes.data(), bytes.size());
    if (count > 0) {
      lines_.append(bytes.data(), static_cast<size_t>(count));
      if (lines_.size() > kMaxBytes) {
        lines_.erase(0, lines_.size() - kMaxBytes);
      }
    } else if (count == 0) {
      return false;
    } else if (errno != EINTR) {
      return errno == EAGAIN;
    }
  }
}

const std::string& EventStream::Read(const std::string& awaited, int64_t wait_ms) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
  while (pid_ > 0 && pipe_.valid() && Drain() && !lines_.contains(awaited)) {
    const auto left_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                             deadline - std::chrono::steady_clock::now())
                             .count();
    pollfd waiting{pipe_.get(), POLLIN, 0};
    if (left_ms <= 0 || ::poll(&waiting, 1, static_cast<int>(left_ms)) == 0) {
      break;
    }
  }
  return lines_;
}

void EventStream::Clear() {
  if (pipe_.valid()) {
    Drain();
  }
  lines_.clear();
}

void EventStream::Stop() {
  if (pid_ > 0) {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
}

}  // namespace mayfly::lab
