#include "isolate/own_program.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

#include "base/file.h"
#include "base/own_program.h"
#include "isolate/mount_api.h"

namespace mayfly::isolate {

using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

constexpr const char* kLink = "/proc/self/exe";

bool CannotBeWritten(const std::string& path) {
  struct statvfs info{};
  return path.starts_with("/memfd:") ||
         (::statvfs(kLink, &info) == 0 && (info.f_flag & ST_RDONLY) != 0) ||
         ::access(kLink, W_OK) != 0;
}

Result<UniqueFd> ReadOnlyMount(const std::string& path) {
  MAYFLY_ASSIGN(UniqueFd mount, CloneTree(AT_FDCWD, path, Recursion::kTopOnly));
  MAYFLY_TRY(SetAttributes(mount.get(), MOUNT_ATTR_RDONLY, 0, 0, Recursion::kTopOnly));
  return mount;
}

Result<UniqueFd> SealedCopy() {
#ifndef MFD_EXEC
  constexpr unsigned int MFD_EXEC = 0x10U;
#endif
  constexpr unsigned int kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  UniqueFd copy(::memfd_create("mayfly", kFlags | MFD_EXEC));
  if (!copy.valid() && errno == EINVAL) {  // before Linux 6.3
    copy = UniqueFd(::memfd_create("mayfly", kFlags));
  }
  if (!copy.valid()) {
    return FailErrno("memfd_create");
  }
  MAYFLY_ASSIGN(const UniqueFd own, base::Open(kLink, O_RDONLY));
  struct stat info{};
  if (::fstat(own.get(), &info) != 0) {
    return FailErrno("fstat {}", kLink);
  }
  for (off_t done = 0; done < info.st_size;) {
    if (::sendfile(copy.get(), own.get(), &done, static_cast<size_t>(info.st_size - done)) <= 0) {
      return FailErrno("copy {}", kLink);
    }
  }
  if (::fchmod(copy.get(), 0500) != 0 ||
      ::fcntl(copy.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) !=
          0) {
    return FailErrno("seal a copy of {}", kLink);
  }
  return copy;
}

}  // namespace

Result<void> RunReadOnly(char** arguments) {
  MAYFLY_ASSIGN(const std::string path, base::OwnProgram());
  std::string link(sizeof "/memfd:", '\0');
  const ssize_t size = ::readlink(kLink, link.data(), link.size());
  link.resize(size > 0 ? static_cast<size_t>(size) : 0);
  if (CannotBeWritten(link)) {
    // Before Linux 6.14 a program that was executed by its descriptor bears that one's number.
    (void)::prctl(PR_SET_NAME, path.substr(path.find_last_of('/') + 1).c_str(), 0, 0, 0);
    return {};
  }
  auto program = ReadOnlyMount(path);
  if (!program) {
    program = SealedCopy();
  }
  if (!program) {
    return std::unexpected(std::move(program).error());
  }
  if (::setenv(base::kOwnProgramVariable, path.c_str(), 1) != 0) {
    return FailErrno("setenv {}", base::kOwnProgramVariable);
  }
  ::syscall(SYS_execveat, program->get(), "", arguments, environ, AT_EMPTY_PATH);
  return FailErrno("execute {} anew", path);
}

}  // namespace mayfly::isolate
