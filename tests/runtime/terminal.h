// Terminals for tests: a console socket as containerd's shim and conmon have it, and the master of
// a pseudo-terminal, read until a text has come.
#pragma once

#include <string>

#include "base/unique_fd.h"

namespace mayfly::test {

// The master end of some terminal.
class Master {
 public:
  explicit Master(base::UniqueFd fd) : fd_(std::move(fd)) {}

  int fd() const { return fd_.get(); }
  bool valid() const { return fd_.valid(); }
  void Type(const std::string& text) const;
  void Resize(unsigned short rows, unsigned short columns) const;
  // Reads until all that came so far holds the text; false after 20 s or at the end.
  bool WaitFor(const std::string& text);
  // Reads until the other end is closed; all that came.
  const std::string& All();

 private:
  bool ReadSome(int timeout_ms);

  base::UniqueFd fd_;
  std::string seen_;
};

// A terminal of the test's own; `slave` is for the program under test.
struct TerminalPair {
  Master master;
  base::UniqueFd slave;
};
TerminalPair OpenTerminalPair();

class ConsoleSocket {
 public:
  explicit ConsoleSocket(const std::string& path);
  const std::string& path() const { return path_; }
  // Waits for one master, 20 s at most; not valid() when none came.
  Master Receive() const;

 private:
  std::string path_;
  base::UniqueFd listener_;
};

}  // namespace mayfly::test
