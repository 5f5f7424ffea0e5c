/* The toy's interpreter: reads a module into an instance and runs its function _start. */
#ifndef MAYFLY_TESTS_ENGINE_TOY_INTERPRETER_H
#define MAYFLY_TESTS_ENGINE_TOY_INTERPRETER_H

#include <mayfly/engine_plugin.h>

enum { kMaxFunctions = 64, kMaxTypes = 64, kStackSlots = 256, kMaxDepth = 64, kMaxLocals = 64 };

/* A part of the module that is being read; bad is set by the first read beyond its end. */
typedef struct reader {
  const uint8_t* at;
  const uint8_t* end;
  int bad;
} reader;

typedef struct function {
  uint32_t params;
  uint32_t results;
  const char* import; /* of an imported function its name's bytes, not ended by NUL */
  size_t import_size;
  reader body;
} function;

struct mayfly_instance {
  function functions[kMaxFunctions];
  uint32_t function_count;
  uint32_t start; /* index of _start */
  uint8_t* memory;
  size_t memory_bytes;
  int32_t stack[kStackSlots];
  size_t depth; /* values on it */
  size_t calls;
  mayfly_end* end; /* of the run; set when the guest ended */
  int ended;
};

/* 0, or 1 when the module is damaged or uses what the toy does not know. The module's bytes must
 * outlive the instance, whose memory is its owner's to free. max_bytes bounds it, 0: not at all. */
int ToyRead(mayfly_instance* i, const uint8_t* module, size_t size, uint64_t max_bytes);
/* Runs _start and says in `end` how it ended. */
void ToyRun(mayfly_instance* i, mayfly_end* end);

#endif
