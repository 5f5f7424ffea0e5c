#include "config.h"

namespace mayfly_wasmtime {
namespace {

constexpr uint64_t kMemoryReservationBytes =
    4ULL << 30;  // all that 32-bit addresses reach: no bounds checks
constexpr uint64_t kMemoryGuardBytes = 32ULL
                                       << 20;   // constant offsets below it need no check either
constexpr size_t kMaxWasmStackBytes = 1 << 20;  // of the thread's stack, which has 8 MiB by default

}  // namespace

EngineHandle MakeEngine(std::string& reason, [[maybe_unused]] bool one_thread) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_memory_reservation_set(config, kMemoryReservationBytes);
  wasmtime_config_memory_guard_size_set(config, kMemoryGuardBytes);
  wasmtime_config_memory_init_cow_set(config, true);
  wasmtime_config_signals_based_traps_set(config, true);
  wasmtime_config_max_wasm_stack_set(config, kMaxWasmStackBytes);
  // Wasmtime unwinds guests by frame pointers; .eh_frame would only cost its registration at each
  // start.
  wasmtime_config_native_unwind_info_set(config, false);
  wasmtime_config_wasm_threads_set(config, true);
  wasmtime_config_shared_memory_set(config, false);
  wasmtime_config_gc_support_set(config, false);
#ifdef WASMTIME_FEATURE_COMPILER
  wasmtime_config_strategy_set(config, WASMTIME_STRATEGY_CRANELIFT);
  wasmtime_config_cranelift_opt_level_set(config, WASMTIME_OPT_LEVEL_SPEED);
  wasmtime_config_parallel_compilation_set(config, !one_thread);
#endif
  wasm_engine_t* engine = nullptr;
  if (ErrorHandle error{mayfly_wasmtime_engine_new(config, &engine)}; error) {
    reason = Message(error.get());
    return nullptr;
  }
  return EngineHandle(engine);
}

}  // namespace mayfly_wasmtime
