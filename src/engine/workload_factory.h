// WorkloadFactory: decides for each container whether it is WebAssembly, and makes its workload.
//
// The front door (src/cli/main.cc) gives it to `container` together with the way to make native ones.
//
// Errors: invalid for an annotation or node configuration with an unknown value; of the entrypoint only
//   when hints say that it is WebAssembly and it is not there: a native one is the native workload's to
//   report. The node configuration is read for WebAssembly only.
// Threads: one. Fork: parent only.
#pragma once

#include "container/workload.h"

namespace mayfly::engine {

container::WorkloadFactory MakeWorkloadFactory(container::WorkloadFactory native);

}  // namespace mayfly::engine
