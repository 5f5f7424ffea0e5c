// CpuFeatures: what of the CPU compiled code may depend on, as one line.
//
// Compiled code uses every instruction set that its compiler saw. Carried to a machine without one
// of them (a cache on a shared disk, a migrated virtual machine) it would die of SIGILL, so the
// line is part of the cache's key.
//
// Threads: read-only. Fork: usable in a child.
#pragma once

#include <string>

namespace mayfly::engine {

std::string CpuFeatures();

}  // namespace mayfly::engine
