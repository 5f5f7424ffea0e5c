// wasmtime-component.so: runs components of the world wasi:cli/command (WASI preview 2) from code
// that wasmtime-compiler.so made.
//
// Apart from wasmtime.so, which runs core modules, so that those do not load what only components
// need. The guest runs on the caller's thread.
#include <string>
#include <vector>

#include "config.h"
#include "guest_end.h"

struct mayfly_code {
  mayfly_wasmtime::EngineHandle engine;
  MayflyComponent* component = nullptr;
};

// Never made: a pointer to it is one to the crate's guest.
struct mayfly_instance;

namespace mayfly_wasmtime {
namespace {

// The interfaces of wasi:cli/command; open() checks them by version and type.
constexpr const char* kImports[] = {"wasi:*", nullptr};

int Open(int code_fd, mayfly_code** code, mayfly_error* error) {
  std::string reason;
  EngineHandle engine = MakeEngine(reason);
  if (!engine) {
    return Fail(error, reason);
  }
  MayflyComponent* component = nullptr;
  if (ErrorHandle e{mayfly_component_open(engine.get(), code_fd, &component)}; e) {
    return Fail(error, Message(e.get()));
  }
  *code = new mayfly_code{std::move(engine), component};
  return 0;
}

int Instantiate(mayfly_code* code, const mayfly_instance_config* config, mayfly_instance** instance,
                mayfly_error* error) {
  std::vector<MayflyComponentPreopen> preopens;
  preopens.reserve(config->preopen_count);
  for (size_t i = 0; i < config->preopen_count; ++i) {
    const mayfly_preopen& preopen = config->preopens[i];
    preopens.push_back({preopen.host_path, preopen.guest_path, preopen.read_only != 0});
  }
  const MayflyComponentConfig own{.arguments = config->argv,
                                  .argument_count = config->argc,
                                  .environment = config->env,
                                  .environment_count = config->envc,
                                  .preopens = preopens.data(),
                                  .preopen_count = preopens.size(),
                                  .max_memory_bytes = config->max_memory_bytes};
  MayflyComponentGuest* guest = nullptr;
  if (ErrorHandle e{mayfly_component_instantiate(code->component, &own, &guest)}; e) {
    return Fail(error, Message(e.get()));
  }
  *instance = reinterpret_cast<mayfly_instance*>(guest);
  return 0;
}

// open() has checked all that can be wrong with the component itself, so what fails here is the
// guest's doing.
int Run(mayfly_instance* instance, mayfly_end* end, mayfly_error* /*error*/) {
  const ErrorHandle e(mayfly_component_run(reinterpret_cast<MayflyComponentGuest*>(instance)));
  SetEnd(end, e.get(), nullptr);
  return 0;
}

void Close(mayfly_code* code, mayfly_instance* instance) {
  mayfly_component_close(code != nullptr ? code->component : nullptr,
                         reinterpret_cast<MayflyComponentGuest*>(instance));
  delete code;
}

constexpr mayfly_engine kPlugin = {
    .abi_version = MAYFLY_ENGINE_ABI_VERSION,
    .struct_size = sizeof(mayfly_engine),
    .name = kName,
    .version = WASMTIME_VERSION,
    .parts = MAYFLY_PART_RUN,
    .strategies = MAYFLY_STRATEGY_AOT | MAYFLY_STRATEGY_JIT,
    .code_compatibility = kCodeCompatibility,
    .imports = kImports,
    .compile = nullptr,
    .open = Open,
    .open_module = nullptr,
    .instantiate = Instantiate,
    .run = Run,
    .close = Close,
    .features = MAYFLY_FEATURE_WASI_P2 | MAYFLY_FEATURE_COMPONENTS | MAYFLY_FEATURE_SOCKETS |
                MAYFLY_FEATURE_SIMD,
    .load = nullptr,
};

}  // namespace
}  // namespace mayfly_wasmtime

extern "C" __attribute__((visibility("default"))) const mayfly_engine* mayfly_engine_plugin() {
  return &mayfly_wasmtime::kPlugin;
}
