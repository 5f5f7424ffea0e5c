/* Mayfly engine plugin ABI, version 1.
 *
 * A plugin is a shared object that exports one symbol, mayfly_engine_plugin, and lets Mayfly run
 * WebAssembly modules with one engine. Mayfly finds plugins in lib/mayfly/engines: NAME.so runs
 * compiled code (and interprets, where it can), NAME-compiler.so compiles, NAME-component.so runs
 * components. All export the same symbol and state by their table which parts they have, so an
 * engine that cannot be split ships one file. docs/formats/engine-plugin.md has the rules in prose.
 *
 * A container's life through a run plugin:
 *   open()         host's view of the file system, before the container's root is switched: maps
 *                  the code
 *   instantiate()  container's view, all restrictions in place, not yet started: argv,
 *                  environment, preopens, stdio; runs nothing of the guest
 *   run()          the guest: its start section if it has one, then its function _start; says how
 *                  it ended
 *   close()        frees everything (Mayfly exits right after run(), so it may be skipped)
 *
 * Ownership: what a call is given belongs to the caller and must outlive only the call, unless a
 *   field says otherwise.
 * Errors: a call that fails returns non-zero and writes a NUL-terminated UTF-8 sentence (lower
 *   case, no full stop) into the caller's buffer.
 * Threads: Mayfly calls from one thread. A plugin may start threads in compile(), instantiate() and
 *   later, never in open(): the caller may fork after it.
 * Signals: Mayfly handles terminating signals before run(); a plugin may use SIGSEGV, SIGBUS,
 *   SIGILL, SIGFPE and SIGTRAP for its own traps.
 * Versions: a plugin with another abi_version is refused. Within a version, fields are only added
 * at a struct's end; struct_size says how far its writer goes, and what lies beyond reads as zero.
 * A plugin built against an older header of the version runs under a newer Mayfly, and the reverse.
 *
 * The header is C99 and includes nothing but <stddef.h> and <stdint.h>.
 */
#ifndef MAYFLY_ENGINE_PLUGIN_H
#define MAYFLY_ENGINE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MAYFLY_ENGINE_ABI_VERSION 1u

/* Strategies: how a module becomes code. */
#define MAYFLY_STRATEGY_AOT (1u << 0)         /* compiled before the start, kept in the cache */
#define MAYFLY_STRATEGY_JIT (1u << 1)         /* compiled at the start, inside the container */
#define MAYFLY_STRATEGY_INTERPRETER (1u << 2) /* never compiled */

/* Parts that a plugin file has. */
#define MAYFLY_PART_RUN (1u << 0)
#define MAYFLY_PART_COMPILE (1u << 1)

/* What an engine's guests can use, in mayfly_engine.features: shown to people by `mayfly engines`.
 * Whether a given module can run is decided by `imports`, not by these; but components are given
 * only to a run plugin with MAYFLY_FEATURE_COMPONENTS, and to a compiler in its company. */
#define MAYFLY_FEATURE_WASI_P1 (1u << 0)    /* WASI preview 1 */
#define MAYFLY_FEATURE_WASI_P2 (1u << 1)    /* WASI preview 2 */
#define MAYFLY_FEATURE_COMPONENTS (1u << 2) /* components, not only core modules */
#define MAYFLY_FEATURE_SOCKETS (1u << 3)    /* sockets that a guest can open or accept */
#define MAYFLY_FEATURE_THREADS (1u << 4)    /* threads that a guest can start */
#define MAYFLY_FEATURE_SIMD (1u << 5)       /* 128-bit vectors */

/* Flags of compile(). */
#define MAYFLY_COMPILE_ONE_THREAD (1u << 0) /* start no thread */
#define MAYFLY_COMPILE_IN_MEMORY (1u << 1)  /* open() gets the code where no path leads to it */

/* A buffer for an error's text, owned by the caller. */
typedef struct mayfly_error {
  char* text;
  size_t capacity; /* bytes, the NUL included */
} mayfly_error;

/* Bytes handed from a plugin to Mayfly; Mayfly calls release(context) once when it is done with
 * them. */
typedef struct mayfly_bytes {
  const uint8_t* data;
  size_t size;
  void* context;
  void (*release)(void* context);
} mayfly_bytes;

/* A directory that the guest may use. */
typedef struct mayfly_preopen {
  const char* host_path;  /* valid in the view that instantiate() is called in */
  const char* guest_path; /* "/", "." */
  int read_only;          /* the engine refuses writes; read-only mounts hold in any case */
} mayfly_preopen;

