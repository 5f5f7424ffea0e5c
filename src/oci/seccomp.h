// Seccomp: linux.seccomp of config.json as plain values: which system calls a container may make.
//
// Parsed here, turned into a filter program by isolate/seccomp.h. Names of system calls are kept as
// they stand: which of them the machine has is the library's to say.
//
// Sources: OCI runtime-spec 1.2 config-linux.md "Seccomp"; seccomp(2). Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace mayfly::oci {

enum class SeccompAction : unsigned char {
  kKillThread,
  kKillProcess,
  kTrap,
  kErrno,
  kTrace,
  kAllow,
  kLog,
  kNotify
};
// The action's name in config.json, "SCMP_ACT_ERRNO".
std::string SeccompActionName(SeccompAction action);
std::vector<std::string> SeccompActionNames();

enum class SeccompCompare : unsigned char {
  kNotEqual,
  kLess,
  kLessOrEqual,
  kEqual,
  kGreaterOrEqual,
  kGreater,
  kMaskedEqual
};
std::vector<std::string> SeccompOperatorNames();
std::vector<std::string> SeccompArchitectureNames();
std::vector<std::string> SeccompFlagNames();

struct SeccompArgument {
  unsigned index = 0;      // 0 to 5
  uint64_t value = 0;      // with kMaskedEqual the mask
  uint64_t value_two = 0;  // with kMaskedEqual what the masked argument must be
  SeccompCompare compare = SeccompCompare::kEqual;
};

struct SeccompRule {
  std::vector<std::string> names;
  SeccompAction action = SeccompAction::kAllow;
  uint16_t errno_value = 0;  // with kErrno and kTrace
  std::vector<SeccompArgument> arguments;
};

struct Seccomp {
  SeccompAction default_action = SeccompAction::kAllow;
  uint16_t default_errno = 0;
  // Whether config.json gave one: see isolate/seccomp.h on system calls newer than the profile.
  bool has_default_errno = false;
  std::vector<std::string> architectures;  // "SCMP_ARCH_X86_64", beside the machine's own
  uint64_t flags = 0;                      // SECCOMP_FILTER_FLAG_*
  std::string listener_path;               // a Unix socket of the host; "": none
  std::string listener_metadata;
  std::vector<SeccompRule> rules;
  // The section as it stands in config.json, in one form: what a compiled filter is kept under.
  std::string canonical;

  // Whether some system call is answered by the process behind listener_path.
  bool Notifies() const;
};

// Absent: std::nullopt.
base::Result<std::optional<Seccomp>> ParseSeccomp(const base::JsonView& view);

}  // namespace mayfly::oci
