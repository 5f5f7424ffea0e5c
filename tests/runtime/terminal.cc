#include "terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace mayfly::test {

namespace {

constexpr int kTimeoutMs = 20'000;

bool Readable(int fd, int timeout_ms) {
  pollfd waiting{fd, POLLIN, 0};
  return ::poll(&waiting, 1, timeout_ms) > 0;
}

}  // namespace

void Master::Type(const std::string& text) const {
  if (::write(fd_.get(), text.data(), text.size()) < 0) {
    std::perror("write to the terminal");
  }
}

void Master::Resize(unsigned short rows, unsigned short columns) const {
  winsize size{};
  size.ws_row = rows;
  size.ws_col = columns;
  ::ioctl(fd_.get(), TIOCSWINSZ, &size);
}

bool Master::ReadSome(int timeout_ms) {
  if (!Readable(fd_.get(), timeout_ms)) {
    return false;
  }
  std::array<char, 4096> bytes;
  const ssize_t got = ::read(fd_.get(), bytes.data(), bytes.size());
  if (got <= 0) {
    return false;  // EIO: nobody has the other end
  }
  seen_.append(bytes.data(), static_cast<size_t>(got));
  return true;
}

bool Master::WaitFor(const std::string& text) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(kTimeoutMs);
  while (seen_.find(text) == std::string::npos) {
    if (!ReadSome(kTimeoutMs) || std::chrono::steady_clock::now() > end) {
      return false;
    }
  }
  return true;
}

const std::string& Master::All() {
  while (ReadSome(kTimeoutMs)) {
  }
  return seen_;
}

TerminalPair OpenTerminalPair() {
  int master = -1;
  int slave = -1;
  if (::openpty(&master, &slave, nullptr, nullptr, nullptr) == 0) {
    ::fcntl(master, F_SETFD, FD_CLOEXEC);
    ::fcntl(slave, F_SETFD, FD_CLOEXEC);
  }
  return {Master(base::UniqueFd(master)), base::UniqueFd(slave)};
}

ConsoleSocket::ConsoleSocket(const std::string& path)
    : path_(path), listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_.get(), 1) != 0) {
    std::perror("console socket");
  }
}

Master ConsoleSocket::Receive() const {
  if (!Readable(listener_.get(), kTimeoutMs)) {
    return Master(base::UniqueFd());
  }
  const base::UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!connection.valid() || !Readable(connection.get(), kTimeoutMs)) {
    return Master(base::UniqueFd());
  }
  std::array<char, 4096> name;
  iovec bytes{name.data(), name.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (::recvmsg(connection.get(), &message, MSG_CMSG_CLOEXEC) <= 0) {
    return Master(base::UniqueFd());
  }
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  int fd = -1;
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  }
  return Master(base::UniqueFd(fd));
}

}  // namespace mayfly::test
