// MemoryUse: what containers need of memory, from /proc: the proportional set size of containerd's
// shims with all their descendants, and what the machine has left.
//
// Units: KiB. Sources: proc(5) smaps_rollup, meminfo. Errors: a process that ends meanwhile counts
// nothing. Threads: none.
#pragma once

#include <cstdint>
#include <string>

namespace mayfly::lab {

// Shims are known by the socket's path among their arguments; the daemon itself is not counted.
int64_t PssOfShimsKib(const std::string& socket);

// MemAvailable.
int64_t AvailableKib();

}  // namespace mayfly::lab
