// Paths inside a container's rootfs: resolved beneath it by the kernel, never by string work alone.
//
// The container's author controls every symbolic link in the rootfs; openat2(2) with
// RESOLVE_IN_ROOT resolves them as the container would see them, so no path leads out
// (CVE-2021-30465 and its kin).
//
// Where openat2(2) is not to be had (kernels before 5.6, a filter around the runtime) the path is
// walked part by part with descriptors, with the same result or a refusal.
//
// Sources: openat2(2) "The resolve field".
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

// The same by walking, for OpenInRoot where there is no openat2(2). Stricter in one thing: no
// symbolic link of a procfs is followed.
Result<UniqueFd> WalkInRoot(int root, std::string_view path, int flags, mode_t mode,
                            Symlinks symlinks);

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
