// Interrupt: Ctrl-C and SIGTERM as a descriptor, so that a measurement ends tidily.
//
// The two signals are blocked and read by nobody: once one has come the descriptor stays readable,
// which ends every wait of the lab from then on. Commands get the default disposition back
// (process.h).
//
// Sources: signalfd(2). Ownership: owns the descriptor. Threads: make it before any thread.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/unique_fd.h"

namespace mayfly::lab {

class Interrupt {
 public:
  // Never interrupted; for tests and for commands that start nothing.
  Interrupt() = default;
  static base::Result<Interrupt> Create();

  int fd() const { return fd_.get(); }
  bool Pending() const { return Wait(0); }
  // Sleeps for wait_ms, less when interrupted; true if so.
  bool Wait(int64_t wait_ms) const;

 private:
  base::UniqueFd fd_;
};

}  // namespace mayfly::lab
