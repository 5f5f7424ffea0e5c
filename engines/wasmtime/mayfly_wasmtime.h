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

// Components, in wasmtime-component.so and wasmtime-compiler.so; crate/src/component.rs describes
// them. What open and instantiate hand out is freed by close, of which either may be null.
struct MayflyComponentPreopen {
  const char* host_path;
  const char* guest_path;
  bool read_only;
};

struct MayflyComponentConfig {
  const char* const* arguments;
  size_t argument_count;
  const char* const* environment;  // "NAME=value"
  size_t environment_count;
  const MayflyComponentPreopen* preopens;
  size_t preopen_count;
  uint64_t max_memory_bytes;  // 0: no limit
};

struct MayflyComponent;
struct MayflyComponentGuest;

extern "C" {

wasmtime_error_t* mayfly_component_compile(const wasm_engine_t* engine, const uint8_t* bytes,
                                           size_t size, wasm_byte_vec_t* code);
wasmtime_error_t* mayfly_component_open(const wasm_engine_t* engine, int code_fd,
                                        MayflyComponent** component);
wasmtime_error_t* mayfly_component_instantiate(const MayflyComponent* component,
                                               const MayflyComponentConfig* config,
                                               MayflyComponentGuest** guest);
wasmtime_error_t* mayfly_component_run(MayflyComponentGuest* guest);
void mayfly_component_close(MayflyComponent* component, MayflyComponentGuest* guest);

}  // extern "C"
