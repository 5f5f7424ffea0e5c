// Unix sockets: connecting by path, and descriptors sent over them.
//
// Sources: unix(7) "SCM_RIGHTS". Ownership: a received descriptor is the caller's, O_CLOEXEC from
// birth. Fork: usable in a child.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace mayfly::base {

// A stream connection to the socket at `path`, however long the path is (an address has room for
// 107 characters).
Result<UniqueFd> ConnectUnix(const std::string& path);

// Sends one descriptor with `text` as the bytes that must go along (at least one).
Result<void> SendDescriptor(int socket, int fd, std::string_view text);
// Waits for one; the bytes that come along are dropped. An end of the stream or a message without
// exactly one descriptor is an error of kind invalid.
Result<UniqueFd> ReceiveDescriptor(int socket);

}  // namespace mayfly::base
