// CopyUp: fills a new tmpfs with what the image has at its mount point (mount option "tmpcopyup").
//
// Sources: runtime-spec config.md "tmpcopyup". Symbolic links are copied as links, never followed;
// device nodes, sockets and pipes are left out.
// Fork: runs in the init.
#pragma once

#include "base/result.h"

namespace mayfly::isolate {

// Copies the content of directory `from` (O_PATH is enough) into directory `to`, with modes and
// owners.
base::Result<void> CopyUp(int from, int to);

}  // namespace mayfly::isolate
