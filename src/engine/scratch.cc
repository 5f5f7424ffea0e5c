#include "engine/scratch.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "base/file.h"

namespace mayfly::engine {

using base::Result;
using base::UniqueFd;

namespace {

// A file system in memory, mounted nowhere; invalid where it cannot be had.
UniqueFd MakeMemoryFileSystem() {
  const UniqueFd context(static_cast<int>(::syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC)));
  if (!context.valid() ||
      // Whoever compiles may be another user than root by then.
      ::syscall(SYS_fsconfig, context.get(), FSCONFIG_SET_STRING, "mode", "0777", 0) != 0 ||
      ::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return {};
  }
  return UniqueFd(static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC,
                                             MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)));
}

std::string TemporaryDirectory() {
  const char* set = ::secure_getenv("TMPDIR");
  return set != nullptr && *set == '/' ? set : "/tmp";
}

}  // namespace

Scratch::Scratch(UniqueFd fd, std::string path)
    : fd_(std::move(fd)), path_(std::move(path)), maker_(::getpid()) {}

Scratch::Scratch(Scratch&& other) noexcept
    : fd_(std::move(other.fd_)), path_(std::exchange(other.path_, "")), maker_(other.maker_) {}

Scratch::~Scratch() {
  if (!path_.empty() && ::getpid() == maker_) {
    (void)base::RemoveTreeAt(AT_FDCWD, path_);
  }
}

Result<Scratch> Scratch::Make() {
  if (UniqueFd fd = MakeMemoryFileSystem(); fd.valid()) {
    return Scratch(std::move(fd), "");
  }
  std::string path = TemporaryDirectory() + "/mayfly-scratch-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) {
    return base::FailErrno("make scratch directory {}", path);
  }
  Scratch scratch(UniqueFd(), path);
  MAYFLY_ASSIGN(scratch.fd_, base::Open(path, O_RDONLY | O_DIRECTORY));
  return scratch;
}

Result<void> Scratch::Enter() const {
  if (::fchdir(fd_.get()) != 0) {
    return base::FailErrno("enter scratch directory");
  }
  return {};
}

}  // namespace mayfly::engine
