// ProcessStreams: the standard input, output and error of a process, opened as containerd names
// them.
//
// The process gets the FIFOs and files themselves: nothing is copied and nothing has to be drained
// when it ends (docs/design/0020-shim-stdio.md). The shim holds both ends of each output FIFO, so a
// missing reader is neither an error nor a SIGPIPE, and the writing end of the input, so that the
// end of the input is what CloseInput() and the client make it together.
//
// Forms: "" or "/dev/null"; a path, FIFO or not; file:///PATH, appended to; fifo:///PATH;
//   binary:///PROGRAM?KEY=VALUE&…, a program that reads the output (containerd's logging drivers).
// Ownership: owns its descriptors; ends a logger with the object.
// Errors: name the stream and its path. Fork: parent only; starts loggers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/process.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "container/container.h"
#include "shim/relay.h"

namespace mayfly::shim {

struct StreamPaths {
  std::string in;
  std::string out;
  std::string err;
  bool terminal = false;
};

class ProcessStreams {
 public:
  ProcessStreams() = default;
  ProcessStreams(ProcessStreams&&) = default;
  ProcessStreams& operator=(ProcessStreams&&) = default;

  // For a process without a terminal. `id` and `name_space` are a logger's CONTAINER_*.
  static base::Result<ProcessStreams> Open(const StreamPaths& paths, const std::string& id,
                                           const std::string& name_space);
  // For the shim itself, which carries a terminal's bytes: both non-blocking; -1: none.
  static base::Result<ProcessStreams> OpenForTerminal(const StreamPaths& paths,
                                                      const std::string& id,
                                                      const std::string& name_space);

  // Puts a pipe between the process and each output that is a FIFO.
  base::Result<std::vector<std::unique_ptr<Relay>>> RelayOutputs(EventLoop* loop);

  // What the process is born with; borrowed.
  container::Streams given() const;
  // After the process is born: drops what is only its.
  void DropGiven();
  void CloseInput() { input_writer_.Reset(); }
  // The process has ended: whoever reads its output sees the end, once other writers have ended.
  void CloseAll();

 private:
  base::Result<void> OpenInput(const std::string& path);
  base::Result<void> OpenOutput(int number, const std::string& text);
  base::Result<void> StartLogger(const StreamPaths& paths, const std::string& id,
                                 const std::string& name_space);

  base::UniqueFd given_[3];
  base::UniqueFd input_writer_;
  base::UniqueFd held_[3];  // both ends of an output that is a FIFO, or a logger's reading end
  bool is_fifo_[3] = {false, false, false};
};

}  // namespace mayfly::shim
