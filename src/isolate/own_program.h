// Running the runtime's own program so that no container can write to its file.
//
// What is to run in a container is born as a copy of the runtime: /proc/PID/exe leads from there to
// the runtime's file, and who keeps that open could write to it when the process has ended
// (CVE-2019-5736). From a read-only mount that is attached nowhere, the same link leads to a file
// that cannot be opened for writing; where there is no right to mount, a sealed copy in memory
// takes its place.
//
// Sources: open_tree(2), mount_setattr(2), execveat(2), memfd_create(2), fcntl(2) "File Sealing".
// Threads: to be called before any is started. Fork: keeps its effect.
#pragma once

#include "base/result.h"

namespace mayfly::isolate {

// Executes this program anew, with main's `arguments`, unless it runs so already or its file is on
// a read-only file system or, for an ordinary user, not writable; returns then, or with the error
// that made it impossible. Descriptors that close on execve(2) are closed by it.
base::Result<void> RunReadOnly(char** arguments);

}  // namespace mayfly::isolate
