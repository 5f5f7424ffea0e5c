// The guest's terminal: a pseudo-terminal of the container's own devpts.
//
// Both ends come from descriptors: the slave by TIOCGPTPEER from the master, /dev/console by a
// clone of the slave's own mount. No name in the container's /dev is trusted (CVE-2025-52565).
//
// Sources: pts(4), ioctl_tty(2), open_tree(2); runtime-spec config-linux.md "Default Devices".
// Fork: runs in the child, in the container's mount namespace, as the leader of a session.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"
#include "oci/spec.h"

namespace mayfly::isolate {

struct Terminal {
  base::UniqueFd master;
  base::UniqueFd slave;

  bool valid() const { return master.valid(); }
};

// A new terminal from /dev/pts/ptmx below `root`, which must be a real devpts.
base::Result<Terminal> OpenTerminal(int root);

// Makes the slave /dev/console too; before pivot_root.
base::Result<void> BindConsole(int root, int slave);

// The slave becomes standard input, output and error, the controlling terminal of this session, the
// user's, and of process.consoleSize.
base::Result<void> TakeTerminal(int slave, const oci::Process& process);

}  // namespace mayfly::isolate
