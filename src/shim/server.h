// Server: the shim's socket and its connections: accepts, reads calls, writes answers.
//
// Only root may speak to it, whatever the socket file's mode has become.
//
// Ownership: owns the listening socket and the connections; a Responder may outlive its connection
//   and then does nothing. Threads: one, in the event loop. Fork: parent only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "shim/event_loop.h"
#include "ttrpc/connection.h"

namespace mayfly::shim {

using Responder = std::function<void(ttrpc::Status status, std::string payload)>;

class Server {
 public:
  using Handler = std::function<void(const ttrpc::Call& call, Responder respond)>;

  Server(EventLoop* loop, base::Log* log, base::UniqueFd listener, Handler handler)
      : loop_(loop), log_(log), listener_(std::move(listener)), handler_(std::move(handler)) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  base::Result<void> Begin();

 private:
  using ConnectionPtr = std::shared_ptr<ttrpc::Connection>;

  void Accept();
  void OnReady(const ConnectionPtr& connection, uint32_t events);
  void Flush(const ConnectionPtr& connection);
  void Close(const ConnectionPtr& connection);

  EventLoop* loop_;
  base::Log* log_;
  base::UniqueFd listener_;
  Handler handler_;
  std::map<int, ConnectionPtr> connections_;
};

}  // namespace mayfly::shim
