// Restrict: what the process that becomes a guest does to itself last, the same for a container's
// init and for a process that `exec` adds: leave the command that made it, close what is not the
// guest's, enter the working directory, take the guest's limits, user and capabilities.
//
// Sources: runtime-spec config.md "Process". Errors: name the field of `process`.
// Fork: runs in the child, after it is in the container's namespaces and root (LeaveParent: first
// of all).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "container/container.h"
#include "isolate/seccomp.h"
#include "oci/spec.h"

namespace mayfly::container {

class ListenerHandover;

// The guest's standard streams in the place of the caller's.
base::Result<void> TakeStreams(const Streams& streams);

// A fresh session, default signals, no life without the parent, no look into this process from
// inside namespaces that it joins (CVE-2016-9962). `parent_only` are the parent's descriptors that
// must not live on here.
base::Result<void> LeaveParent(const std::vector<int>& parent_only);

struct Restrictions {
  const oci::Spec& spec;      // the container's; `process` is the one to restrict
  std::string keyring;        // empty: keep the caller's session keyring
  int preserved_fds = 0;      // 3 .. 3+n-1 stay open for the guest
  std::vector<int> kept_fds;  // of ours, beside them; -1 is ignored
  const isolate::SeccompProgram* seccomp = nullptr;  // nullptr: no filter
  const ListenerHandover* handover = nullptr;        // with a filter that notifies
};
// All but the filter.
base::Result<void> Restrict(const Restrictions& restrictions);

// The filter, right before the guest: what follows is the guest's, and a few calls to get there.
// One that notifies is loaded earlier, while the command is there to pass its listener on.
base::Result<void> LoadFilter(const Restrictions& restrictions);

}  // namespace mayfly::container
