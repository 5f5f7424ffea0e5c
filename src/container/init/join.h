// A process that `exec` adds to a container that runs: from its birth in the container's pid
// namespace to the guest.
//
// The container must never get hold of it before it is as restricted as the container itself
// (CVE-2016-9962, CVE-2019-5736): it is not dumpable from before its birth, keeps no descriptor of
// the host, and joins all namespaces in one setns(2) on the init's pidfd.
//
// Sources: setns(2) "PID file descriptors". Fork: everything here runs in the child. It takes no
// locks, writes no files of ours, and reports errors over its socket only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cgroup/cgroup.h"
#include "container/container.h"
#include "container/seccomp_listener.h"
#include "container/workload.h"
#include "isolate/seccomp.h"
#include "oci/spec.h"

namespace mayfly::container {

struct JoinConfig {
  const oci::Spec& spec;  // the container's, with the process to run
  Workload& workload;
  cgroup::Cgroup* cgroup = nullptr;  // opened for joining
  int pidfd = -1;                    // the container's init
  int root = -1;                     // the container's "/", O_PATH
  uint64_t namespaces = 0;           // CLONE_NEW* to join, without the pid namespace
  std::string keyring;
  int preserved_fds = 0;
  Streams streams = kOwnStreams;
  int socket = -1;           // to the parent
  int terminal_socket = -1;  // where the terminal's master goes; -1: no terminal
  std::vector<int> parent_only;
  const isolate::SeccompProgram* seccomp = nullptr;  // the container's filter
  const ListenerHandover* handover = nullptr;        // with a filter that notifies
};

// Joins and runs the guest; returns the process's exit status.
int RunJoined(const JoinConfig& config);

}  // namespace mayfly::container
