// ChildTask: runs a function in a process of its own and brings back its text or its error.
//
// A compiler starts threads and leaves tens of megabytes behind; in a child both end with it, and
// the caller stays single-threaded, which the later fork of a container's init needs.
//
// Errors: those of the function, kind and text kept; engine, naming the signal, when the child
//   died.
// Threads: the caller must be single-threaded. Fork: forks; usable in a child.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"

namespace mayfly::engine {

// `what` names the task in the error of a child that died: "compile /app.wasm".
base::Result<std::string> RunInChild(const std::string& what,
                                     const std::function<base::Result<std::string>()>& task);

}  // namespace mayfly::engine
