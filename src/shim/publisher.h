// Publisher: the shim's events on their way to containerd, in order, none lost while it is away.
//
// One event is under way at a time: containerd handles calls of one connection beside each other,
// so the next goes out when the one before is acknowledged. When the connection breaks, the event
// that was not acknowledged is sent again first; so it is after 10 s without an answer.
//
// Ownership: owns the connection and the queue. Threads: one, in the event loop. Fork: parent only.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "shim/event_loop.h"
#include "ttrpc/connection.h"

namespace mayfly::shim {

class Publisher {
 public:
  // `address` is the path of containerd's ttrpc socket; "": events are dropped.
  Publisher(EventLoop* loop, base::Log* log, std::string address, std::string name_space);
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // `type` is the message's full name, "containerd.events.TaskStart".
  void Publish(const std::string& topic, const std::string& type, const std::string& message);
  // Calls back once nothing is left to send, or after so many milliseconds.
  void WhenSent(int timeout_ms, std::function<void()> callback);
  size_t waiting() const { return queue_.size(); }

 private:
  void Pump();
  void Connect();
  void OnReady(uint32_t events);
  void Disconnect();
  void Retry();
  void CheckSent();

  EventLoop* loop_;
  base::Log* log_;
  std::string address_;
  std::string name_space_;
  std::deque<std::string> queue_;  // ForwardRequests; the first is under way when sent_ is set
  std::unique_ptr<ttrpc::Connection> connection_;
  bool sent_ = false;
  uint64_t attempts_ = 0;  // the last one's number
  bool retry_planned_ = false;
  int retry_delay_ms_;
  std::function<void()> when_sent_;
};

}  // namespace mayfly::shim
