// Messages between the command (parent) and the container's init, over a SOCK_SEQPACKET socket.
//
//   parent                      init
//     | -- ids mapped -----------> |   only with a new user namespace: the init becomes its root
//     | -- cgroup made ----------> |   with its limits: the init joins it
//     | <------------- mounted --- |   only with hooks before pivot_root: they run now
//     | -- hooks run ------------> |
//     | <--------------- ready --- |   every restriction is in place, it waits
//     | -- start ----------------> |   (by `run` on this socket, by `start` on a connection to
//     start.sock) | <--------------- error --- |   any time: what failed; the init ends
//   The end of the stream after `start` means that the guest runs.
//
// Ownership: functions borrow the descriptor. Fork: both sides.
#pragma once

#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"

namespace mayfly::container {

enum class MessageType : unsigned char {
  kCgroupMade = 1,
  kReady,
  kStart,
  kError,
  kIdsMapped,  // only with a new user namespace
  kMounted,    // only with hooks before pivot_root
  kHooksRun,
  kNoCgroup,  // instead of kCgroupMade, where there is no right to make one
  kEndOfStream
};

struct Message {
  MessageType type = MessageType::kEndOfStream;
  // With kError: what the init says went wrong.
  base::Error error{base::ErrorKind::kSystem, ""};
};

// The two ends of such a socket: the parent's and the init's.
base::Result<std::pair<base::UniqueFd, base::UniqueFd>> OpenMessagePair();

base::Result<void> SendMessage(int socket, MessageType type);
base::Result<void> SendError(int socket, const base::Error& error);
// Waits for the next message; a closed socket gives kEndOfStream.
base::Result<Message> ReceiveMessage(int socket);

}  // namespace mayfly::container
