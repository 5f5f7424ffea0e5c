// wasmer-compiler.so (Cranelift) and wasmer-singlepass-compiler.so. Loaded only by the short-lived
// process that compiles a module.
#include <mayfly/engine_plugin.h>

#include "mayfly_wasmer.h"
#include "names.h"

namespace mayfly_wasmer {
namespace {

constexpr const char* kNoImports[] = {nullptr};  // the run plugin says what instances get

int Compile(const uint8_t* module, size_t module_size, uint32_t flags, mayfly_bytes* code,
            mayfly_error* error) {
  MayflyWasmerText text{error->text, error->capacity};
  MayflyWasmerCompiled compiled{};
  if (!mayfly_wasmer_compile(module, module_size, kSinglepass,
                             (flags & MAYFLY_COMPILE_ONE_THREAD) != 0, &compiled, &text)) {
    return 1;
  }
  *code = {.data = compiled.data,
           .size = compiled.size,
           .context = compiled.owner,
           .release = mayfly_wasmer_release};
  return 0;
}

const mayfly_engine kPlugin = {
    .abi_version = MAYFLY_ENGINE_ABI_VERSION,
    .struct_size = sizeof(mayfly_engine),
    .name = kName,
    .version = mayfly_wasmer_version,
    .parts = MAYFLY_PART_COMPILE,
    .strategies = MAYFLY_STRATEGY_AOT | MAYFLY_STRATEGY_JIT,
    .code_compatibility = kCodeCompatibility,
    .imports = kNoImports,
    .compile = Compile,
    .open = nullptr,
    .open_module = nullptr,
    .instantiate = nullptr,
    .run = nullptr,
    .close = nullptr,
    .features = 0,
    .load = nullptr,
};

}  // namespace
}  // namespace mayfly_wasmer

extern "C" __attribute__((visibility("default"))) const mayfly_engine* mayfly_engine_plugin() {
  return &mayfly_wasmer::kPlugin;
}
