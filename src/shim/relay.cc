#include "shim/relay.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>

namespace mayfly::shim {

namespace {

constexpr size_t kAtOnceBytes = 1U << 20;

bool IsEmpty(int pipe) {
  int bytes = 0;
  return ::ioctl(pipe, FIONREAD, &bytes) == 0 && bytes == 0;
}

}  // namespace

Relay::~Relay() { WaitFor(Waits::kNothing); }

void Relay::Drain() {
  draining_ = true;
  Move();
}

void Relay::Move() {
  while (true) {
    ssize_t moved;
    if (sink_.valid()) {
      moved = ::splice(source_.get(), nullptr, sink_.get(), nullptr, kAtOnceBytes,
                       SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    } else {
      std::array<char, 4096> dropped;
      moved = ::read(source_.get(), dropped.data(), dropped.size());
    }
    if (moved > 0) {
      continue;
    }
    if (moved < 0 && errno == EINTR) {
      continue;
    }
    if (moved == 0 || errno != EAGAIN) {
      CloseSink();  // the last writer has gone
      WaitFor(Waits::kNothing);
      return;
    }
    if (!IsEmpty(source_.get())) {
      WaitFor(Waits::kSink);
      return;
    }
    if (draining_) {
      CloseSink();
    }
    WaitFor(Waits::kSource);
    return;
  }
}

void Relay::CloseSink() {
  if (waits_ == Waits::kSink) {
    WaitFor(Waits::kNothing);
  }
  sink_.Reset();
  held_.Reset();
}

void Relay::WaitFor(Waits what) {
  if (what == waits_) {
    return;
  }
  if (waits_ != Waits::kNothing) {
    loop_->Forget(waits_ == Waits::kSource ? source_.get() : sink_.get());
  }
  waits_ = what;
  if (what == Waits::kNothing) {
    return;
  }
  const bool watched =
      loop_
          ->Watch(what == Waits::kSource ? source_.get() : sink_.get(),
                  what == Waits::kSource ? EPOLLIN : EPOLLOUT, [this](uint32_t) { Move(); })
          .has_value();
  if (!watched) {
    waits_ = Waits::kNothing;
  }
}

}  // namespace mayfly::shim
