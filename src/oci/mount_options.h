// Mount options: what each word of mounts[].options means to the kernel.
//
// Sources: runtime-spec config.md "Linux mount options"; mount(2), mount_setattr(2), mount(8).
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "oci/spec.h"

namespace mayfly::oci {

// Sorts mount->options into flags, propagation, recursive attributes and data; makes type "bind"
// when the options ask for a bind mount.
void ApplyMountOptions(Mount* mount);

// "rslave" -> MS_SLAVE | MS_REC; 0 for a word that is no propagation.
uint64_t PropagationFlag(std::string_view word);

// Every word with a meaning of its own, sorted (for `mayfly features`).
std::vector<std::string> KnownMountOptions();

}  // namespace mayfly::oci
