// WorkloadFactory: decides for each container whether it is WebAssembly, and makes its workload.
//
// The front door (src/cli) gives it to `container`, with the way to make native ones.
//
// Errors: invalid for an unknown value of an annotation or of the node configuration, which is not
//   read for a native program; not-found for an entrypoint that hints call WebAssembly. Any other
//   missing entrypoint is the native workload's to report.
// Threads: one. Fork: parent only.
#pragma once

#include "container/workload.h"

namespace mayfly::engine {

container::WorkloadFactory MakeWorkloadFactory(container::WorkloadFactory native);

}  // namespace mayfly::engine
