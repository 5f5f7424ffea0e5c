/* Shared objects that are no good plugins, one for each BAD_* macro: the host must refuse each with
 * a sentence. */
#include <mayfly/engine_plugin.h>

#ifndef BAD_NO_SYMBOL

static const char* const kImports[] = {NULL};

static int Open(int code_fd, mayfly_code** code, mayfly_error* error) {
  (void)code_fd;
  (void)code;
  (void)error;
  return 1;
}

static const mayfly_engine kPlugin = {
#ifdef BAD_ABI
    .abi_version = MAYFLY_ENGINE_ABI_VERSION + 1,
#else
    .abi_version = MAYFLY_ENGINE_ABI_VERSION,
#endif
#ifdef BAD_SIZE
    .struct_size = 16,
#else
    .struct_size = sizeof(mayfly_engine),
#endif
#ifdef BAD_NAME
    .name = "somebody-else",
#elif !defined(BAD_NO_NAME)
    .name = "bad",
#endif
#ifndef BAD_NO_VERSION
    .version = "1",
#endif
#ifdef BAD_PARTS
    .parts = MAYFLY_PART_COMPILE,
#else
    .parts = MAYFLY_PART_RUN,
#endif
    .strategies = MAYFLY_STRATEGY_AOT,
    .code_compatibility = "",
    .imports = kImports,
    .open = Open, /* and no instantiate: BAD_ENTRY is what is left when nothing else is wrong */
};

__attribute__((visibility("default"))) const mayfly_engine* mayfly_engine_plugin(void);
const mayfly_engine* mayfly_engine_plugin(void) {
#ifdef BAD_CRASH
  __builtin_trap();
#endif
#ifdef BAD_NO_TABLE
  return kPlugin.parts == 0 ? &kPlugin : NULL;
#else
  return &kPlugin;
#endif
}

#else
int mayfly_not_a_plugin = 1;
#endif
