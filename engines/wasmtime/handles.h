// Handles: one owner for each object of Wasmtime's C API, and its errors as text.
//
// Ownership: std::unique_ptr with the API's own delete function; .release() hands an object to a
// call that takes it. Nothing here throws.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "mayfly_wasmtime.h"
#include "plugin_support.h"

namespace mayfly_wasmtime {

using mayfly_plugin::CopyText;
using mayfly_plugin::Deleter;
using mayfly_plugin::Fail;

using ConfigHandle = std::unique_ptr<wasm_config_t, Deleter<wasm_config_delete>>;
using EngineHandle = std::unique_ptr<wasm_engine_t, Deleter<wasm_engine_delete>>;
using ModuleHandle = std::unique_ptr<wasmtime_module_t, Deleter<wasmtime_module_delete>>;
using StoreHandle = std::unique_ptr<wasmtime_store_t, Deleter<wasmtime_store_delete>>;
using LinkerHandle = std::unique_ptr<wasmtime_linker_t, Deleter<wasmtime_linker_delete>>;
using WasiConfigHandle = std::unique_ptr<wasi_config_t, Deleter<wasi_config_delete>>;
using ErrorHandle = std::unique_ptr<wasmtime_error_t, Deleter<wasmtime_error_delete>>;
using TrapHandle = std::unique_ptr<wasm_trap_t, Deleter<wasm_trap_delete>>;

// A byte vector that Wasmtime fills and we free.
class ByteVector {
 public:
  ByteVector() = default;
  ByteVector(const ByteVector&) = delete;
  ByteVector& operator=(const ByteVector&) = delete;
  ~ByteVector() { wasm_byte_vec_delete(&bytes_); }
  wasm_byte_vec_t* get() { return &bytes_; }
  // Without the NUL that trap messages end with.
  std::string_view Text() const {
    const size_t size =
        bytes_.size > 0 && bytes_.data[bytes_.size - 1] == '\0' ? bytes_.size - 1 : bytes_.size;
    return {bytes_.data, size};
  }

 private:
  wasm_byte_vec_t bytes_ = {0, nullptr};
};

inline std::string Message(const wasmtime_error_t* error) {
  ByteVector text;
  wasmtime_error_message(error, text.get());
  return std::string(text.Text());
}

inline std::string Message(const wasm_trap_t* trap) {
  ByteVector text;
  wasm_trap_message(trap, text.get());
  return std::string(text.Text());
}

}  // namespace mayfly_wasmtime
