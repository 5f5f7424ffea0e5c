// The container's init from its birth by clone3 to the guest: the ordered list of set-up steps.
//
// Sources: runtime-spec runtime.md "Lifecycle"; docs/design/0002-init-steps.md.
// Fork: everything here runs in the child. It takes no locks, writes no files of ours, and reports
// errors over its socket only.
#pragma once

#include <vector>

#include "base/phases.h"
#include "cgroup/cgroup.h"
#include "container/container.h"
#include "container/workload.h"
#include "isolate/mounts.h"
#include "isolate/namespaces.h"
#include "isolate/rootfs.h"
#include "isolate/seccomp.h"
#include "oci/spec.h"

namespace mayfly::container {

class ListenerHandover;

struct InitConfig {
  const std::string& id;
  const oci::Spec& spec;
  Workload& workload;
  cgroup::Cgroup& cgroup;
  const std::vector<isolate::JoinTarget>& join_targets;
  isolate::CgroupView cgroups;
  const isolate::PreparedMounts& prepared;
  const isolate::SeccompProgram* seccomp = nullptr;  // nullptr: no filter
  const ListenerHandover* handover = nullptr;        // with a filter that notifies
  bool parent_joins_cgroup = false;  // this process may not: it has a user namespace
  isolate::RootSwitch root_switch = isolate::RootSwitch::kPivot;
  std::string keyring;                 // empty: keep the caller's session keyring
  int preserved_fds = 0;               // 3 .. 3+n-1 stay open for the guest
  base::PhaseClock* phases = nullptr;  // nullptr: nobody measures
  Streams streams = kOwnStreams;
  int socket = -1;               // to the parent
  int start_listener = -1;       // -1: `start` comes over `socket`
  int terminal_socket = -1;      // where the terminal's master goes; -1: no terminal
  std::vector<int> parent_only;  // the parent's descriptors that must not live on in the init
};

// Runs the set-up and the guest; returns the process's exit status.
int RunInit(const InitConfig& config);

}  // namespace mayfly::container
