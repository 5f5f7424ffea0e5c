// Namespaces: which the init is born into, and which existing ones it joins.
//
// Sources: namespaces(7), setns(2), unshare(2), netdevice(7), sysctl(2) on /proc/sys of a
// namespace. Fork: ChildPidNamespace is the parent's, the rest runs in the init.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "oci/spec.h"

namespace mayfly::isolate {

struct JoinTarget {
  int clone_flag = 0;  // CLONE_NEWNET, …
  std::string path;
  base::UniqueFd fd;
};

// CLONE_NEW* bits for clone3 of the namespaces that are new, but for two: the cgroup namespace
// takes the cgroup at its making as its root, so the init makes it after it was moved; a time
// namespace's clocks are set before a process is in it (spawn.h).
uint64_t NewNamespaceFlags(const oci::Spec& spec);
bool WantsNewCgroupNamespace(const oci::Spec& spec);

// Opens the namespaces that are joined by path and checks their type, in the host's view.
base::Result<std::vector<JoinTarget>> OpenJoinTargets(const oci::Spec& spec);

// While it lives, children of this process are born into the pid namespace among `targets`, if
// there is one; after it, into this process's own again.
class ChildPidNamespace {
 public:
  static base::Result<ChildPidNamespace> Join(const std::vector<JoinTarget>& targets);
  ChildPidNamespace(ChildPidNamespace&&) = default;
  ChildPidNamespace& operator=(ChildPidNamespace&&) = delete;
  ~ChildPidNamespace();

 private:
  ChildPidNamespace() = default;
  base::UniqueFd own_;  // invalid: nothing to go back from
};

// All but those of pid and user, which a process is born into (spawn.h).
base::Result<void> JoinOtherNamespaces(const std::vector<JoinTarget>& targets);
base::Result<void> UnshareCgroupNamespace();

// A new network namespace has a loopback interface that is down.
base::Result<void> BringUpLoopback();

base::Result<void> SetNames(const std::string& hostname, const std::string& domainname);

// Writes kernel parameters of the namespaces that this process is in, through the host's /proc/sys.
base::Result<void> SetSysctls(const std::map<std::string, std::string>& sysctls);

}  // namespace mayfly::isolate
