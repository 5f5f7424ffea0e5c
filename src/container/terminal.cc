#include "container/terminal.h"

#include <sys/socket.h>

#include "base/unix_socket.h"

namespace mayfly::container {

using base::ErrorKind;
using base::Fail;
using base::Result;

Result<void> CheckTerminal(const oci::Process& process, const std::string& console_socket,
                           RunMode mode) {
  const bool detached = mode == RunMode::kDetached;
  if (process.terminal && detached && console_socket.empty()) {
    return Fail(ErrorKind::kInvalid,
                "process.terminal: a command that does not stay needs --console-socket");
  }
  if (!console_socket.empty() && (!process.terminal || !detached)) {
    return Fail(ErrorKind::kInvalid,
                "--console-socket: needs a process with a terminal and a command that detaches");
  }
  return {};
}

Result<TerminalChannel> OpenTerminalChannel(const oci::Process& process,
                                            const std::string& console_socket) {
  TerminalChannel channel;
  if (!process.terminal) {
    return channel;
  }
  if (!console_socket.empty()) {
    auto connected = base::ConnectUnix(console_socket);
    if (!connected) {
      return std::unexpected(std::move(connected).error().Wrap("--console-socket"));
    }
    channel.child_end = std::move(*connected);
    return channel;
  }
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    return base::FailErrno("socketpair");
  }
  channel.parent_end.Reset(pair[0]);
  channel.child_end.Reset(pair[1]);
  return channel;
}

}  // namespace mayfly::container
