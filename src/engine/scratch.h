// Scratch: a directory for a compiler's temporary files that no path leads to.
//
// Some compilers write files (WasmEdge's links a shared object). A compile() is called with an
// empty directory of its own as working directory: a tmpfs that is mounted nowhere and goes with
// its last descriptor, so that a compile that is killed leaves nothing behind, and one inside a
// container needs no path of it.
//
// Errors: system. Where the caller may not make a file system, the directory is a fresh one below
// the
//   temporary directory, removed by the destructor.
// Threads: any. Fork: a child may Enter() what its parent made; only the parent removes.
// Sources: fsopen(2), fsmount(2), Linux 5.2.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace mayfly::engine {

class Scratch {
 public:
  static base::Result<Scratch> Make();
  Scratch(Scratch&& other) noexcept;
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch();

  // Makes it this process's working directory.
  base::Result<void> Enter() const;
  int fd() const { return fd_.get(); }

 private:
  Scratch(base::UniqueFd fd, std::string path);

  base::UniqueFd fd_;
  std::string path_;  // empty of a file system of its own
  pid_t maker_;       // who removes it
};

}  // namespace mayfly::engine
