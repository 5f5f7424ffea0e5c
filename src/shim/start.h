// Start: the command that containerd calls for each task: finds the shim of the task's pod, or
// makes one, and says where it listens.
//
// The socket listens before the daemon is born, and the daemon is a fork of this command: whoever
// reads the address can connect at once, and nothing is executed a second time.
//
// Errors: go to standard error; containerd shows them. Fork: forks the daemon.
#pragma once

#include <string>

#include "base/result.h"
#include "shim/command_line.h"

namespace mayfly::shim {

// In the command: prints the address and returns its exit status. In the daemon: runs it to its
// end.
base::Result<int> Start(const CommandLine& line);

// Where the shim of a pod, or of a task on its own, listens.
std::string SocketPath(const CommandLine& line, const std::string& group);

// The pod that a task belongs to, by the annotations of its config.json; "": none.
base::Result<std::string> GroupOf(const std::string& bundle);

}  // namespace mayfly::shim
