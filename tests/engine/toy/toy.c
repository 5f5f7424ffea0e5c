/* toy.so: a whole engine plugin in plain C, written against include/mayfly/engine_plugin.h alone.
 *
 * An interpreter of a few instructions of WebAssembly, enough for a module that prints a text and
 * exits. It offers two strategies: "interpreter" takes a module's bytes; "aot" takes code that
 * compile() made, which is the module behind a small header, so that the cache of compiled code has
 * something to keep. It shows what a third party has to write; docs/formats/engine-plugin.md says
 * the rules. TOY_VERSION can be set when it is compiled, for tests of stale code.
 */
#define _GNU_SOURCE
#include <mayfly/engine_plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interpreter.h"

#ifndef TOY_VERSION
#define TOY_VERSION "1.0"
#endif

static const char kMagic[8] = {'T', 'O', 'Y', 'C', 'O', 'D', 'E', '1'};

struct mayfly_code {
  uint8_t* file; /* what open() mapped or open_module() copied */
  size_t file_size;
  int fd; /* -1 of open_module() */
  const uint8_t* module;
  size_t module_size;
};

static int Fail(mayfly_error* error, const char* text) {
  snprintf(error->text, error->capacity, "%s", text);
  return 1;
}

static void ReleaseBytes(void* context) { free(context); }

static int Compile(const uint8_t* module, size_t module_size, uint32_t flags, mayfly_bytes* code,
                   mayfly_error* error) {
  (void)flags; /* no thread is ever started */
  const uint64_t size = module_size;
  uint8_t* bytes = malloc(sizeof kMagic + sizeof size + module_size);
  if (bytes == NULL) {
    return Fail(error, "out of memory");
  }
  memcpy(bytes, kMagic, sizeof kMagic);
  memcpy(bytes + sizeof kMagic, &size, sizeof size);
  memcpy(bytes + sizeof kMagic + sizeof size, module, module_size);
  code->data = bytes;
  code->size = sizeof kMagic + sizeof size + module_size;
  code->context = bytes;
  code->release = ReleaseBytes;
  return 0;
}

static int Open(int code_fd, mayfly_code** out, mayfly_error* error) {
  struct stat info;
  uint64_t size = 0;
  const size_t head = sizeof kMagic + sizeof size;
  if (fstat(code_fd, &info) != 0 || (size_t)info.st_size < head) {
    close(code_fd);
    return Fail(error, "this is no code of the toy's");
  }
  void* file = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, code_fd, 0);
  if (file == MAP_FAILED) {
    close(code_fd);
    return Fail(error, "the code cannot be mapped");
  }
  /* The file may be longer: Mayfly's own bytes follow the code. */
  memcpy(&size, (uint8_t*)file + sizeof kMagic, sizeof size);
  if (memcmp(file, kMagic, sizeof kMagic) != 0 || size > (size_t)info.st_size - head) {
    munmap(file, (size_t)info.st_size);
    close(code_fd);
    return Fail(error, "this is no code of the toy's");
  }
  mayfly_code* code = calloc(1, sizeof *code);
  if (code == NULL) {
    munmap(file, (size_t)info.st_size);
    close(code_fd);
    return Fail(error, "out of memory");
  }
  *code = (mayfly_code){file, (size_t)info.st_size, code_fd, (uint8_t*)file + head, size};
  *out = code;
  return 0;
}

static int OpenModule(const uint8_t* module, size_t module_size, mayfly_code** out,
                      mayfly_error* error) {
  mayfly_code* code = calloc(1, sizeof *code);
  uint8_t* copy = malloc(module_size == 0 ? 1 : module_size); /* the bytes are the caller's */
  if (code == NULL || copy == NULL) {
    free(code);
    free(copy);
    return Fail(error, "out of memory");
  }
  memcpy(copy, module, module_size);
  *code = (mayfly_code){copy, module_size, -1, copy, module_size};
  *out = code;
  return 0;
}

static int Instantiate(mayfly_code* code, const mayfly_instance_config* config,
                       mayfly_instance** out, mayfly_error* error) {
  /* The only field of the configuration that this engine needs; arguments, environment and preopens
   * are for WASI calls that it does not offer. */
  const size_t end =
      offsetof(mayfly_instance_config, max_memory_bytes) + sizeof config->max_memory_bytes;
  const uint64_t max_bytes = config->struct_size >= end ? config->max_memory_bytes : 0;
  mayfly_instance* instance = calloc(1, sizeof *instance);
  if (instance == NULL) {
    return Fail(error, "out of memory");
  }
  if (ToyRead(instance, code->module, code->module_size, max_bytes) != 0) {
    free(instance->memory);
    free(instance);
    return Fail(error, "the module is damaged or uses what the toy does not know");
  }
  *out = instance;
  return 0;
}

static int Run(mayfly_instance* instance, mayfly_end* end, mayfly_error* error) {
  (void)error; /* nothing can fail that is not the guest's end */
  ToyRun(instance, end);
  return 0;
}

static void Close(mayfly_code* code, mayfly_instance* instance) {
  if (instance != NULL) {
    free(instance->memory);
    free(instance);
  }
  if (code != NULL) {
    if (code->fd >= 0) {
      munmap(code->file, code->file_size);
      close(code->fd);
    } else {
      free(code->file);
    }
    free(code);
  }
}

static const char* const kImports[] = {"wasi_snapshot_preview1.fd_write",
                                       "wasi_snapshot_preview1.proc_exit", NULL};

static const mayfly_engine kPlugin = {
    .abi_version = MAYFLY_ENGINE_ABI_VERSION,
    .struct_size = sizeof(mayfly_engine),
    .name = "toy",
    .version = TOY_VERSION,
    .parts = MAYFLY_PART_RUN | MAYFLY_PART_COMPILE,
    .strategies = MAYFLY_STRATEGY_AOT | MAYFLY_STRATEGY_INTERPRETER,
    .code_compatibility = "none",
    .imports = kImports,
    .compile = Compile,
    .open = Open,
    .open_module = OpenModule,
    .instantiate = Instantiate,
    .run = Run,
    .close = Close,
};

__attribute__((visibility("default"))) const mayfly_engine* mayfly_engine_plugin(void);
const mayfly_engine* mayfly_engine_plugin(void) { return &kPlugin; }
