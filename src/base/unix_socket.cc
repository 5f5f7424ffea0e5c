#include "base/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstring>

#include "base/file.h"
#include "base/path.h"

namespace mayfly::base {

namespace {

constexpr size_t kMaxTextBytes = 4096;

union ControlBuffer {
  char bytes[CMSG_SPACE(sizeof(int))];
  cmsghdr header;
};

}  // namespace

Result<UniqueFd> ConnectUnix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string name = path;
  UniqueFd directory;
  if (name.size() >= sizeof address.sun_path) {
    const size_t slash = path.find_last_of('/');
    MAYFLY_ASSIGN(directory, Open(slash == std::string::npos ? "." : path.substr(0, slash + 1),
                                  O_PATH | O_DIRECTORY));
    name = FdPath(directory.get()) + "/" + path.substr(slash == std::string::npos ? 0 : slash + 1);
  }
  if (name.empty() || name.size() >= sizeof address.sun_path) {
    return Fail(ErrorKind::kInvalid, "connect to \"{}\": not the path of a socket", path);
  }
  std::memcpy(address.sun_path, name.data(), name.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) {
    return FailErrno("socket");
  }
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return FailErrno("connect to {}", path);
  }
  return fd;
}

Result<void> SendDescriptor(int socket, int fd, std::string_view text) {
  iovec bytes{const_cast<char*>(text.data()), text.size()};
  ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  ssize_t sent;
  do {
    sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) {
    return FailErrno("send a descriptor");
  }
  return {};
}

Result<UniqueFd> ReceiveDescriptor(int socket) {
  std::array<char, kMaxTextBytes> text;
  iovec bytes{text.data(), text.size()};
  ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = CMSG_LEN(sizeof(int));  // without the padding: room for one
  ssize_t got;
  do {
    got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    return FailErrno("receive a descriptor");
  }
  UniqueFd fd;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof(int))) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(header), sizeof number);
      fd.Reset(number);
    }
  }
  if (!fd.valid() || (message.msg_flags & MSG_CTRUNC) != 0) {
    return Fail(ErrorKind::kInvalid, "receive a descriptor: the message holds none");
  }
  return fd;
}

}  // namespace mayfly::base
