#include "isolate/copy_up.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>

#include "base/file.h"
#include "base/unique_fd.h"

namespace mayfly::isolate {

using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

struct DirCloser {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

Result<void> CopyOwner(int fd, const struct stat& info, const std::string& name) {
  if (::fchown(fd, info.st_uid, info.st_gid) != 0 || ::fchmod(fd, info.st_mode & 07777) != 0) {
    return FailErrno("owner and mode of {}", name);
  }
  return {};
}

Result<void> CopyFile(int from, int to, const std::string& name, const struct stat& info) {
  MAYFLY_ASSIGN(const UniqueFd in, base::OpenAt(from, name, O_RDONLY | O_NOFOLLOW));
  MAYFLY_ASSIGN(const UniqueFd out, base::OpenAt(to, name, O_WRONLY | O_CREAT | O_EXCL, 0600));
  off_t left = info.st_size;
  while (left > 0) {
    const ssize_t moved = ::sendfile(out.get(), in.get(), nullptr, static_cast<size_t>(left));
    if (moved < 0) {
      return FailErrno("copy {}", name);
    }
    if (moved == 0) {
      break;
    }
    left -= moved;
  }
  return CopyOwner(out.get(), info, name);
}

Result<void> CopyLink(int from, int to, const std::string& name) {
  std::array<char, 4096> target;
  const ssize_t size = ::readlinkat(from, name.c_str(), target.data(), target.size() - 1);
  if (size < 0) {
    return FailErrno("read link {}", name);
  }
  target[static_cast<size_t>(size)] = '\0';
  if (::symlinkat(target.data(), to, name.c_str()) != 0) {
    return FailErrno("link {}", name);
  }
  return {};
}

Result<void> CopyEntry(int from, int to, const std::string& name) {
  struct stat info{};
  if (::fstatat(from, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return FailErrno("stat {}", name);
  }
  if (S_ISREG(info.st_mode)) {
    return CopyFile(from, to, name, info);
  }
  if (S_ISLNK(info.st_mode)) {
    return CopyLink(from, to, name);
  }
  if (S_ISDIR(info.st_mode)) {
    if (::mkdirat(to, name.c_str(), 0700) != 0) {
      return FailErrno("mkdir {}", name);
    }
    MAYFLY_ASSIGN(const UniqueFd in, base::OpenAt(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    MAYFLY_ASSIGN(const UniqueFd out, base::OpenAt(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    MAYFLY_TRY_AS(CopyUp(in.get(), out.get()), "{}", name);
    return CopyOwner(out.get(), info, name);
  }
  return {};
}

}  // namespace

Result<void> CopyUp(int from, int to) {
  MAYFLY_ASSIGN(UniqueFd readable, base::OpenAt(from, ".", O_RDONLY | O_DIRECTORY));
  const std::unique_ptr<DIR, DirCloser> dir(::fdopendir(readable.get()));
  if (!dir) {
    return FailErrno("read directory");
  }
  const int in = readable.Release();  // closedir closes it
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") {
      MAYFLY_TRY(CopyEntry(in, to, name));
    }
  }
  return {};
}

}  // namespace mayfly::isolate
