#include "container/init/messages.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

namespace mayfly::container {

using base::ErrorKind;
using base::FailErrno;
using base::Result;

namespace {

// type, error kind, errno; an error's text follows.
struct Header {
  unsigned char type;
  unsigned char kind;
  int sys_errno;
};
constexpr size_t kMaxMessageBytes = 8192;

Result<void> Send(int socket, const Header& header, std::string_view text) {
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  bytes.append(text.substr(0, kMaxMessageBytes - sizeof header));
  ssize_t sent;
  do {
    sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) {
    return FailErrno("send to the other side of the init socket");
  }
  return {};
}

}  // namespace

Result<std::pair<base::UniqueFd, base::UniqueFd>> OpenMessagePair() {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
    return FailErrno("socketpair");
  }
  return std::pair(base::UniqueFd(pair[0]), base::UniqueFd(pair[1]));
}

Result<void> SendMessage(int socket, MessageType type) {
  return Send(socket, Header{static_cast<unsigned char>(type), 0, 0}, "");
}

Result<void> SendError(int socket, const base::Error& error) {
  return Send(socket,
              Header{static_cast<unsigned char>(MessageType::kError),
                     static_cast<unsigned char>(error.kind()), error.sys_errno()},
              error.text());
}

Result<Message> ReceiveMessage(int socket) {
  std::array<char, kMaxMessageBytes> bytes;
  ssize_t got = ::recv(socket, bytes.data(), bytes.size(), 0);
  // ECONNRESET (the peer closed with unread messages) is told once, before what the peer had sent.
  for (int resets = 0; got < 0 && (errno == EINTR || (errno == ECONNRESET && resets == 0));) {
    resets += errno == ECONNRESET ? 1 : 0;
    got = ::recv(socket, bytes.data(), bytes.size(), 0);
  }
  if (got == 0 || (got < 0 && errno == ECONNRESET)) {
    return Message{};
  }
  if (got < 0) {
    return FailErrno("receive on the init socket");
  }
  Header header{};
  if (static_cast<size_t>(got) < sizeof header) {
    return base::Fail(ErrorKind::kSystem, "a message of {} bytes on the init socket", got);
  }
  std::memcpy(&header, bytes.data(), sizeof header);
  Message message;
  message.type = static_cast<MessageType>(header.type);
  if (message.type == MessageType::kError) {
    const auto kind = header.kind <= static_cast<unsigned char>(ErrorKind::kSystem)
                          ? static_cast<ErrorKind>(header.kind)
                          : ErrorKind::kSystem;
    message.error = base::Error(
        kind, std::string(bytes.data() + sizeof header, static_cast<size_t>(got) - sizeof header),
        header.sys_errno);
  }
  return message;
}

}  // namespace mayfly::container
