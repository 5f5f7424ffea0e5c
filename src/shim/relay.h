// Relay: moves what an added process writes from a pipe to containerd's FIFO, without copying it
// through this process (splice(2)).
//
// An exec's background children may keep its output open after it has ended. The reader shall see
// the end all the same: when the process has ended and its pipe is empty, the FIFO is closed; what
// comes later is dropped, and its writer is not ended by a SIGPIPE. An init's output needs none of
// this: nothing outlives it (docs/design/0020-shim-stdio.md).
//
// Ownership: owns the pipe's reader and the FIFO. Threads: one, in the event loop.
#pragma once

#include <memory>
#include <vector>

#include "base/unique_fd.h"
#include "shim/event_loop.h"

namespace mayfly::shim {

class Relay {
 public:
  // `sink`'s ends: the writer, and a reader that keeps a missing one from being an error.
  Relay(EventLoop* loop, base::UniqueFd source, base::UniqueFd sink, base::UniqueFd held)
      : loop_(loop), source_(std::move(source)), sink_(std::move(sink)), held_(std::move(held)) {}
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  void Begin() { Move(); }
  // The process has ended.
  void Drain();

 private:
  enum class Waits : unsigned char { kNothing, kSource, kSink };

  void Move();
  void WaitFor(Waits what);
  void CloseSink();

  EventLoop* loop_;
  base::UniqueFd source_;
  base::UniqueFd sink_;
  base::UniqueFd held_;
  Waits waits_ = Waits::kNothing;
  bool draining_ = false;
};

}  // namespace mayfly::shim
