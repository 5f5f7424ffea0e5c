// OwnProgram: keeps the runtime's program out of a container's reach (CVE-2019-5736).
//
// A process that `exec` adds is in the container's pid namespace, beside processes that may be
// hostile, before it has become its program: what gets hold of its /proc/PID/exe, or has it run
// /proc/self/exe, could write to the runtime's file after its end. So the command first runs itself
// anew from a private, read-only clone of its file's mount: through that, the kernel opens nothing
// for writing, whoever asks.
//
// Sources: open_tree(2), mount_setattr(2), execveat(2). Fork: the command's, first of all.
#pragma once

#include "base/result.h"

namespace mayfly::isolate {

// Returns when the program runs from a read-only mount already; otherwise runs it anew with these
// arguments and returns only when that failed.
base::Result<void> RunFromReadOnlyMount(char* const* argv);

}  // namespace mayfly::isolate
