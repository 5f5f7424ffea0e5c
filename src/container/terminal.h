// The command's side of a guest's terminal: over which socket the child hands out the master.
//
// With --console-socket the child sends it to whoever listens there (containerd's shim, conmon)
// and this command never holds it; without, it comes over a pair of sockets to this command, which
// stays in the foreground and carries the bytes (foreground.h).
//
// Fork: parent only.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "container/container.h"
#include "oci/spec.h"

namespace mayfly::container {

// process.terminal, --console-socket and --detach must fit together, as runc has it.
base::Result<void> CheckTerminal(const oci::Process& process, const std::string& console_socket,
                                 RunMode mode);

struct TerminalChannel {
  base::UniqueFd child_end;   // -1: no terminal
  base::UniqueFd parent_end;  // -1: the master goes to the console socket
};
base::Result<TerminalChannel> OpenTerminalChannel(const oci::Process& process,
                                                  const std::string& console_socket);

}  // namespace mayfly::container
