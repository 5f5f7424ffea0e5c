// Exit codes of every function, and the one way to leave with an error.
//
// Text goes to stderr as "NAME: what failed", lower case, no full stop. Functions are short-lived
// programs: leaving at once is how they handle errors, there is nothing to unwind.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <string_view>

namespace mayfly::suite {

enum class Exit {
  kOk = 0,
  kFailure = 1,  // I/O or run time: a missing file, no memory, a closed stdout
  kUsage = 2,    // a missing or bad argument
};

// Set by each program as its first act; the prefix of error texts.
inline const char* program_name = "suite";

// A file that is worth nothing half written: removed by Fail(), if it is a regular one.
inline const char* unfinished_file = nullptr;

// Joins the parts to one line on stderr (one write, so that lines of several programs do not mix)
// and exits.
[[noreturn]] inline void Fail(Exit code, std::initializer_list<std::string_view> parts) {
  char line[1024];
  size_t used = 0;
  auto append = [&](std::string_view text) {
    size_t count = text.size() < sizeof line - 1 - used ? text.size() : sizeof line - 1 - used;
    memcpy(line + used, text.data(), count);
    used += count;
  };
  append(program_name);
  append(": ");
  for (std::string_view part : parts) append(part);
  line[used++] = '\n';
  // Nothing is left to do if stderr is closed.
  [[maybe_unused]] ssize_t ignored = write(STDERR_FILENO, line, used);
  struct stat status;
  if (unfinished_file != nullptr && stat(unfinished_file, &status) == 0 &&
      S_ISREG(status.st_mode)) {
    unlink(unfinished_file);
  }
  _Exit(static_cast<int>(code));
}

}  // namespace mayfly::suite
