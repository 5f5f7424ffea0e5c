// wasmedge-compiler.so: the compiler's front. wasmedge/compiler.so, which is linked with WasmEdge
// and LLVM, is loaded into a link-map namespace of its own, because libwasmedge is there twice
// where a process compiles and runs: once with LLVM, once (wasmedge/run.so) with what stands in for
// it.
//
// Sources: dlmopen(3).
#include <dlfcn.h>

#include "identity.h"
#include "plugin_support.h"

namespace mayfly_wasmedge {
namespace {

struct Part {
  const mayfly_engine* table = nullptr;
  std::string reason;  // why there is no table
};

// Loaded with the plugin, in the host's view of the file system: compile() may be called in the
// container's.
const Part& LoadedPart() {
  static const Part part = [] {
    Part loading;
    void* const handle =
        ::dlmopen(LM_ID_NEWLM, PartPath("compiler.so").c_str(), RTLD_NOW | RTLD_LOCAL);
    const auto entry =
        handle == nullptr
            ? nullptr
            : reinterpret_cast<mayfly_engine_plugin_fn>(::dlsym(handle, MAYFLY_ENGINE_SYMBOL));
    if (entry == nullptr) {
      loading.reason = ::dlerror();
    } else {
      loading.table = entry();
    }
    return loading;
  }();
  return part;
}

int Compile(const uint8_t* module, size_t module_size, uint32_t flags, mayfly_bytes* code,
            mayfly_error* error) {
  const Part& part = LoadedPart();
  return part.table == nullptr ? mayfly_plugin::Fail(error, part.reason)
                               : part.table->compile(module, module_size, flags, code, error);
}

constexpr mayfly_engine kPlugin =
    mayfly_plugin::CompilerTable(kName, kVersion, kStrategies, kCodeCompatibility, Compile);

}  // namespace
}  // namespace mayfly_wasmedge

extern "C" __attribute__((visibility("default"))) const mayfly_engine* mayfly_engine_plugin() {
  (void)mayfly_wasmedge::LoadedPart();
  return &mayfly_wasmedge::kPlugin;
}
