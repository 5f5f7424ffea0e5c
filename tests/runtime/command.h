// Command: runs a program with chosen descriptors and waits for it, with a time limit.
//
// stdout and stderr go to files without a name, not to pipes: a container that outlives the command
// that made it (`create`, `run --detach`) keeps them open, and its later output can be read from
// them.
//
// Units: timeouts in seconds. Ownership: Process owns its descriptors and kills what it still runs.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace mayfly::test {

struct CommandOptions {
  std::string stdin_text;
  // Descriptors the program gets besides 0, 1 and 2: its number -> ours. All others are closed.
  std::map<int, int> descriptors;
  // Where stdout goes instead of the file, when >= 0; borrowed.
  int stdout_fd = -1;
  int stdin_fd = -1;
  std::string directory;
  std::map<std::string, std::string> environment;  // added to ours
  int timeout_seconds = 60;
};

class Process {
 public:
  Process(const std::vector<std::string>& argv, const CommandOptions& options);
  ~Process();
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;

  pid_t pid() const { return pid_; }
  // The exit status as a shell gives it. After the time limit the program is killed: 124.
  int Wait();
  void Kill(int signal) const;
  // All that was written so far.
  std::string Stdout() const;
  std::string Stderr() const;
  // Waits until stdout holds the text; false when it did not come within the time limit.
  bool WaitForOutput(const std::string& text) const;

 private:
  pid_t pid_ = -1;
  int status_ = -1;
  int timeout_seconds_;
  base::UniqueFd pidfd_, out_, err_;
};

struct Output {
  int exit_code = -1;
  std::string out;
  std::string err;
};

Output RunCommand(const std::vector<std::string>& argv, const CommandOptions& options = {});

// Calls `done` every few milliseconds until it is true; false when that took too long.
template <typename Predicate>
bool WaitUntil(Predicate done, int timeout_seconds = 20);
void PauseMilliseconds(int milliseconds);

template <typename Predicate>
bool WaitUntil(Predicate done, int timeout_seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(timeout_seconds);
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) {
      return false;
    }
    PauseMilliseconds(5);
  }
  return true;
}

}  // namespace mayfly::test
