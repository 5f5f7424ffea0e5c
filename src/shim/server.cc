#include "shim/server.h"

#include <sys/epoll.h>
#include <sys/socket.h>

namespace mayfly::shim {

using base::Result;
using base::UniqueFd;

namespace {

// containerd opens one for each container of a pod.
constexpr size_t kMaxConnections = 1024;

bool IsRoot(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == 0;
}

}  // namespace

Result<void> Server::Begin() {
  return loop_->Watch(listener_.get(), EPOLLIN, [this](uint32_t) { Accept(); });
}

void Server::Accept() {
  UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket.valid()) {
    return;
  }
  if (!IsRoot(socket.get()) || connections_.size() >= kMaxConnections) {
    log_->Warning("a connection was refused: {}",
                  connections_.size() >= kMaxConnections ? "there are too many" : "not by root");
    return;
  }
  const auto connection = std::make_shared<ttrpc::Connection>(std::move(socket));
  const int fd = connection->fd();
  const auto watched = loop_->Watch(
      fd, EPOLLIN, [this, connection](uint32_t events) { OnReady(connection, events); });
  if (watched) {
    connections_[fd] = connection;
  }
}

void Server::OnReady(const ConnectionPtr& connection, uint32_t events) {
  auto progress = connection->Write();
  if (progress == ttrpc::Progress::kOpen && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    progress = connection->Read();
  }
  ttrpc::Call call;
  while (connection->NextCall(&call)) {
    const std::weak_ptr<ttrpc::Connection> weak = connection;
    const uint32_t stream = call.stream;
    handler_(call, [this, weak, stream](ttrpc::Status status, std::string payload) {
      if (const auto still = weak.lock()) {
        still->Reply({stream, std::move(status), std::move(payload)});
        Flush(still);
      }
    });
  }
  if (progress == ttrpc::Progress::kClosed) {
    Close(connection);
  } else {
    Flush(connection);
  }
}

void Server::Flush(const ConnectionPtr& connection) {
  if (!connections_.contains(connection->fd())) {
    return;
  }
  // A broken connection is noticed by the next read.
  (void)connection->Write();
  loop_->Change(connection->fd(), (connection->wants_to_read() ? EPOLLIN : 0U) |
                                      (connection->wants_to_write() ? EPOLLOUT : 0U));
}

void Server::Close(const ConnectionPtr& connection) {
  // The watcher and the table hold the connection: it may end with either.
  const int fd = connection->fd();
  loop_->Forget(fd);
  connections_.erase(fd);
}

}  // namespace mayfly::shim
