// wasmtime-compiler.so: Cranelift. Loaded only by the short-lived process that compiles a module.
#include <memory>
#include <string>

#include "config.h"

namespace mayfly_wasmtime {
namespace {

void Release(void* context) {
  auto* bytes = static_cast<wasm_byte_vec_t*>(context);
  wasm_byte_vec_delete(bytes);
  delete bytes;
}

// By the preamble: "\0asm", version, layer.
bool IsComponent(const uint8_t* bytes, size_t size) {
  constexpr size_t kLayerOffset = 6;
  constexpr uint8_t kComponentLayer = 1;
  return size > kLayerOffset && bytes[kLayerOffset] == kComponentLayer;
}

wasmtime_error_t* CompileModule(wasm_engine_t* engine, const uint8_t* bytes, size_t size,
                                wasm_byte_vec_t* code) {
  wasmtime_module_t* compiled = nullptr;
  if (wasmtime_error_t* error = wasmtime_module_new(engine, bytes, size, &compiled);
      error != nullptr) {
    return error;
  }
  const ModuleHandle owned(compiled);
  return wasmtime_module_serialize(compiled, code);
}

int Compile(const uint8_t* module, size_t module_size, uint32_t flags, mayfly_bytes* code,
            mayfly_error* error) {
  std::string reason;
  EngineHandle engine = MakeEngine(reason, (flags & MAYFLY_COMPILE_ONE_THREAD) != 0);
  if (!engine) {
    return Fail(error, reason);
  }
  auto bytes = std::make_unique<wasm_byte_vec_t>();
  if (ErrorHandle e{IsComponent(module, module_size)
                        ? mayfly_component_compile(engine.get(), module, module_size, bytes.get())
                        : CompileModule(engine.get(), module, module_size, bytes.get())};
      e) {
    return Fail(error, Message(e.get()));
  }
  code->data = reinterpret_cast<const uint8_t*>(bytes->data);
  code->size = bytes->size;
  code->context = bytes.release();
  code->release = Release;
  return 0;
}

constexpr mayfly_engine kPlugin =
    mayfly_plugin::CompilerTable(kName, WASMTIME_VERSION, MAYFLY_STRATEGY_AOT | MAYFLY_STRATEGY_JIT,
                                 kCodeCompatibility, Compile);

}  // namespace
}  // namespace mayfly_wasmtime

extern "C" __attribute__((visibility("default"))) const mayfly_engine* mayfly_engine_plugin() {
  return &mayfly_wasmtime::kPlugin;
}
