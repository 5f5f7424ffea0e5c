// The calls of the crate beside this file (crate/src), which wraps Wasmer and WASI.
//
// Ownership: what a call hands out is freed by mayfly_wasmer_close or mayfly_wasmer_release; what
// it
//   is given must outlive the call only, but for the descriptor of mayfly_wasmer_open, which must
//   stay open as long as the code.
// Errors: false, with a NUL-terminated sentence in the caller's buffer.
// Threads: only the compilers start any.
#pragma once

#include <stddef.h>
#include <stdint.h>

extern "C" {

struct MayflyWasmerText {
  char* text;
  size_t capacity;
};

struct MayflyWasmerPreopen {
  const char* host_path;
  const char* guest_path;
};

struct MayflyWasmerConfig {
  const char* const* arguments;
  size_t argument_count;
  const char* const* environment;  // "NAME=value"
  size_t environment_count;
  const MayflyWasmerPreopen* preopens;
  size_t preopen_count;
  uint64_t max_memory_bytes;  // 0: no limit
};

struct MayflyWasmerEnd {
  bool trapped;
  uint32_t code;          // unless trapped
  MayflyWasmerText text;  // if trapped: the reason, then the guest's backtrace
};

struct MayflyWasmerCompiled {
  const uint8_t* data;
  size_t size;
  void* owner;
};

struct MayflyWasmerCode;
struct MayflyWasmerGuest;

extern const char mayfly_wasmer_version[];
extern const char* const mayfly_wasmer_imports[];  // NULL-terminated

bool mayfly_wasmer_open(int fd, MayflyWasmerCode** code, MayflyWasmerText* error);
bool mayfly_wasmer_instantiate(const MayflyWasmerCode* code, const MayflyWasmerConfig* config,
                               MayflyWasmerGuest** guest, MayflyWasmerText* error);
bool mayfly_wasmer_run(MayflyWasmerGuest* guest, MayflyWasmerEnd* end, MayflyWasmerText* error);
void mayfly_wasmer_close(MayflyWasmerCode* code, MayflyWasmerGuest* guest);  // either may be null

// Of the compiler build only.
bool mayfly_wasmer_compile(const uint8_t* module, size_t module_size, bool singlepass,
                           bool one_thread, MayflyWasmerCompiled* code, MayflyWasmerText* error);
void mayfly_wasmer_release(void* owner);

}  // extern "C"
