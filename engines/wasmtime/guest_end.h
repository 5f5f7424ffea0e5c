// What a guest's end came to, from Wasmtime's errors: both run plugins end alike.
//
// Errors: none. Threads: pure.
#pragma once

#include <mayfly/engine_plugin.h>

#include "handles.h"

namespace mayfly_wasmtime {

// Of a call of guest code: an exit, a trap with its reason and backtrace, or, with neither, 0.
void SetEnd(mayfly_end* end, const wasmtime_error_t* error, const wasm_trap_t* trap);

}  // namespace mayfly_wasmtime
