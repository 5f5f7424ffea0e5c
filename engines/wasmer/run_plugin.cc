// wasmer.so and wasmer-singlepass.so: run code that their compiler plugins made, by Wasmer's engine
// without a compiler.
//
// The order of a run is in include/mayfly/engine_plugin.h. Everything is done on the caller's
// thread, a guest on a stack of its own of 1 MiB.
#include <mayfly/engine_plugin.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

#include "mayfly_wasmer.h"
#include "names.h"

struct mayfly_code {
  MayflyWasmerCode* code;
  int fd;
};

// Never made: a pointer to it is one to the crate's guest.
struct mayfly_instance;

namespace mayfly_wasmer {
namespace {

MayflyWasmerText TextOf(mayfly_error* error) { return {error->text, error->capacity}; }

int Open(int code_fd, mayfly_code** code, mayfly_error* error) {
  MayflyWasmerText text = TextOf(error);
  MayflyWasmerCode* opened = nullptr;
  if (!mayfly_wasmer_open(code_fd, &opened, &text)) {
    ::close(code_fd);
    return 1;
  }
  *code = new mayfly_code{opened, code_fd};
  return 0;
}

int Instantiate(mayfly_code* code, const mayfly_instance_config* config, mayfly_instance** instance,
                mayfly_error* error) {
  std::vector<MayflyWasmerPreopen> preopens;
  for (size_t i = 0; i < config->preopen_count; ++i) {
    const mayfly_preopen& preopen = config->preopens[i];
    if (preopen.read_only != 0) {
      std::snprintf(error->text, error->capacity,
                    "preopen directory %s: only its mount can make it read-only",
                    preopen.host_path);
      return 1;
    }
    preopens.push_back({preopen.host_path, preopen.guest_path});
  }
  const MayflyWasmerConfig own{.arguments = config->argv,
                               .argument_count = config->argc,
                               .environment = config->env,
                               .environment_count = config->envc,
                               .preopens = preopens.data(),
                               .preopen_count = preopens.size(),
                               .max_memory_bytes = config->max_memory_bytes};
  MayflyWasmerText text = TextOf(error);
  MayflyWasmerGuest* guest = nullptr;
  if (!mayfly_wasmer_instantiate(code->code, &own, &guest, &text)) {
    return 1;
  }
  *instance = reinterpret_cast<mayfly_instance*>(guest);
  return 0;
}

int Run(mayfly_instance* instance, mayfly_end* end, mayfly_error* error) {
  MayflyWasmerText text = TextOf(error);
  MayflyWasmerEnd own{.trapped = false, .code = 0, .text = {end->text, sizeof end->text}};
  if (!mayfly_wasmer_run(reinterpret_cast<MayflyWasmerGuest*>(instance), &own, &text)) {
    return 1;
  }
  end->kind = own.trapped ? MAYFLY_END_TRAP : MAYFLY_END_EXIT;
  end->code = own.code;
  return 0;
}

void Close(mayfly_code* code, mayfly_instance* instance) {
  mayfly_wasmer_close(code != nullptr ? code->code : nullptr,
                      reinterpret_cast<MayflyWasmerGuest*>(instance));
  if (code != nullptr) {
    ::close(code->fd);
    delete code;
  }
}

const mayfly_engine kPlugin = {
    .abi_version = MAYFLY_ENGINE_ABI_VERSION,
    .struct_size = sizeof(mayfly_engine),
    .name = kName,
    .version = mayfly_wasmer_version,
    .parts = MAYFLY_PART_RUN,
    .strategies = MAYFLY_STRATEGY_AOT | MAYFLY_STRATEGY_JIT,
    .code_compatibility = kCodeCompatibility,
    .imports = mayfly_wasmer_imports,
    .compile = nullptr,
    .open = Open,
    .open_module = nullptr,
    .instantiate = Instantiate,
    .run = Run,
    .close = Close,
    .features = MAYFLY_FEATURE_WASI_P1 | (kSinglepass ? 0U : MAYFLY_FEATURE_SIMD),
    .load = nullptr,
};

}  // namespace
}  // namespace mayfly_wasmer

extern "C" __attribute__((visibility("default"))) const mayfly_engine* mayfly_engine_plugin() {
  return &mayfly_wasmer::kPlugin;
}
