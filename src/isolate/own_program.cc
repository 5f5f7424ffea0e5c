#include "isolate/own_program.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "isolate/mount_api.h"

namespace mayfly::isolate {

using base::FailErrno;
using base::Result;
using base::UniqueFd;

Result<void> RunFromReadOnlyMount(char* const* argv) {
  MAYFLY_ASSIGN(const UniqueFd own, base::Open("/proc/self/exe", O_PATH));
  struct statvfs mount{};
  if (::fstatvfs(own.get(), &mount) != 0) {
    return FailErrno("/proc/self/exe");
  }
  if ((mount.f_flag & ST_RDONLY) != 0) {
    return {};
  }
  MAYFLY_ASSIGN(const UniqueFd clone, CloneTree(own.get(), "", Recursion::kTopOnly));
  MAYFLY_TRY(SetAttributes(clone.get(), MOUNT_ATTR_RDONLY, 0, 0, Recursion::kTopOnly));
  ::syscall(SYS_execveat, clone.get(), "", argv, environ, AT_EMPTY_PATH);
  return FailErrno("run the program from a read-only mount");
}

}  // namespace mayfly::isolate
