// PhaseClock: where the time of one container goes, for whoever measures it.
//
// Off unless MAYFLY_PHASES names a regular file that is there: then every process that works for a
// container keeps the moments it passes and appends one line with them as it ends. What a process
// is not asked to measure costs it a look at one pointer. Only the environment of the runtime names
// the file; no container's configuration does.
//
// Format: docs/formats/phases.md. Units: CLOCK_MONOTONIC nanoseconds, the same clock in all
// processes of the machine.
// Errors: none: a line that cannot be written is lost, the container is not.
// Ownership: owns its descriptor, O_APPEND and O_CLOEXEC, numbered above those that a guest may be
// given. Threads: none.
// Fork: a child inherits the clock; Restart() makes it the child's own. It opens nothing.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace mayfly::base {

// In the order of a container's life; the names in the file are those of PhaseName().
enum class Phase : unsigned char {
  kBegin,       // the process began, or a request came
  kPrepare,     // config.json is read; the workload is looked for
  kPrepared,    // module found, code found or compiled
  kSpawned,     // the init is born
  kLoad,        // init: engine and code are loaded
  kLoaded,      //
  kRestricted,  // init: file system, cgroup, limits and privileges are in place
  kCompiled,    // init: strategy jit: the code is made
  kReady,       // the container is created
  kGuest,       // the guest's first instruction, or execve(2)
  kGuestEnd,    // it ended (of a program that was executed only its parent knows)
  kEnd,         // the process ends, or the request is answered
};
inline constexpr size_t kPhases = 12;
std::string_view PhaseName(Phase phase);

class PhaseClock {
 public:
  // Off.
  PhaseClock() = default;
  // By $MAYFLY_PHASES; the file is never made.
  static PhaseClock FromEnvironment();
  static PhaseClock Open(const std::string& path);
  // On a copy of an open file with O_APPEND.
  static PhaseClock ToDescriptor(int fd);

  bool on() const { return file_.valid(); }
  int fd() const { return file_.get(); }  // -1: off

  void Mark(Phase phase);
  // Where the code of a module came from: "index", "cache", "compiled"; `code` must be a literal.
  void SetCode(const char* code) { code_ = code; }
  // Forgets what was marked.
  void Restart();
  // Appends the line "ID PART MARK=NS …" with what was marked since the start, and forgets it.
  // An init writes under the limits of its guest: none of them ends it here.
  void Write(std::string_view id, std::string_view part);

 private:
  UniqueFd file_;
  const char* code_ = nullptr;
  std::array<int64_t, kPhases> at_ns_{};
};

// For the many places that are given a clock, or none.
inline void Mark(PhaseClock* clock, Phase phase) {
  if (clock != nullptr) {
    clock->Mark(phase);
  }
}

}  // namespace mayfly::base
