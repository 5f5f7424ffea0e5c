// FileIdentity: a name for a file's content that costs three system calls instead of reading it.
//
// Device, inode, size and change time name a content on one local file system; on overlayfs the
// device number belongs to the mount, and each container has its own. There the kernel's file
// handle is used, which holds the lower file system's UUID, the inode and its generation: the same
// for every container that has the layer. docs/design/0005-code-cache-identity.md weighs this
// against forged identities: on file systems whose inodes come from outside (FUSE, network, images)
// a file has no identity here.
//
// Sources: name_to_handle_at(2) with AT_HANDLE_FID (Linux 6.5; overlayfs since 6.6),
//   fs/overlayfs/overlayfs.h "struct ovl_fb", include/linux/exportfs.h "enum fid_type".
// Threads: pure. Fork: usable in a child.
#pragma once

#include <optional>
#include <string>

namespace mayfly::engine {

// std::nullopt when the file has no identity that can be trusted, or changed a moment ago.
std::optional<std::string> FileIdentity(int fd);

}  // namespace mayfly::engine
