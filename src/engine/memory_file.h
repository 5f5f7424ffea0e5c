// MemoryFile: a file without a name for compiled code that is not kept in the cache.
//
// Ownership: the caller's. Errors: system. Threads: pure. Fork: usable in a child.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace mayfly::engine {

// Fresh and empty.
base::Result<base::UniqueFd> MakeMemoryFile();
// Nobody changes its content or size from here on.
base::Result<void> SealMemoryFile(int fd);

}  // namespace mayfly::engine
