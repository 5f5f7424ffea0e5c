// Files: whole-file reads and writes, atomic replacement, directories, all with errors that name
// the path.
//
// Paths here are the host's; paths inside a container's rootfs go through base/path.h.
// Fork: usable in a child.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace mayfly::base {

// open(2) with O_CLOEXEC added. `at` is a directory descriptor or AT_FDCWD.
Result<UniqueFd> OpenAt(int at, const std::string& path, int flags, mode_t mode = 0);
Result<UniqueFd> Open(const std::string& path, int flags, mode_t mode = 0);

// The rest of the file from its current offset; fails when it holds more than max_bytes.
Result<std::string> ReadAll(int fd, std::string_view name, size_t max_bytes);
Result<std::string> ReadFile(const std::string& path, size_t max_bytes = 64U << 20);

// Writes all bytes, going on after short writes and EINTR.
Result<void> WriteAll(int fd, std::string_view bytes, std::string_view name);

// One write(2) to an existing file (cgroup and proc files want the value whole); no O_CREAT, no
// O_TRUNC.
Result<void> WriteExisting(const std::string& path, std::string_view value);
Result<void> WriteExistingAt(int at, const std::string& path, std::string_view value,
                             std::string_view shown_path);

// Replaces `name` in the directory `at` atomically: temporary file, fsync when durable, rename.
// A reader sees the old content or the new one, never a part.
enum class Durability : unsigned char { kAtomic, kSynced };
Result<void> ReplaceFileAt(int at, const std::string& name, std::string_view bytes, mode_t mode,
                           Durability durability = Durability::kAtomic);

// mkdir -p: parents get mode as well; an existing directory is fine.
Result<void> MakeDirs(const std::string& path, mode_t mode);

// rm -r below the directory `at`, never following symbolic links; a mount in it, bind mounts
// included, is an error of kind state. A missing entry is fine.
Result<void> RemoveTreeAt(int at, const std::string& name);

// The names in a directory, sorted, without "." and "..".
Result<std::vector<std::string>> ListDirectory(const std::string& path);

bool PathExists(const std::string& path);

}  // namespace mayfly::base
