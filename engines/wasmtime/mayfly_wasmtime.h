// The calls that engines/wasmtime/crate adds to Wasmtime's C API; each is described there, in
// src/lib.rs.
//
// Errors: a function that returns wasmtime_error_t* returns nullptr on success; the caller owns the
// error.
#pragma once

#include <wasmtime.h>

extern "C" {

wasmtime_error_t* mayfly_wasmtime_engine_new(wasm_config_t* config, wasm_engine_t** engine);
wasmtime_error_t* mayfly_wasmtime_module_open(const wasm_engine_t* engine, int code_fd,
                                              wasmtime_module_t** module);
void mayfly_wasmtime_store_allow_large_calls(wasmtime_store_t* store);
void mayfly_wasi_config_direct(wasi_config_t* config);
wasmtime_error_t* mayfly_wasi_define(wasmtime_linker_t* linker);

}  // extern "C"
