// Birth of the init: clone3 into the container's namespaces, by way of a stand-in where one call
// cannot do it.
//
// Usually the init is born by one clone3 of the command. Three cases need a process in between,
// which enters what must be entered first and then clones the init as its own sibling, so that the
// init is the command's child all the same:
//   - a joined user namespace: what is made after it must belong to it;
//   - joined namespaces beside a new user namespace: joining needs the host's privileges;
//   - a new time namespace: its clocks can only be set while no process is in it.
//
// Sources: user_namespaces(7), time_namespaces(7), clone(2) CLONE_PARENT. Fork: the parent's.
#pragma once

#include <functional>
#include <vector>

#include "base/process.h"
#include "base/result.h"
#include "isolate/namespaces.h"
#include "oci/spec.h"

namespace mayfly::isolate {

// Whether a stand-in is needed. The joined namespaces are entered by it, not by the init.
bool NeedsStandIn(const oci::Spec& spec);

base::Result<base::Child> SpawnInNamespaces(const oci::Spec& spec,
                                            const std::vector<JoinTarget>& targets, int cgroup_fd,
                                            const std::function<int()>& body);

}  // namespace mayfly::isolate
