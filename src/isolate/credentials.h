// Who the guest is: resource limits, capabilities, user and groups, no_new_privs.
//
// Order matters: limits while the process still may set them, the bounding set before CAP_SETPCAP
// goes, groups before the user, the other capability sets after it.
//
// Sources: capabilities(7) "Effect of user ID changes on capabilities", prctl(2), setrlimit(2),
// credentials(7). Fork: runs in the init as its last steps before the guest.
#pragma once

#include <vector>

#include "base/result.h"
#include "oci/spec.h"

namespace mayfly::isolate {

base::Result<void> SetRlimits(const std::vector<oci::Rlimit>& limits);

// kUntilFilter keeps CAP_SYS_ADMIN, which loading a seccomp filter needs without no_new_privs,
// until DropHeld(): of the runtime's own system calls the filter must then allow capget(2) and
// capset(2).
enum class Hold : unsigned char { kNothing, kUntilFilter };

// A capability that this process does not have cannot be granted: it is left out, as the
// runtime-spec says ("MUST be logged as a warning"); see UngrantableCapabilities.
base::Result<void> SetCredentials(const oci::User& user, const oci::Capabilities& capabilities,
                                  bool no_new_privileges, Hold hold);
base::Result<void> DropHeld(const oci::Capabilities& capabilities);

// The capabilities asked for that this process cannot pass on, as a mask.
uint64_t UngrantableCapabilities(const oci::Capabilities& capabilities);

// Makes pipes among the standard streams the user's, so that it can open /dev/stdout and the like
// again. Nothing else: a regular file or a terminal there is the caller's.
base::Result<void> GiveStandardStreams(uid_t uid);

// A session keyring of the container's own, so that the guest cannot read the host's keys.
base::Result<void> JoinSessionKeyring(const std::string& name);

}  // namespace mayfly::isolate
