#include "base/path.h"

#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <optional>
#include <vector>

namespace mayfly::base {

namespace {

std::vector<std::string> Components(std::string_view path) {
  std::vector<std::string> parts;
  size_t at = 0;
  while (at < path.size()) {
    const size_t slash = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, slash - at);
    if (!part.empty() && part != ".") {
      parts.emplace_back(part);
    }
    at = slash + 1;
  }
  return parts;
}

}  // namespace

Result<UniqueFd> OpenInRoot(int root, std::string_view path, int flags, mode_t mode,
                            Symlinks symlinks) {
  open_how how{};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
  how.mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? mode : 0;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  if (symlinks == Symlinks::kRefuse) {
    how.resolve |= RESOLVE_NO_SYMLINKS;
  }
  const std::string name(path.empty() ? "/" : path);
  long fd;
  do {
    fd = ::syscall(SYS_openat2, root, name.c_str(), &how, sizeof how);
    // EAGAIN: a rename raced with the resolution of "..", openat2(2) says to try again.
  } while (fd < 0 && (errno == EINTR || errno == EAGAIN));
  if (fd < 0 && (errno == ENOSYS || errno == EPERM)) {
    return WalkInRoot(root, path, flags, mode, symlinks);
  }
  if (fd < 0) {
    return FailErrno("open {} in the rootfs", name);
  }
  return UniqueFd(static_cast<int>(fd));
}

namespace {

// The target of the link that `fd` (O_PATH | O_NOFOLLOW) is; std::nullopt: it is no link, or the
// link itself is wanted. What is neither must be a directory when more of the path is to come.
Result<std::optional<std::string>> LinkTarget(int fd, std::string_view path, Symlinks symlinks,
                                              bool wants_link, bool more) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) {
    return FailErrno("open {} in the rootfs", path);
  }
  if (!S_ISLNK(info.st_mode) && more && !S_ISDIR(info.st_mode)) {
    errno = ENOTDIR;
    return FailErrno("open {} in the rootfs", path);
  }
  if (!S_ISLNK(info.st_mode) || wants_link) {
    return std::nullopt;
  }
  struct statfs system{};
  const bool magic = ::fstatfs(fd, &system) != 0 || system.f_type == PROC_SUPER_MAGIC;
  std::string target(PATH_MAX, '\0');
  const ssize_t size = ::readlinkat(fd, "", target.data(), target.size());
  if (symlinks == Symlinks::kRefuse || magic || size <= 0) {
    errno = ELOOP;
    return FailErrno("open {} in the rootfs", path);
  }
  target.resize(static_cast<size_t>(size));
  return target;
}

}  // namespace

