#include "command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

namespace mayfly::test {

namespace {

constexpr int kTimedOut = 124;
constexpr int kCannotRun = 126;

base::UniqueFd MemoryFile(const char* name) {
  return base::UniqueFd(::memfd_create(name, MFD_CLOEXEC));
}

std::string WholeFile(int fd) {
  struct stat status{};
  ::fstat(fd, &status);
  std::string text(static_cast<size_t>(status.st_size), '\0');
  const ssize_t count = ::pread(fd, text.data(), text.size(), 0);
  text.resize(count < 0 ? 0 : static_cast<size_t>(count));
  return text;
}

// Gives the child exactly the descriptors of `wanted` (its number -> ours); the sources are first
// moved out of the way of the numbers.
void ArrangeDescriptors(const std::map<int, int>& wanted) {
  std::map<int, int> moved;
  for (const auto& [number, source] : wanted) {
    moved[number] = ::fcntl(source, F_DUPFD_CLOEXEC, 200);
  }
  ::syscall(SYS_close_range, 0U, 199U, 0U);
  for (const auto& [number, source] : moved) {
    ::dup2(source, number);
  }
  ::syscall(SYS_close_range, 200U, ~0U, 0U);
}

}  // namespace

Process::Process(const std::vector<std::string>& argv, const CommandOptions& options)
    : timeout_seconds_(options.timeout_seconds),
      out_(MemoryFile("stdout")),
      err_(MemoryFile("stderr")) {
  base::UniqueFd input = MemoryFile("stdin");
  if (::pwrite(input.get(), options.stdin_text.data(), options.stdin_text.size(), 0) < 0) {
    return;
  }
  std::map<int, int> descriptors = options.descriptors;
  descriptors[STDIN_FILENO] = options.stdin_fd >= 0 ? options.stdin_fd : input.get();
  descriptors[STDOUT_FILENO] = options.stdout_fd >= 0 ? options.stdout_fd : out_.get();
  descriptors[STDERR_FILENO] = err_.get();
  std::vector<char*> arguments;
  arguments.reserve(argv.size() + 1);
  for (const std::string& argument : argv) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    ArrangeDescriptors(descriptors);
    for (const auto& [name, value] : options.environment) {
      ::setenv(name.c_str(), value.c_str(), 1);
    }
    if (options.directory.empty() || ::chdir(options.directory.c_str()) == 0) {
      ::execvp(arguments[0], arguments.data());
    }
    ::_exit(kCannotRun);
  }
  pidfd_ = base::UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
}

Process::Process(Process&& other) noexcept
    : pid_(other.pid_),
      status_(other.status_),
      timeout_seconds_(other.timeout_seconds_),
      pidfd_(std::move(other.pidfd_)),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)) {
  other.pid_ = -1;
}

Process::~Process() {
  if (pid_ > 0 && status_ < 0) {
    Kill(SIGKILL);
    Wait();
  }
}

int Process::Wait() {
  if (status_ >= 0) {
    return status_;
  }
  pollfd ended = {pidfd_.get(), POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&ended, 1, timeout_seconds_ * 1000);
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) {
    Kill(SIGKILL);
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (ready == 0) {
    status_ = kTimedOut;
  }
  return status_;
}

void Process::Kill(int signal) const {
  if (pid_ > 1 && status_ < 0) {
    ::kill(pid_, signal);
  }
}

std::string Process::Stdout() const { return WholeFile(out_.get()); }
std::string Process::Stderr() const { return WholeFile(err_.get()); }

bool Process::WaitForOutput(const std::string& text) const {
  return WaitUntil([&] { return Stdout().find(text) != std::string::npos; });
}

Output RunCommand(const std::vector<std::string>& argv, const CommandOptions& options) {
  Process process(argv, options);
  const int exit_code = process.Wait();
  return {exit_code, process.Stdout(), process.Stderr()};
}

void PauseMilliseconds(int milliseconds) { ::usleep(static_cast<useconds_t>(milliseconds) * 1000); }

}  // namespace mayfly::test
