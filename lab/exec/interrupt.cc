#include "lab/exec/interrupt.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

namespace mayfly::lab {

base::Result<Interrupt> Interrupt::Create() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  if (::sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) {
    return base::FailErrno("block SIGINT and SIGTERM");
  }
  Interrupt interrupt;
  interrupt.fd_.Reset(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!interrupt.fd_.valid()) {
    return base::FailErrno("make a signal descriptor");
  }
  return interrupt;
}

bool Interrupt::Wait(int64_t wait_ms) const {
  pollfd poll_fd = {fd_.get(), POLLIN, 0};  // poll(2) passes over a descriptor below 0
  return ::poll(&poll_fd, 1, static_cast<int>(wait_ms)) > 0;
}

}  // namespace mayfly::lab
