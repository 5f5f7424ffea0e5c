// Seccomp filters: linux.seccomp compiled to a program in the parent, loaded by the init as its
// last step.
//
// libseccomp translates the rules, which takes tens of milliseconds for a profile of Docker's size;
// so a compiled program is kept in a directory of the runtime's under the profile it was made from
// (docs/design/0040-seccomp-cache.md). The program is loaded by seccomp(2) itself, with the flags
// that config.json asks for.
//
// System calls with numbers above the highest that the profile names give ENOSYS, not the profile's
// default errno: its author cannot have known them, and C libraries fall back on ENOSYS only.
//
// Sources: seccomp(2), seccomp_rule_add(3), seccomp_export_bpf(3); runtime-spec 1.2 config-linux.md
// "Seccomp". Threads: none. Fork: Compile is the parent's, Load the init's.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "oci/seccomp.h"

namespace mayfly::isolate {

struct SeccompProgram {
  std::vector<sock_filter> instructions;
  uint64_t flags = 0;     // SECCOMP_FILTER_FLAG_*
  bool notifies = false;  // loading it gives a listener
};

// Compiles. Names of system calls that libseccomp does not know are put into `unknown` and left
// out.
base::Result<SeccompProgram> CompileSeccomp(const oci::Seccomp& profile,
                                            std::vector<std::string>* unknown);

// The same by way of `cache_directory`, made when missing (0700); a file there that is not this
// user's own or not whole is ignored.
base::Result<SeccompProgram> CompileSeccompCached(const oci::Seccomp& profile,
                                                  const std::string& cache_directory,
                                                  std::vector<std::string>* unknown);

// Loads it for the calling thread, which needs no_new_privs or CAP_SYS_ADMIN. Gives the listener,
// O_CLOEXEC, when the program notifies, else an invalid descriptor.
base::Result<base::UniqueFd> LoadSeccomp(const SeccompProgram& program);

}  // namespace mayfly::isolate
