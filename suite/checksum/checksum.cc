// checksum: MD5, SHA-256 and SHA-512 of a file, each in a pass of its own.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "checksum/md5.h"
#include "checksum/sha512.h"
#include "support/arguments.h"
#include "support/sha256.h"
#include "support/stdout_writer.h"

namespace mayfly::suite {
namespace {

constexpr std::string_view kUsage = "usage: checksum [--loops N] [--compat] FILE";

// Opens, reads in pieces of 32 KiB and closes, as one of the original's passes does.
template <typename Algorithm>
auto HashFile(const char* path) {
  static char buffer[32 * 1024];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) Fail(Exit::kFailure, {"open ", path, ": ", strerror(errno)});
  Algorithm digest;
  for (;;) {
    ssize_t count = read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) Fail(Exit::kFailure, {"read ", path, ": ", strerror(errno)});
    if (count == 0) break;
    digest.Update(buffer, static_cast<size_t>(count));
  }
  close(fd);
  return digest.Hex();
}

struct Digests {
  decltype(Sha256().Hex()) sha256;
  decltype(Sha512().Hex()) sha512;
  decltype(Md5().Hex()) md5;
};

void PrintLine(std::string_view label, std::string_view hex, const char* path, StdoutWriter& out) {
  for (std::string_view part : {std::string_view("\t"), label, hex, std::string_view("\t"),
                                std::string_view(path), std::string_view("\n")}) {
    out.Write(part);
  }
}

template <size_t kSize>
std::string_view Text(const std::array<char, kSize>& hex) {
  return {hex.data(), hex.size()};
}

void RefuseDirectory(const char* path) {
  struct stat status;
  if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
    Fail(Exit::kFailure, {"read ", path, ": is a directory"});
  }
}

}  // namespace
}  // namespace mayfly::suite

int main(int argc, char** argv) {
  using namespace mayfly::suite;
  program_name = "checksum";
  Arguments arguments(argc, argv, kUsage);
  uint32_t loops = arguments.Count<uint32_t>("--loops", 1);
  bool compatible = arguments.Flag("--compat");
  if (arguments.Operands() != 1) arguments.FailUsage();
  const char* path = arguments.Path(0);
  StdoutWriter out;
  RefuseDirectory(path);
  if (compatible && access(path, F_OK) != 0 && errno == ENOENT) {
    // The original goes on without a file.
    for (std::string_view label : {"MD5: ", "SHA256: ", "SHA512: "}) {
      PrintLine(label, "", path, out);
    }
  } else {
    Digests digests;
    for (uint32_t i = 0; i < loops; ++i) {
      digests = {HashFile<Sha256>(path), HashFile<Sha512>(path), HashFile<Md5>(path)};
    }
    PrintLine("MD5: ", Text(digests.md5), path, out);
    PrintLine("SHA256: ", Text(digests.sha256), path, out);
    PrintLine("SHA512: ", Text(digests.sha512), path, out);
  }
  out.Flush();
  return 0;
}
