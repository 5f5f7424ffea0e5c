#include "container/foreground.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>

#include "base/file.h"
#include "base/process.h"

namespace mayfly::container {

using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

// The signals that a terminal or a supervisor sends to `mayfly run` and means for the guest.
constexpr std::array kForwarded = {SIGTERM, SIGINT,  SIGHUP,   SIGQUIT,
                                   SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT};
constexpr size_t kChunkBytes = 16384;

}  // namespace

Result<Foreground> Foreground::Begin() {
  Foreground foreground;
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : kForwarded) {
    ::sigaddset(&set, number);
  }
  ::sigprocmask(SIG_BLOCK, &set, &foreground.old_mask_);
  foreground.active_ = true;
  foreground.signals_.Reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!foreground.signals_.valid()) {
    return FailErrno("signalfd");
  }
  return foreground;
}

Foreground::Foreground(Foreground&& other) noexcept
    : active_(std::exchange(other.active_, false)),
      old_mask_(other.old_mask_),
      signals_(std::move(other.signals_)),
      master_(std::move(other.master_)),
      input_(std::move(other.input_)),
      input_open_(other.input_open_),
      user_terminal_(std::exchange(other.user_terminal_, std::nullopt)) {}

Foreground::~Foreground() {
  if (user_terminal_) {
    ::tcsetattr(STDIN_FILENO, TCSANOW, &*user_terminal_);
  }
  if (active_) {
    ::sigprocmask(SIG_SETMASK, &old_mask_, nullptr);
  }
}

Result<void> Foreground::RelayTerminal(UniqueFd master) {
  const int flags = ::fcntl(master.get(), F_GETFL);
  if (flags < 0 || ::fcntl(master.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return FailErrno("the guest's terminal");
  }
  master_ = std::move(master);
  termios settings{};
  if (::tcgetattr(STDIN_FILENO, &settings) != 0) {
    return {};  // a pipe or a file: bytes are carried as they are
  }
  const termios before = settings;
  ::cfmakeraw(&settings);
  if (::tcsetattr(STDIN_FILENO, TCSANOW, &settings) != 0) {
    return FailErrno("make the terminal raw");
  }
  user_terminal_ = before;
  FollowWindowSize();
  return {};
}

void Foreground::FollowWindowSize() const {
  winsize size{};
  if (master_.valid() && ::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
    ::ioctl(master_.get(), TIOCSWINSZ, &size);
  }
}

void Foreground::HandleSignal(int pidfd) {
  signalfd_siginfo info{};
  if (::read(signals_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) {
    return;
  }
  if (info.ssi_signo == SIGWINCH && master_.valid()) {
    FollowWindowSize();  // the kernel tells the guest
    return;
  }
  (void)base::SendSignal(pidfd, static_cast<int>(info.ssi_signo));
}

void Foreground::ReadInput() {
  std::array<char, kChunkBytes> bytes;
  const ssize_t got = ::read(STDIN_FILENO, bytes.data(), bytes.size());
  if (got > 0) {
    input_.assign(bytes.data(), static_cast<size_t>(got));
    PassInput();
  } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
    input_open_ = false;
  }
}

void Foreground::PassInput() {
  const ssize_t taken = ::write(master_.get(), input_.data(), input_.size());
  if (taken > 0) {
    input_.erase(0, static_cast<size_t>(taken));
  } else if (taken < 0 && errno != EAGAIN && errno != EINTR) {
    input_.clear();
    input_open_ = false;
  }
}

Foreground::Output Foreground::ShowOutput() {
  std::array<char, kChunkBytes> bytes;
  const ssize_t got = ::read(master_.get(), bytes.data(), bytes.size());
  if (got > 0) {
    // Whoever does not want to see it any more does not end the guest by that.
    (void)base::WriteAll(STDOUT_FILENO, {bytes.data(), static_cast<size_t>(got)}, "stdout");
    return Output::kShown;
  }
  // EIO: nobody holds the other end.
  return got < 0 && (errno == EINTR || errno == EAGAIN) ? Output::kNoneNow : Output::kEnded;
}

Result<void> Foreground::WaitForEnd(int pidfd) {
  bool output_open = master_.valid();
  while (true) {
    const bool wants_input = output_open && input_open_ && input_.empty();
    const auto master_events = static_cast<short>(POLLIN | (input_.empty() ? 0 : POLLOUT));
    std::array<pollfd, 4> waiting = {pollfd{pidfd, POLLIN, 0}, pollfd{signals_.get(), POLLIN, 0},
                                     pollfd{output_open ? master_.get() : -1, master_events, 0},
                                     pollfd{wants_input ? STDIN_FILENO : -1, POLLIN, 0}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) {
      return FailErrno("wait for the guest");
    }
    if ((waiting[1].revents & POLLIN) != 0) {
      HandleSignal(pidfd);
    }
    if ((waiting[2].revents & POLLOUT) != 0) {
      PassInput();
    }
    if ((waiting[2].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      output_open = ShowOutput() != Output::kEnded;
    }
    if (waiting[3].revents != 0) {
      ReadInput();
    }
    if ((waiting[0].revents & POLLIN) != 0) {
      while (output_open && ShowOutput() == Output::kShown) {
      }
      return {};
    }
  }
}

}  // namespace mayfly::container
