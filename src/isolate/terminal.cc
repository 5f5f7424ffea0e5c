#include "isolate/terminal.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/path.h"
#include "isolate/mount_api.h"

namespace mayfly::isolate {

using base::ErrorKind;
using base::Fail;
using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

constexpr unsigned kPtmxMajor = 5;
constexpr unsigned kPtmxMinor = 2;
// Documentation/admin-guide/devices.txt: 136 to 143 are the slaves.
constexpr unsigned kSlaveMajorFirst = 136;
constexpr unsigned kSlaveMajorLast = 143;

bool IsOnDevpts(int fd) {
  struct statfs info{};
  return ::fstatfs(fd, &info) == 0 && info.f_type == DEVPTS_SUPER_MAGIC;
}

bool IsPtmx(int fd) {
  struct stat info{};
  return ::fstat(fd, &info) == 0 && S_ISCHR(info.st_mode) &&
         info.st_rdev == makedev(kPtmxMajor, kPtmxMinor) && IsOnDevpts(fd);
}

bool IsSlave(int fd) {
  struct stat info{};
  return ::fstat(fd, &info) == 0 && S_ISCHR(info.st_mode) &&
         major(info.st_rdev) >= kSlaveMajorFirst && major(info.st_rdev) <= kSlaveMajorLast &&
         IsOnDevpts(fd);
}

}  // namespace

Result<Terminal> OpenTerminal(int root) {
  Terminal terminal;
  // Not blocking: whoever lives in the container may have put a FIFO there.
  auto master = base::OpenInRoot(root, "/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK, 0,
                                 base::Symlinks::kRefuse);
  if (!master) {
    return std::unexpected(std::move(master).error().Wrap("process.terminal"));
  }
  terminal.master = std::move(*master);
  if (!IsPtmx(terminal.master.get())) {
    return Fail(ErrorKind::kInvalid,
                "process.terminal: /dev/pts/ptmx is not that of a devpts file system");
  }
  const int unlocked = 0;
  if (::ioctl(terminal.master.get(), TIOCSPTLCK, &unlocked) != 0) {
    return FailErrno("process.terminal: unlock the terminal");
  }
  terminal.slave.Reset(::ioctl(terminal.master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!terminal.slave.valid()) {
    return FailErrno("process.terminal: open the terminal's other end");
  }
  if (!IsSlave(terminal.slave.get())) {
    return Fail(ErrorKind::kInvalid, "process.terminal: the kernel gave something else");
  }
  // Who gets the master expects an ordinary descriptor.
  const int flags = ::fcntl(terminal.master.get(), F_GETFL);
  if (flags < 0 || ::fcntl(terminal.master.get(), F_SETFL, flags & ~O_NONBLOCK) != 0) {
    return FailErrno("process.terminal");
  }
  return terminal;
}

Result<void> BindConsole(int root, int slave) {
  auto bound = [&]() -> Result<void> {
    MAYFLY_ASSIGN(const UniqueFd tree, CloneTree(slave, "", Recursion::kTopOnly));
    MAYFLY_ASSIGN(const UniqueFd target, base::MakeFileInRoot(root, "/dev/console", 0666));
    return Attach(tree.get(), target.get());
  }();
  MAYFLY_TRY_AS(std::move(bound), "process.terminal: /dev/console");
  return {};
}

Result<void> TakeTerminal(int slave, const oci::Process& process) {
  if (process.console_rows != 0 || process.console_columns != 0) {
    winsize size{};
    size.ws_row = process.console_rows;
    size.ws_col = process.console_columns;
    if (::ioctl(slave, TIOCSWINSZ, &size) != 0) {
      return FailErrno("process.consoleSize");
    }
  }
  // The group stays devpts's (its option gid=, usually "tty").
  if (::fchown(slave, process.user.uid, static_cast<gid_t>(-1)) != 0) {
    return FailErrno("process.user.uid {}: give it the terminal", process.user.uid);
  }
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::dup2(slave, fd) < 0) {
      return FailErrno("process.terminal: standard streams");
    }
  }
  if (::ioctl(STDIN_FILENO, TIOCSCTTY, 0) != 0) {
    return FailErrno("process.terminal: take it as the controlling terminal");
  }
  return {};
}

}  // namespace mayfly::isolate
