// Stats: what a container has used, the same from v1, hybrid and v2, and a watch for its OOM kills.
//
// What a host does not count stays 0 or empty. Controllers that the container is not in are left
// out; so is everything of a container whose cgroup is gone.
//
// Units: bytes; nanoseconds; a limit that is not set is UINT64_MAX ("pids": 0), as runc's users
// expect. Sources: kernel cgroup-v1/{memory,cpuacct,blkio-controller,pids}.rst, cgroup-v2.rst.
// Threads: none. Fork: parent only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "cgroup/cgroup.h"

namespace mayfly::cgroup {

struct MemoryCounter {
  uint64_t limit_bytes = 0;
  uint64_t usage_bytes = 0;
  uint64_t max_usage_bytes = 0;
  uint64_t failures = 0;
};

struct BlockIoEntry {
  uint64_t major = 0;
  uint64_t minor = 0;
  std::string operation;  // "Read", "Write", …
  uint64_t value = 0;
};

struct Stats {
  struct {
    uint64_t total_ns = 0;
    uint64_t user_ns = 0;
    uint64_t kernel_ns = 0;
    std::vector<uint64_t> per_cpu_ns;  // v1 only
    std::vector<uint64_t> per_cpu_kernel_ns;
    std::vector<uint64_t> per_cpu_user_ns;
    uint64_t periods = 0;
    uint64_t throttled_periods = 0;
    uint64_t throttled_ns = 0;
  } cpu;
  struct {
    uint64_t cache_bytes = 0;
    MemoryCounter usage;
    MemoryCounter swap;  // memory plus swap
    MemoryCounter kernel;
    MemoryCounter kernel_tcp;
    std::map<std::string, uint64_t> raw;  // memory.stat
  } memory;
  struct {
    uint64_t current = 0;
    uint64_t limit = 0;
  } pids;
  std::vector<BlockIoEntry> io_service_bytes;
  std::vector<BlockIoEntry> io_serviced;
  std::map<std::string, MemoryCounter> hugetlb;  // by page size, "2MB"
};

base::Result<Stats> ReadStats(const Host& host, const Location& location);

// Tells of OOM kills in a container's cgroup.
class OomWatch {
 public:
  static base::Result<OomWatch> Begin(const Host& host, const Location& location);
  // Readable when something may have happened; -1 where the host has no memory controller.
  int fd() const { return fd_.get(); }
  // OOM kills since the last call; takes the event from fd().
  uint64_t Take();

 private:
  OomWatch() = default;

  base::UniqueFd fd_;
  std::string directory_;  // of the memory controller
  bool unified_ = false;
  uint64_t seen_ = 0;
};

}  // namespace mayfly::cgroup
