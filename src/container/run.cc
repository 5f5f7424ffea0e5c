#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>

#include "base/process.h"
#include "container/container.h"
#include "container/launch.h"

namespace mayfly::container {

using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

// The signals that a terminal or a supervisor sends to `mayfly run` and means for the guest.
constexpr std::array kForwarded = {SIGTERM, SIGINT,  SIGHUP,   SIGQUIT,
                                   SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT};

// Blocks the forwarded signals for its life and reads them from a descriptor. The init unblocks its
// own.
class SignalForwarder {
 public:
  static Result<SignalForwarder> Begin() {
    SignalForwarder forwarder;
    sigset_t set;
    ::sigemptyset(&set);
    for (const int number : kForwarded) {
      ::sigaddset(&set, number);
    }
    ::sigprocmask(SIG_BLOCK, &set, &forwarder.old_mask_);
    forwarder.fd_.Reset(::signalfd(-1, &set, SFD_CLOEXEC));
    if (!forwarder.fd_.valid()) {
      return FailErrno("signalfd");
    }
    return forwarder;
  }
  SignalForwarder(SignalForwarder&&) = default;
  SignalForwarder& operator=(SignalForwarder&&) = delete;
  ~SignalForwarder() {
    if (fd_.valid()) {
      ::sigprocmask(SIG_SETMASK, &old_mask_, nullptr);
    }
  }

  // Until the process behind the pidfd has ended.
  Result<void> ForwardUntilEnd(int pidfd) const {
    std::array<pollfd, 2> waiting = {pollfd{pidfd, POLLIN, 0}, pollfd{fd_.get(), POLLIN, 0}};
    while (true) {
      if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) {
        return FailErrno("wait for the guest");
      }
      if ((waiting[1].revents & POLLIN) != 0) {
        signalfd_siginfo info{};
        if (::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
          (void)base::SendSignal(pidfd, static_cast<int>(info.ssi_signo));
        }
      }
      if ((waiting[0].revents & POLLIN) != 0) {
        return {};
      }
    }
  }

 private:
  SignalForwarder() = default;
  UniqueFd fd_;
  sigset_t old_mask_{};
};

}  // namespace

Result<int> Run(const Runtime& runtime, const CreateOptions& options, RunMode mode,
                AfterRun after) {
  MAYFLY_ASSIGN(const SignalForwarder signals, SignalForwarder::Begin());
  int status = 0;
  {
    auto launched = Launch(runtime, options, StartChannel::kSocket);
    if (!launched) {
      return std::unexpected(std::move(launched).error().Wrap(fmt::format("run {}", options.id)));
    }
    MAYFLY_TRY(launched->Start());
    if (mode == RunMode::kDetached) {
      launched->Keep();
      return 0;
    }
    launched->ReleaseLock();
    MAYFLY_TRY(signals.ForwardUntilEnd(launched->init().pidfd.get()));
    MAYFLY_ASSIGN(status, base::WaitForExit(launched->init().pid));
    launched->Keep();
  }
  if (after == AfterRun::kDelete) {
    // Another command may have deleted it already: that is what was wanted.
    MAYFLY_TRY(Delete(runtime, options.id, Force::kYes));
  }
  return status;
}

}  // namespace mayfly::container
