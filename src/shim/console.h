// Console: carries bytes between the master of a guest's terminal and containerd's FIFOs.
//
// One buffer a direction, never more: a reader that does not read stops the guest, as a terminal
// does. What the guest wrote before it ended is read to the end; a background process that keeps
// the terminal open holds nobody up.
//
// Ownership: owns the master and the streams. Threads: one, in the event loop. Fork: parent only.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "shim/event_loop.h"
#include "shim/streams.h"

namespace mayfly::shim {

class Console {
 public:
  Console(EventLoop* loop, base::UniqueFd master, ProcessStreams streams)
      : loop_(loop), master_(std::move(master)), streams_(std::move(streams)) {}
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  base::Result<void> Begin();
  base::Result<void> Resize(uint16_t columns, uint16_t rows) const;
  void CloseInput() { streams_.CloseInput(); }
  // The guest has ended: passes on what it wrote. Closes the streams when all of it has gone, which
  // is at once unless the reader is slow.
  void Drain();

 private:
  void OnMaster(uint32_t events);
  void OnInput();
  void OnOutput();
  void ReadMaster();
  void WriteMaster();
  void Update();
  bool Want(int fd, uint32_t events, uint32_t* wanted, EventLoop::Callback callback);
  void End();

  EventLoop* loop_;
  base::UniqueFd master_;
  ProcessStreams streams_;
  std::string to_guest_;
  std::string to_reader_;
  bool input_open_ = true;
  bool master_open_ = true;
  uint32_t master_wanted_ = 0;  // EPOLL* that the loop waits for
  uint32_t input_wanted_ = 0;
  uint32_t output_wanted_ = 0;
  bool draining_ = false;
  bool ended_ = false;
};

}  // namespace mayfly::shim
