// What both parts of a plugin say alike. The sources are built twice: "wasmer" compiles with
// Cranelift, "wasmer-singlepass" with Singlepass.
#pragma once

#ifndef MAYFLY_WASMER_SINGLEPASS
#error "MAYFLY_WASMER_SINGLEPASS must be 0 or 1"
#endif

namespace mayfly_wasmer {

inline constexpr bool kSinglepass = MAYFLY_WASMER_SINGLEPASS != 0;
inline constexpr const char* kName = kSinglepass ? "wasmer-singlepass" : "wasmer";
// Of everything in crate/src/compile.rs that shapes code; a change there makes cached code stale.
inline constexpr const char* kCodeCompatibility =
    kSinglepass ? "compiler=singlepass features=default"
                : "compiler=cranelift opt=speed features=default";

}  // namespace mayfly_wasmer
