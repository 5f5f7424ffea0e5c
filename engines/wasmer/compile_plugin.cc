// wasmer-compiler.so (Cranelift) and wasmer-singlepass-compiler.so. Loaded only by the short-lived
// process that compiles a module.
#include <mayfly/engine_plugin.h>

#include "../shared/plugin_support.h"
#include "mayfly_wasmer.h"
#include "names.h"

namespace mayfly_wasmer {
namespace {

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

const mayfly_engine kPlugin = mayfly_plugin::CompilerTable(
    kName, mayfly_wasmer_version, MAYFLY_STRATEGY_AOT | MAYFLY_STRATEGY_JIT, kCodeCompatibility,
    Compile);

}  // namespace
}  // namespace mayfly_wasmer

extern "C" __attribute__((visibility("default"))) const mayfly_engine* mayfly_engine_plugin() {
  return &mayfly_wasmer::kPlugin;
}
