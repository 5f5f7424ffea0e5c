// Paths inside a container's rootfs: resolved beneath it by the kernel, never by string work alone.
//
// The container's author controls every symbolic link in the rootfs; openat2(2) with
// RESOLVE_IN_ROOT resolves them as the container would see them, so no path leads out
// (CVE-2021-30465 and its kin).
//
// Sources: openat2(2) "The resolve field"; kernel 5.6 or newer, an older kernel gets ENOSYS.
// Fork: usable in a child.
#pragma once

#include <fcntl.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace mayfly::base {

// Opens `path` (absolute or relative, both meaning "from the root") with the directory `root` as
// "/". Links on /proc that lead out of the tree (magic links) are refused. O_CLOEXEC is added.
// kRefuse fails with ELOOP when any part of the path is a symbolic link.
enum class Symlinks : unsigned char { kFollowInRoot, kRefuse };
Result<UniqueFd> OpenInRoot(int root, std::string_view path, int flags, mode_t mode = 0,
                            Symlinks symlinks = Symlinks::kFollowInRoot);

// mkdir -p inside the root; existing directories and symbolic links to directories inside are
// followed. Returns an O_PATH descriptor of the last directory.
Result<UniqueFd> MakeDirsInRoot(int root, std::string_view path, mode_t mode);

// Creates an empty file where there is nothing (for a bind mount's target), with its parents.
// Returns an O_PATH descriptor of what is there.
Result<UniqueFd> MakeFileInRoot(int root, std::string_view path, mode_t mode);

// "/proc/self/fd/N": a name for an open descriptor, for calls that only take paths.
std::string FdPath(int fd);

// Lexical clean-up: "/a//b/./c/../d" -> "/a/b/d"; ".." never climbs over "/". Result starts with
// "/".
std::string CleanAbsolute(std::string_view path);

}  // namespace mayfly::base
