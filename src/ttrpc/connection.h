// Connection: one socket that speaks ttrpc, as its server or as its client, driven from outside.
//
// It reads and writes without blocking whenever its owner finds the socket ready, and hands over
// what is complete. It knows no event loop, no service and no container.
//
// Ownership: owns the socket. Errors: the end of the peer and a broken socket come out as
//   Progress::kClosed; requests that are no requests are answered with a status here.
// Threads: one.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "ttrpc/frame.h"
#include "ttrpc/status.h"

namespace mayfly::ttrpc {

struct Call {
  uint32_t stream = 0;
  std::string service;  // "containerd.task.v2.Task"
  std::string method;   // "Create"
  std::string payload;
  std::string traceparent;  // W3C Trace Context of the caller's span; "": none
};

struct Answer {
  uint32_t stream = 0;
  Status status;
  std::string payload;
};

enum class Progress : unsigned char { kOpen, kClosed };

class Connection {
 public:
  explicit Connection(base::UniqueFd socket) : socket_(std::move(socket)) {}

  int fd() const { return socket_.get(); }
  // Reads what is there, at most a few hundred kilobytes at a time.
  Progress Read();
  // Writes what the socket takes of what is queued.
  Progress Write();
  bool wants_to_write() const { return !output_.empty(); }
  // A peer that does not read what it asked for is not read from.
  bool wants_to_read() const { return output_.size() < kMaxMessageBytes; }

  // Server: the next request.
  bool NextCall(Call* call);
  void Reply(const Answer& answer);

  // Client: the next response, and requests, each on a stream of its own.
  bool NextAnswer(Answer* answer);
  uint32_t Send(const std::string& service, const std::string& method, std::string payload);

  // For tests and fuzzing: bytes as if they had been read.
  void Feed(std::string_view bytes) { reader_.Append(bytes); }
  const std::string& output() const { return output_; }

 private:
  base::UniqueFd socket_;
  FrameReader reader_;
  std::string output_;
  uint32_t last_stream_ = 0;  // the highest that the peer opened
  uint32_t next_stream_ = 1;  // a client's are odd
};

}  // namespace mayfly::ttrpc
