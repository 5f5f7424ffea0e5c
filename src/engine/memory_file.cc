#include "engine/memory_file.h"

#include <fcntl.h>
#include <sys/mman.h>

namespace mayfly::engine {

base::Result<base::UniqueFd> MakeMemoryFile() {
  base::UniqueFd fd(::memfd_create("mayfly-code", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) {
    return base::FailErrno("memfd_create");
  }
  return fd;
}

base::Result<void> SealMemoryFile(int fd) {
  if (::fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return base::FailErrno("seal the compiled code");
  }
  return {};
}

}  // namespace mayfly::engine
