#include "base/phases.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include <cstdlib>

namespace mayfly::base {
namespace {

// Above the descriptors that --preserve-fds hands to a guest.
constexpr int kLowestDescriptor = 256;
constexpr size_t kMaxIdBytes = 256;

constexpr std::array<std::string_view, kPhases> kNames = {
    "begin",      "prepare",  "prepared", "spawned", "load",      "loaded",
    "restricted", "compiled", "ready",    "guest",   "guest-end", "end"};

}  // namespace

std::string_view PhaseName(Phase phase) { return kNames[static_cast<size_t>(phase)]; }

PhaseClock PhaseClock::FromEnvironment() {
  const char* path = std::getenv("MAYFLY_PHASES");
  return path == nullptr || *path == '\0' ? PhaseClock() : Open(path);
}

PhaseClock PhaseClock::Open(const std::string& path) {
  PhaseClock clock;
  // Without O_NONBLOCK the name of a FIFO would hold the container up.
  const UniqueFd file(
      ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info{};
  if (file.valid() && ::fstat(file.get(), &info) == 0 && S_ISREG(info.st_mode)) {
    clock.file_.Reset(::fcntl(file.get(), F_DUPFD_CLOEXEC, kLowestDescriptor));
  }
  clock.Mark(Phase::kBegin);
  return clock;
}

PhaseClock PhaseClock::ToDescriptor(int fd) {
  PhaseClock clock;
  clock.file_.Reset(::fcntl(fd, F_DUPFD_CLOEXEC, kLowestDescriptor));
  return clock;
}

void PhaseClock::Mark(Phase phase) {
  if (on()) {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    at_ns_[static_cast<size_t>(phase)] = int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
  }
}

void PhaseClock::Restart() {
  at_ns_ = {};
  code_ = nullptr;
}

void PhaseClock::Write(std::string_view id, std::string_view part) {
  if (!on()) {
    return;
  }
  fmt::memory_buffer line;
  fmt::format_to(fmt::appender(line), "{} {}", id.substr(0, kMaxIdBytes), part);
  for (size_t i = 0; i < kPhases; ++i) {
    if (at_ns_[i] != 0) {
      fmt::format_to(fmt::appender(line), " {}={}", kNames[i], at_ns_[i]);
    }
  }
  if (code_ != nullptr) {
    fmt::format_to(fmt::appender(line), " code={}", code_);
  }
  line.push_back('\n');
  // setrlimit(2): a write beyond RLIMIT_FSIZE ends the process by SIGXFSZ unless that is ignored.
  struct sigaction ignored{};
  struct sigaction before{};
  ignored.sa_handler = SIG_IGN;
  ::sigaction(SIGXFSZ, &ignored, &before);
  const ssize_t written = ::write(file_.get(), line.data(), line.size());
  static_cast<void>(written);
  ::sigaction(SIGXFSZ, &before, nullptr);
  Restart();
}

}  // namespace mayfly::base
