// The engine's settings, the same in the run and the compiler plugin: code that was compiled with
// one set runs with no other.
#pragma once

#include "handles.h"

namespace mayfly_wasmtime {

inline constexpr const char* kName = "wasmtime";
// Of everything below that shapes code; a change here makes cached code stale.
inline constexpr const char* kCodeCompatibility =
    "opt=speed reservation=4G guard=32M cow=1 unwind=0 threads-proposal=1 gc=0";

// A fresh engine, or nullptr with the reason in `reason`. Starts no thread.
// one_thread: compile on the calling thread only (of no effect where no compiler is linked in).
EngineHandle MakeEngine(std::string& reason, bool one_thread = true);

}  // namespace mayfly_wasmtime
