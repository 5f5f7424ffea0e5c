// diskio: writes a file of equal lines through a small buffer and reads it back line by line.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "support/arguments.h"
#include "support/array.h"
#include "support/output_file.h"
#include "support/stdout_writer.h"

namespace mayfly::suite {
namespace {

constexpr std::string_view kUsage = "usage: diskio [--lines N] [--fsync] [FILE]";
constexpr const char* kDefaultPath = "/context/test.txt";
constexpr uint32_t kDefaultLines = 100000;
constexpr std::string_view kLine = "Benchmarking...\n";
constexpr size_t kBufferBytes = 4096;

// Line by line, as a program does that has them at different times.
void WriteLines(uint32_t lines, OutputFile& file) {
  char buffer[kBufferBytes];
  size_t used = 0;
  for (uint32_t i = 0; i < lines; ++i) {
    std::string_view rest = kLine;
    while (rest.size() > kBufferBytes - used) {
      size_t part = kBufferBytes - used;
      memcpy(buffer + used, rest.data(), part);
      rest.remove_prefix(part);
      file.Write(buffer, kBufferBytes);
      used = 0;
    }
    memcpy(buffer + used, rest.data(), rest.size());
    used += rest.size();
  }
  file.Write(buffer, used);
}

// Cuts what is read into lines, each a piece of memory of its own, and counts those as written.
uint64_t ReadLines(const char* path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) Fail(Exit::kFailure, {"open ", path, ": ", strerror(errno)});
  char buffer[kBufferBytes];
  uint64_t equal = 0;
  Array<char> begun;  // the start of a line that goes on in the next buffer
  for (;;) {
    ssize_t count = read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) Fail(Exit::kFailure, {"read ", path, ": ", strerror(errno)});
    if (count == 0) break;
    std::string_view rest(buffer, static_cast<size_t>(count));
    while (!rest.empty()) {
      size_t newline = rest.find('\n');
      size_t part = newline == std::string_view::npos ? rest.size() : newline + 1;
      Array<char> line(begun.size() + part);
      if (begun.size() > 0) memcpy(line.data(), begun.data(), begun.size());
      memcpy(line.data() + begun.size(), rest.data(), part);
      rest.remove_prefix(part);
      if (newline == std::string_view::npos) {
        begun.Resize(line.size());
        memcpy(begun.data(), line.data(), line.size());
      } else {
        begun.Resize(0);
        equal += std::string_view(line.data(), line.size()) == kLine;
      }
    }
  }
  close(fd);
  return equal;
}

void Announce(std::string_view action, const char* path) {
  StdoutWriter out;
  for (std::string_view part :
       {action, std::string_view(" "), std::string_view(path), std::string_view("...\n")}) {
    out.Write(part);
  }
  out.Flush();
}

}  // namespace
}  // namespace mayfly::suite

int main(int argc, char** argv) {
  using namespace mayfly::suite;
  program_name = "diskio";
  Arguments arguments(argc, argv, kUsage);
  uint32_t lines = arguments.Count<uint32_t>("--lines", kDefaultLines);
  bool sync = arguments.Flag("--fsync");
  // Operands after the first are ignored.
  const char* path = arguments.Operands() > 0 ? arguments.Path(0) : kDefaultPath;
  Announce("Writing", path);
  OutputFile file(path);
  WriteLines(lines, file);
  if (sync) file.Sync();
  file.Close();

  Announce("Reading", path);
  if (ReadLines(path) != lines) {
    Fail(Exit::kFailure, {"read ", path, ": not what was written"});
  }
  return 0;
}
