// Accounts: CPU time, reading and memory of what runs on the lab's behalf, by cgroup.
//
// Containers are in a cgroup named after containerd's namespace (ctr's default), the daemon with
// its shims in one of its own when it was put there (./dev containerd start does). Parents keep the
// CPU time and reading of children that are gone, so nothing has to be read while a run is timed.
//
// Units: in the names. Errors: none: what cannot be read is absent.
// Sources: kernel cgroup-v1/{cpuacct,memory,blkio-controller}.rst, cgroup-v2.rst "memory.peak".
// Threads: none.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lab/record/sample.h"

namespace mayfly::lab {

// The pid of the process that listens on a socket; nothing when none does.
std::optional<pid_t> ListenerOf(const std::string& socket);

// How much a counter grew; no counter before counts as 0. Nothing when it is not known or shrank:
// cgroup v1 forgets what a cgroup had read when it is removed.
std::optional<int64_t> Growth(std::optional<int64_t> after, std::optional<int64_t> before);

class Accounts {
 public:
  // `group`: the containers' cgroup, e.g. "/mayfly-lab"; `daemon`: its pid, if any.
  // `root` is where cgroups are mounted, another one in tests.
  Accounts(std::string group, std::optional<pid_t> daemon, std::string root = "/sys/fs/cgroup");

  void Begin();
  // Sets cpu_us (with the command's own), peak_memory_kib and read_bytes as far as they are known.
  void End(Sample& sample);

 private:
  struct Reading {
    std::optional<int64_t> cpu_us, read_bytes;
  };
  Reading Read() const;
  std::optional<int64_t> Memory(const char* v1_file, const char* v2_file) const;

  std::string root_;
  std::string group_;
  std::string daemon_group_;  // empty: shared with others, or none
  bool v1_;
  Reading before_;
  std::optional<int64_t> memory_before_bytes_;
};

}  // namespace mayfly::lab
