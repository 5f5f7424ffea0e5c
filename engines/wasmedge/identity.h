// What both plugins say of themselves; nothing of WasmEdge is needed for it but its version.
#pragma once

#include <mayfly/engine_plugin.h>
#include <wasmedge/version.h>

#include <string>

namespace mayfly_wasmedge {

inline constexpr const char* kName = "wasmedge";
inline constexpr const char* kVersion = WASMEDGE_VERSION;
inline constexpr uint32_t kStrategies =
    MAYFLY_STRATEGY_AOT | MAYFLY_STRATEGY_JIT | MAYFLY_STRATEGY_INTERPRETER;
// Of the settings in handles.h and compiler.cc that shape code; a change makes cached code stale.
inline constexpr const char* kCodeCompatibility =
    "opt=3 generic=0 tail-call=1 extended-const=1 threads=1";

// The path of a file in the directory wasmedge/ beside this plugin.
std::string PartPath(const char* file);

}  // namespace mayfly_wasmedge
