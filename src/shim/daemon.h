// Daemon: the shim that stays: event loop, server, publisher and task service put together.
//
// It has no standard streams, no controlling terminal and the root directory as its own; it reaps
// every child, also those that containers without a pid namespace leave behind.
//
// Threads: one. Fork: runs in the child of `start`.
#pragma once

#include <string>

#include "base/unique_fd.h"
#include "shim/command_line.h"

namespace mayfly::shim {

// Returns the process's exit status, after Shutdown. Removes the socket at `path`.
int RunDaemon(const CommandLine& line, const std::string& path, base::UniqueFd listener);

}  // namespace mayfly::shim
