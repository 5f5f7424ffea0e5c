// wasmtime.so: runs code that wasmtime-compiler.so made. No compiler is linked in, so loading it is
// cheap.
//
// The order of a run is in include/mayfly/engine_plugin.h. Everything up to run() is done on the
// caller's thread and starts no other; a guest runs on it too.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "../shared/preview1.h"
#include "config.h"
#include "guest_end.h"

struct mayfly_code {
  mayfly_wasmtime::EngineHandle engine;
  mayfly_wasmtime::ModuleHandle module;
  mayfly_wasmtime::LinkerHandle linker;  // with all of WASI defined: it is the same for every guest
};

struct mayfly_instance {
  const mayfly_code* code = nullptr;  // the caller's
  mayfly_wasmtime::StoreHandle store;
  wasmtime_context_t* context = nullptr;  // the store's
};

namespace mayfly_wasmtime {
namespace {

// wasmtime-wasi offers preview 1 and nothing beside it.
constexpr auto kImports = mayfly_plugin::Preview1And(std::array<const char*, 0>{});

int Open(int code_fd, mayfly_code** code, mayfly_error* error) {
  std::string reason;
  EngineHandle engine = MakeEngine(reason);
  if (!engine) {
    return Fail(error, reason);
  }
  wasmtime_module_t* module = nullptr;
  if (ErrorHandle e{mayfly_wasmtime_module_open(engine.get(), code_fd, &module)}; e) {
    return Fail(error, Message(e.get()));
  }
  ModuleHandle owned(module);
  LinkerHandle linker(wasmtime_linker_new(engine.get()));
  if (ErrorHandle e{mayfly_wasi_define(linker.get())}; e) {
    return Fail(error, Message(e.get()));
  }
  *code = new mayfly_code{std::move(engine), std::move(owned), std::move(linker)};
  return 0;
}

bool SetEnvironment(wasi_config_t* wasi, const mayfly_instance_config& config) {
  std::vector<std::string> names;
  std::vector<const char*> name_pointers;
  std::vector<const char*> values;
  names.reserve(config.envc);  // c_str() pointers of short strings move with their vector
  for (size_t i = 0; i < config.envc; ++i) {
    const std::string_view entry = config.env[i];
    const size_t equals = entry.find('=');
    if (equals == std::string_view::npos) {
      continue;  // not a variable: native programs cannot look it up either
    }
    names.emplace_back(entry.substr(0, equals));
    name_pointers.push_back(names.back().c_str());
    values.push_back(config.env[i] + equals + 1);
  }
  return wasi_config_set_env(wasi, names.size(), name_pointers.data(), values.data());
}

// The WASI side of an instance: arguments, environment, preopened directories, standard streams.
int SetWasi(mayfly_instance* instance, const mayfly_instance_config& config, mayfly_error* error) {
  WasiConfigHandle wasi(wasi_config_new());
  mayfly_wasi_config_direct(wasi.get());
  if (!wasi_config_set_argv(wasi.get(), config.argc, const_cast<const char**>(config.argv))) {
    return Fail(error, "an argument is not valid UTF-8");
  }
  if (!SetEnvironment(wasi.get(), config)) {
    return Fail(error, "an environment variable is not valid UTF-8");
  }
  for (size_t i = 0; i < config.preopen_count; ++i) {
    const mayfly_preopen& preopen = config.preopens[i];
    if (!wasi_config_preopen_dir(wasi.get(), preopen.host_path, preopen.guest_path,
                                 preopen.read_only == 0)) {
      return Fail(error,
                  "preopen directory " + std::string(preopen.host_path) + ": cannot be opened");
    }
  }
  if (ErrorHandle e{wasmtime_context_set_wasi(instance->context, wasi.release())}; e) {
    return Fail(error, Message(e.get()));
  }
  return 0;
}

int Instantiate(mayfly_code* code, const mayfly_instance_config* config, mayfly_instance** out,
                mayfly_error* error) {
  auto instance = std::make_unique<mayfly_instance>();
  instance->code = code;
  instance->store.reset(wasmtime_store_new(code->engine.get(), nullptr, nullptr));
  instance->context = wasmtime_store_context(instance->store.get());
  mayfly_wasmtime_store_allow_large_calls(instance->store.get());
  if (config->max_memory_bytes != 0) {
    wasmtime_store_limiter(instance->store.get(), static_cast<int64_t>(config->max_memory_bytes),
                           -1, -1, -1, -1);
  }
  if (SetWasi(instance.get(), *config, error) != 0) {
    return 1;
  }
  *out = instance.release();
  return 0;
}

// Whether an error of instantiation came out of the guest's start section.
bool IsFromGuest(const wasmtime_error_t* error) {
  int status = 0;
  return wasmtime_error_exit_status(error, &status);
}

int Run(mayfly_instance* instance, mayfly_end* end, mayfly_error* error) {
  wasmtime_instance_t wasm;
  wasm_trap_t* trap = nullptr;
  {
    const ErrorHandle e(wasmtime_linker_instantiate(instance->code->linker.get(), instance->context,
                                                    instance->code->module.get(), &wasm, &trap));
    const TrapHandle owned(trap);
    if (e && !IsFromGuest(e.get())) {
      return Fail(error, Message(e.get()));
    }
    if (e || owned) {
      SetEnd(end, e.get(), owned.get());
      return 0;
    }
  }
  constexpr std::string_view kStart = "_start";
  wasmtime_extern_t start;
  if (!wasmtime_instance_export_get(instance->context, &wasm, kStart.data(), kStart.size(),
                                    &start) ||
      start.kind != WASMTIME_EXTERN_FUNC) {
    return Fail(error, "the module exports no function _start");
  }
  const ErrorHandle e(
      wasmtime_func_call(instance->context, &start.of.func, nullptr, 0, nullptr, 0, &trap));
  const TrapHandle owned(trap);
  SetEnd(end, e.get(), owned.get());
  return 0;
}

void Close(mayfly_code* code, mayfly_instance* instance) {
  delete instance;
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
    .imports = kImports.data(),
    .compile = nullptr,
    .open = Open,
    .open_module = nullptr,
    .instantiate = Instantiate,
    .run = Run,
    .close = Close,
    .features = MAYFLY_FEATURE_WASI_P1 | MAYFLY_FEATURE_SIMD,
    .load = nullptr,
};

}  // namespace
}  // namespace mayfly_wasmtime

extern "C" __attribute__((visibility("default"))) const mayfly_engine* mayfly_engine_plugin() {
  return &mayfly_wasmtime::kPlugin;
}
