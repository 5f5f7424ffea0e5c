#include "base/own_program.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace mayfly::base {

Result<std::string> OwnProgram() {
  constexpr const char* kLink = "/proc/self/exe";
  std::array<char, 4096> buffer;
  const ssize_t size = ::readlink(kLink, buffer.data(), buffer.size());
  if (size <= 0 || static_cast<size_t>(size) == buffer.size()) {
    return FailErrno("read {}", kLink);
  }
  std::string path(buffer.data(), static_cast<size_t>(size));
  const char* noted = std::getenv(kOwnProgramVariable);
  if (noted == nullptr) {
    return path;
  }
  // Another program's children inherit the variable: it counts only for the file that it names.
  struct stat own{};
  struct stat named{};
  const bool copy = path.starts_with("/memfd:");
  if (copy || (::stat(kLink, &own) == 0 && ::stat(noted, &named) == 0 &&
               own.st_dev == named.st_dev && own.st_ino == named.st_ino)) {
    path = noted;
  }
  return path;
}

}  // namespace mayfly::base
