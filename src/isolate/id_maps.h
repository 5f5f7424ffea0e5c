// Id maps: who the users of a new user namespace are outside, and user namespaces that exist only
// for their maps (id-mapped mounts).
//
// Without privileges only the caller's own id can be mapped; ranges from /etc/subuid and
// /etc/subgid are then mapped by newuidmap(1) and newgidmap(1).
//
// Sources: user_namespaces(7) "User and group ID mappings", mount_setattr(2) "ID-mapped mounts".
// Fork: the parent's.
#pragma once

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"
#include "oci/spec.h"

namespace mayfly::isolate {

// Writes the maps of the new user namespace that process `pid` is in.
base::Result<void> WriteIdMaps(pid_t pid, const oci::IdMappings& mappings);

// A user namespace with these maps and no process.
base::Result<base::UniqueFd> MakeUserNamespace(const oci::IdMappings& mappings);

// Becomes the root of the user namespace that this process was born into, if it has one. The
// init's.
base::Result<void> BecomeNamespaceRoot();

// Whether this process is root of the machine's own user namespace.
bool IsHostRoot();

}  // namespace mayfly::isolate
