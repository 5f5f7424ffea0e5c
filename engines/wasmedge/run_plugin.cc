// wasmedge.so: the run plugin's front. It holds the table and nothing of WasmEdge: a process that
// only asks what the engine offers, or compiles, does not load the engine for that.
// wasmedge/run.so, loaded by load() or the first open(), does the work; its calls are passed on.
//
// Threads: one, as the ABI says: the part is loaded once and stays.
#include <dlfcn.h>

#include "identity.h"
#include "imports.h"
#include "plugin_support.h"

namespace mayfly_wasmedge {
namespace {

// The table of wasmedge/run.so, or nullptr with the reason in `error`.
const mayfly_engine* Part(mayfly_error* error) {
  static const mayfly_engine* loaded = nullptr;
  if (loaded != nullptr) {
    return loaded;
  }
  // RTLD_DEEPBIND: run.so answers some of libwasmedge's calls of libc. AddressSanitizer does not
  // allow it.
  const bool sanitized = ::dlsym(RTLD_DEFAULT, "__asan_init") != nullptr;
  void* const handle =
      ::dlopen(PartPath("run.so").c_str(), RTLD_NOW | RTLD_LOCAL | (sanitized ? 0 : RTLD_DEEPBIND));
  const auto entry =
      handle == nullptr
          ? nullptr
          : reinterpret_cast<mayfly_engine_plugin_fn>(::dlsym(handle, MAYFLY_ENGINE_SYMBOL));
  if (entry == nullptr) {
    mayfly_plugin::Fail(error, ::dlerror());
    return nullptr;
  }
  loaded = entry();
  return loaded;
}

int Load(mayfly_error* error) { return Part(error) == nullptr ? 1 : 0; }

int Open(int code_fd, mayfly_code** code, mayfly_error* error) {
  const mayfly_engine* part = Part(error);
  return part == nullptr ? 1 : part->open(code_fd, code, error);
}

int OpenModule(const uint8_t* module, size_t module_size, mayfly_code** code, mayfly_error* error) {
  const mayfly_engine* part = Part(error);
  return part == nullptr ? 1 : part->open_module(module, module_size, code, error);
}

int Instantiate(mayfly_code* code, const mayfly_instance_config* config, mayfly_instance** instance,
                mayfly_error* error) {
  const mayfly_engine* part = Part(error);
  return part == nullptr ? 1 : part->instantiate(code, config, instance, error);
}

int Run(mayfly_instance* instance, mayfly_end* end, mayfly_error* error) {
  const mayfly_engine* part = Part(error);
  return part == nullptr ? 1 : part->run(instance, end, error);
}

void Close(mayfly_code* code, mayfly_instance* instance) {
  if (const mayfly_engine* part = Part(nullptr); part != nullptr) {
    part->close(code, instance);
  }
}

constexpr mayfly_engine kPlugin = {
    .abi_version = MAYFLY_ENGINE_ABI_VERSION,
    .struct_size = sizeof(mayfly_engine),
    .name = kName,
    .version = kVersion,
    .parts = MAYFLY_PART_RUN,
    .strategies = kStrategies,
    .code_compatibility = kCodeCompatibility,
    .imports = kImports.data(),
    .compile = nullptr,
    .open = Open,
    .open_module = OpenModule,
    .instantiate = Instantiate,
    .run = Run,
    .close = Close,
    .features = MAYFLY_FEATURE_WASI_P1 | MAYFLY_FEATURE_SOCKETS | MAYFLY_FEATURE_SIMD,
    .load = Load,
};

}  // namespace
}  // namespace mayfly_wasmedge

extern "C" __attribute__((visibility("default"))) const mayfly_engine* mayfly_engine_plugin() {
  return &mayfly_wasmedge::kPlugin;
}
