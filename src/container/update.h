// Update: new limits for a container that runs.
//
// What `update` asks for is a part of linux.resources in JSON. It is merged into the container's
// stored configuration; the sections that it names (memory, cpu, …) are applied as they then stand,
// so that values which the kernel checks against each other (quota and period, memory and swap) go
// together.
//
// Errors: name the field. Fork: parent only.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "container/container.h"

namespace mayfly::container {

// `resources` is JSON in the form of linux.resources; `source` is its name in errors. Zeros and
// empty strings mean "as it is", as in runc; "devices" must not be in it.
base::Result<void> Update(const Runtime& runtime, const std::string& id, std::string_view resources,
                          const std::string& source);

}  // namespace mayfly::container
