// EventStream: a command that prints lines as something happens, read while others run.
//
// Used for `ctr events`. Its output is taken between the runs, not while one is timed; the pipe
// holds what comes meanwhile.
//
// Ownership: owns the process and ends it. Errors: none: a stream that cannot be had gives no
// lines. Threads: one object, one thread.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/unique_fd.h"
#include "lab/exec/process.h"

namespace mayfly::lab {

class EventStream {
 public:
  explicit EventStream(Argv argv) : argv_(std::move(argv)) {}
  ~EventStream() { Stop(); }
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  // Starts the command if it does not run (any more); true when it runs.
  bool Ensure();
  // All lines since the last Clear(), waiting up to wait_ms until `awaited` is in them.
  const std::string& Read(const std::string& awaited, int64_t wait_ms);
  void Clear();
  void Stop();

 private:
  bool Drain();  // false at the end of the stream

  Argv argv_;
  pid_t pid_ = -1;
  base::UniqueFd pipe_;
  std::string lines_;
};

}  // namespace mayfly::lab