typedef struct mayfly_instance_config {
  size_t struct_size;
  const char* const* argv; /* argc strings; argv[0] is the program's name */
  size_t argc;
  const char* const* env; /* envc strings "NAME=value" */
  size_t envc;
  const mayfly_preopen* preopens;
  size_t preopen_count;
  uint64_t max_memory_bytes; /* linear memory of the instance; 0: no limit but the cgroup's */
  /* stdin, stdout, stderr are descriptors 0, 1, 2 of the process. */
} mayfly_instance_config;

/* How a run ended. */
typedef enum mayfly_end_kind {
  MAYFLY_END_EXIT = 0, /* proc_exit(code), or return from the start function (code 0) */
  MAYFLY_END_TRAP = 1, /* code is unused, text holds the reason */
} mayfly_end_kind;

typedef struct mayfly_end {
  mayfly_end_kind kind;
  uint32_t code;
  char text[1024]; /* of a trap: reason and, where known, the guest's backtrace */
} mayfly_end;

typedef struct mayfly_code mayfly_code;         /* compiled code, mapped: the plugin's own type */
typedef struct mayfly_instance mayfly_instance; /* an instance of it: the plugin's own type */

typedef struct mayfly_engine {
  uint32_t abi_version; /* MAYFLY_ENGINE_ABI_VERSION */
  uint32_t struct_size; /* sizeof(mayfly_engine) */
  const char* name;     /* "wasmtime": [a-z0-9-]+, the file's name */
  const char* version;  /* of the engine: "48.0.8" */
  uint32_t parts;       /* MAYFLY_PART_* */
  uint32_t strategies;  /* MAYFLY_STRATEGY_* that the engine offers with all its parts present */

  /* What makes compiled code of this plugin different from another's beyond name, version and CPU:
   * the engine's options and its target features, one line, equal in both parts. */
  const char* code_compatibility;

  /* The imports that instances get, each "module.name" or "module.*", NULL-terminated. A module
   * that imports anything else is refused before the container starts. */
  const char* const* imports;

  /* PART_COMPILE. Compiles a module; `flags` is of MAYFLY_COMPILE_*. The working directory is an
   * empty one for temporary files, which goes away with the calling process; no other path may be
   * written. */
  int (*compile)(const uint8_t* module, size_t module_size, uint32_t flags, mayfly_bytes* code,
                 mayfly_error* error);

  /* PART_RUN. Maps compiled code from a regular file or memfd, read-only, pages shared with other
   * processes. /proc/self/fd/CODE_FD names it unless the code was compiled with IN_MEMORY. Bytes
   * after the code's end are Mayfly's. Mayfly has checked owner and digest of cached code: it is
   * trusted here. The descriptor is the plugin's from then on: it keeps its number and is closed by
   * close(), or when the call fails. It is the only one that a plugin may hold between open() and
   * instantiate(). */
  int (*open)(int code_fd, mayfly_code** code, mayfly_error* error);

  /* PART_RUN. From a module's own bytes, for STRATEGY_INTERPRETER; NULL where not offered. The
   * host's view, as for open(). */
  int (*open_module)(const uint8_t* module, size_t module_size, mayfly_code** code,
                     mayfly_error* error);

  int (*instantiate)(mayfly_code* code, const mayfly_instance_config* config,
                     mayfly_instance** instance, mayfly_error* error);
  int (*run)(mayfly_instance* instance, mayfly_end* end, mayfly_error* error);
  void (*close)(mayfly_code* code, mayfly_instance* instance); /* either may be NULL */

  /* Optional from here on: a table may end before (struct_size). */
  uint32_t features; /* MAYFLY_FEATURE_* */
  /* Loads what the other calls need of the host's files (a library of the engine's, say). Called
   * once, in the host's view of the file system, before any of them: instantiate(), run() and a
   * jit's compile() and open() may come in a container's view. NULL: nothing is to be loaded. */
  int (*load)(mayfly_error* error);
} mayfly_engine;

/* The smallest struct_size of a table of ABI version 1: everything up to close. */
#define MAYFLY_ENGINE_MIN_SIZE (offsetof(mayfly_engine, close) + sizeof(void (*)(void)))

/* The one exported symbol: a table that lives as long as the process. */
#define MAYFLY_ENGINE_SYMBOL "mayfly_engine_plugin"
typedef const mayfly_engine* (*mayfly_engine_plugin_fn)(void);

#ifdef __cplusplus
}
#endif

#endif /* MAYFLY_ENGINE_PLUGIN_H */