// Each part is opened below the descriptor of the one before, never following a link; links are
// read and put in front of what is left. ".." goes back to a descriptor that was held before, so
// the walk cannot climb out, whatever is renamed meanwhile.
Result<UniqueFd> WalkInRoot(int root, std::string_view path, int flags, mode_t mode,
                            Symlinks symlinks) {
  constexpr int kMaxLinksFollowed = 40;
  std::vector<UniqueFd> below;  // the directories between the root and here
  std::vector<std::string> left = Components(path);
  std::reverse(left.begin(), left.end());
  const bool wants_directory = !path.empty() && path.back() == '/';
  const auto here = [&] { return below.empty() ? root : below.back().get(); };
  int links = 0;
  while (!left.empty()) {
    const std::string part = std::move(left.back());
    left.pop_back();
    if (part == "..") {
      if (!below.empty()) {
        below.pop_back();
      }
      continue;
    }
    UniqueFd next(::openat(here(), part.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    const bool last = left.empty();
    if (!next.valid() && (!last || errno != ENOENT || (flags & O_CREAT) == 0)) {
      return FailErrno("open {} in the rootfs", path);
    }
    if (next.valid()) {
      const bool wants_link = last && (flags & O_NOFOLLOW) != 0;
      MAYFLY_ASSIGN(const auto target, LinkTarget(next.get(), path, symlinks, wants_link, !last));
      if (target) {
        if (++links > kMaxLinksFollowed) {
          errno = ELOOP;
          return FailErrno("open {} in the rootfs", path);
        }
        if (target->starts_with('/')) {
          below.clear();
        }
        std::vector<std::string> parts = Components(*target);
        left.insert(left.end(), parts.rbegin(), parts.rend());
        continue;
      }
    }
    if (last) {
      const int extra = O_NOFOLLOW | O_CLOEXEC | (wants_directory ? O_DIRECTORY : 0);
      UniqueFd opened(::openat(here(), part.c_str(), flags | extra, mode));
      return opened.valid() ? Result<UniqueFd>(std::move(opened))
                            : FailErrno("open {} in the rootfs", path);
    }
    below.push_back(std::move(next));
  }
  UniqueFd opened(::openat(here(), ".", flags | O_CLOEXEC, mode));
  if (!opened.valid()) {
    return FailErrno("open {} in the rootfs", path.empty() ? "/" : path);
  }
  return opened;
}

namespace {

// As many symbolic links as the kernel follows in one path (path_resolution(7)).
constexpr int kMaxLinks = 40;

Result<UniqueFd> MakeDirs(int root, std::string_view path, mode_t mode, int links_left);

// One component below `parent`, which is `prefix` without its last part: made when missing; of a
// link that leads nowhere, its target inside the root.
Result<UniqueFd> MakeComponent(int root, int parent, const std::string& prefix,
                               const std::string& name, mode_t mode, int links_left) {
  auto there = OpenInRoot(root, prefix, O_PATH | O_DIRECTORY);
  if (there || there.error().sys_errno() != ENOENT) {
    return there;
  }
  if (::mkdirat(parent, name.c_str(), mode) == 0) {
    return OpenInRoot(root, prefix, O_PATH | O_DIRECTORY);
  }
  if (errno != EEXIST) {
    return FailErrno("mkdir {} in the rootfs", prefix);
  }
  std::string target(PATH_MAX, '\0');
  const ssize_t size = ::readlinkat(parent, name.c_str(), target.data(), target.size());
  if (size <= 0 || links_left == 0) {
    return OpenInRoot(root, prefix, O_PATH | O_DIRECTORY);
  }
  target.resize(static_cast<size_t>(size));
  const std::string place =
      target.starts_with('/') ? target : prefix.substr(0, prefix.find_last_of('/') + 1) + target;
  return MakeDirs(root, place, mode, links_left - 1);
}

Result<UniqueFd> MakeDirs(int root, std::string_view path, mode_t mode, int links_left) {
  if (auto there = OpenInRoot(root, path, O_PATH | O_DIRECTORY);
      there || there.error().sys_errno() != ENOENT) {
    return there;
  }
  std::string prefix;
  UniqueFd parent;
  MAYFLY_ASSIGN(parent, OpenInRoot(root, "/", O_PATH | O_DIRECTORY));
  for (const std::string& part : Components(CleanAbsolute(path))) {
    prefix.append("/").append(part);
    MAYFLY_ASSIGN(parent, MakeComponent(root, parent.get(), prefix, part, mode, links_left));
  }
  return parent;
}

}  // namespace

Result<UniqueFd> MakeDirsInRoot(int root, std::string_view path, mode_t mode) {
  return MakeDirs(root, path, mode, kMaxLinks);
}

Result<UniqueFd> MakeFileInRoot(int root, std::string_view path, mode_t mode) {
  if (auto there = OpenInRoot(root, path, O_PATH); there || there.error().sys_errno() != ENOENT) {
    return there;
  }
  const std::string clean = CleanAbsolute(path);
  const size_t slash = clean.find_last_of('/');
  MAYFLY_ASSIGN(const UniqueFd parent, MakeDirsInRoot(root, clean.substr(0, slash), 0755));
  const std::string name = clean.substr(slash + 1);
  const int made =
      ::openat(parent.get(), name.c_str(), O_CREAT | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, mode);
  if (made < 0) {
    return FailErrno("create {} in the rootfs", clean);
  }
  const UniqueFd owner(made);
  return OpenInRoot(root, path, O_PATH);
}

std::string FdPath(int fd) { return fmt::format("/proc/self/fd/{}", fd); }

std::string CleanAbsolute(std::string_view path) {
  std::vector<std::string> kept;
  for (std::string& part : Components(path)) {
    if (part == "..") {
      if (!kept.empty()) {
        kept.pop_back();
      }
    } else {
      kept.push_back(std::move(part));
    }
  }
  std::string clean;
  for (const std::string& part : kept) {
    clean.append("/").append(part);
  }
  return clean.empty() ? "/" : clean;
}

}  // namespace mayfly::base
