// Labels of the security modules: AppArmor profiles and SELinux contexts for the guest's process
// and for its mounts.
//
// A process's label that the kernel cannot give is refused: the container would be less confined
// than asked for. A label for mounts says who may use them; without SELinux nobody asks.
//
// Sources: proc_pid_attr(5); kernel admin-guide/LSM/apparmor.rst; runtime-spec config.md
// "Linux Process", config-linux.md "Mount Label".
// Fork: CheckLabels is the parent's, SetProcessLabel the init's, while the host's /proc is there.
#pragma once

#include "base/result.h"
#include "oci/spec.h"

namespace mayfly::isolate {

bool HasSelinux();
base::Result<void> CheckLabels(const oci::Process& process);

// When the label counts: from the next execve(2), or at once for a guest in this very process.
enum class LabelFrom : unsigned char { kExec, kNow };
base::Result<void> SetProcessLabel(const oci::Process& process, LabelFrom from);

}  // namespace mayfly::isolate
