#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstdio>
#include <memory>

namespace mayfly::base {

Result<UniqueFd> OpenAt(int at, const std::string& path, int flags, mode_t mode) {
  int fd;
  do {
    fd = ::openat(at, path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) {
    return FailErrno("open {}", path);
  }
  return UniqueFd(fd);
}

Result<UniqueFd> Open(const std::string& path, int flags, mode_t mode) {
  return OpenAt(AT_FDCWD, path, flags, mode);
}

Result<std::string> ReadAll(int fd, std::string_view name, size_t max_bytes) {
  std::string bytes;
  struct stat info{};
  size_t chunk = 4096;
  if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0) {
    chunk = std::min<size_t>(static_cast<size_t>(info.st_size) + 1, max_bytes + 1);
  }
  while (true) {
    const size_t used = bytes.size();
    bytes.resize(used + chunk);
    ssize_t got;
    do {
      got = ::read(fd, bytes.data() + used, chunk);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
      return FailErrno("read {}", name);
    }
    bytes.resize(used + static_cast<size_t>(got));
    if (got == 0) {
      return bytes;
    }
    if (bytes.size() > max_bytes) {
      return Fail(ErrorKind::kInvalid, "{}: larger than {} bytes", name, max_bytes);
    }
    chunk = std::max<size_t>(chunk / 2, 4096);
  }
}

Result<std::string> ReadFile(const std::string& path, size_t max_bytes) {
  MAYFLY_ASSIGN(const UniqueFd fd, Open(path, O_RDONLY));
  return ReadAll(fd.get(), path, max_bytes);
}

Result<void> WriteAll(int fd, std::string_view bytes, std::string_view name) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0) {
      if (errno == EINTR) {
        continue;
      }
      return FailErrno("write {}", name);
    }
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return {};
}

Result<void> WriteExistingAt(int at, const std::string& path, std::string_view value,
                             std::string_view shown_path) {
  int fd = ::openat(at, path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) {
    return FailErrno("open {}", shown_path);
  }
  const UniqueFd owner(fd);
  ssize_t put;
  do {
    put = ::write(fd, value.data(), value.size());
  } while (put < 0 && errno == EINTR);
  if (put < 0) {
    return FailErrno("write \"{}\" to {}", value, shown_path);
  }
  return {};
}

Result<void> WriteExisting(const std::string& path, std::string_view value) {
  return WriteExistingAt(AT_FDCWD, path, value, path);
}

Result<void> ReplaceFileAt(int at, const std::string& name, std::string_view bytes, mode_t mode,
                           Durability durability) {
  const std::string temporary = fmt::format("{}.{}.tmp", name, ::getpid());
  {
    MAYFLY_ASSIGN(const UniqueFd fd,
                  OpenAt(at, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode));
    Result<void> written = WriteAll(fd.get(), bytes, temporary);
    if (written && durability == Durability::kSynced && ::fsync(fd.get()) != 0) {
      written = FailErrno("fsync {}", temporary);
    }
    if (!written) {
      ::unlinkat(at, temporary.c_str(), 0);
      return written;
    }
  }
  if (::renameat(at, temporary.c_str(), at, name.c_str()) != 0) {
    auto failed = FailErrno("rename {} to {}", temporary, name);
    ::unlinkat(at, temporary.c_str(), 0);
    return failed;
  }
  return {};
}

Result<void> MakeDirs(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0) {
    return {};
  }
  if (errno == ENOENT) {
    const size_t slash = path.find_last_of('/');
    if (slash != std::string::npos && slash > 0) {
      MAYFLY_TRY(MakeDirs(path.substr(0, slash), mode));
      if (::mkdir(path.c_str(), mode) == 0) {
        return {};
      }
    }
  }
  struct stat info{};
  if (errno == EEXIST && ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
    return {};
  }
  return FailErrno("mkdir {}", path);
}

namespace {

struct DirCloser {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
using UniqueDir = std::unique_ptr<DIR, DirCloser>;

bool IsDots(const char* name) {
  return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

// Opens a directory without going through a mount; a bind mount of the same file system is one,
// too, so that device numbers would not tell.
Result<UniqueFd> OpenUnmounted(int at, const std::string& name) {
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
  const long fd = ::syscall(SYS_openat2, at, name.c_str(), &how, sizeof how);
  if (fd < 0 && errno == EXDEV) {
    return Fail(ErrorKind::kState, "remove {}: a file system is mounted there", name);
  }
  if (fd < 0) {
    return FailErrno("open {}", name);
  }
  return UniqueFd(static_cast<int>(fd));
}

}  // namespace

Result<void> RemoveTreeAt(int at, const std::string& name) {
  if (::unlinkat(at, name.c_str(), 0) == 0 || errno == ENOENT) {
    return {};
  }
  if (errno != EISDIR && errno != EPERM) {
    return FailErrno("remove {}", name);
  }
  MAYFLY_ASSIGN(UniqueFd fd, OpenUnmounted(at, name));
  const UniqueDir dir(::fdopendir(fd.get()));
  if (!dir) {
    return FailErrno("read directory {}", name);
  }
  const int dir_fd = fd.Release();  // closedir closes it
  while (const dirent* entry = ::readdir(dir.get())) {
    if (!IsDots(entry->d_name)) {
      MAYFLY_TRY_AS(RemoveTreeAt(dir_fd, entry->d_name), "{}", name);
    }
  }
  if (::unlinkat(at, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
    return FailErrno("rmdir {}", name);
  }
  return {};
}

Result<std::vector<std::string>> ListDirectory(const std::string& path) {
  const UniqueDir dir(::opendir(path.c_str()));
  if (!dir) {
    return FailErrno("read directory {}", path);
  }
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir.get())) {
    if (!IsDots(entry->d_name)) {
      names.emplace_back(entry->d_name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool PathExists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace mayfly::base
