#include "engine/aot.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <span>
#include <vector>

#include "base/file.h"
#include "engine/capability.h"
#include "engine/child_task.h"
#include "engine/code_cache.h"
#include "engine/cpu_features.h"
#include "engine/file_identity.h"
#include "engine/memory_file.h"
#include "engine/module_probe.h"
#include "engine/scratch.h"

namespace mayfly::engine {

using base::ErrorKind;
using base::Fail;
using base::Log;
using base::Result;
using base::UniqueFd;

namespace {

constexpr size_t kReadChunkBytes = 1 << 18;

std::span<const uint8_t> AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Read, not mapped: a mapping of a file that a container shortens meanwhile ends this process by
// SIGBUS.
Result<Digest> HashModule(const ModuleFile& module) {
  Sha256Stream hash;
  std::vector<uint8_t> chunk(kReadChunkBytes);
  off_t at = 0;
  while (true) {
    const ssize_t size = ::pread(module.fd, chunk.data(), chunk.size(), at);
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size < 0) {
      return base::FailErrno("read {}", module.path);
    }
    if (size == 0) {
      return hash.Finish();
    }
    hash.Update(std::span(chunk).first(static_cast<size_t>(size)));
    at += size;
  }
}

// Everything but the module that decides which code is the right one, without loading the engine:
// its file stands for its name, version and options.
Result<std::string> EngineIdentity(const std::string& engine, BinaryKind kind,
                                   const PluginHost& plugins) {
  struct stat info{};
  const std::string path = plugins.RunPath(engine, kind);
  if (::stat(path.c_str(), &info) != 0) {
    return base::FailErrno("engine {}: {}", engine, path);
  }
  const FileState state = FileState::Of(info);
  return fmt::format("engine {} abi {} file {:x} {} {} {} {} cpu {}", engine,
                     MAYFLY_ENGINE_ABI_VERSION, info.st_dev, state.inode, state.size_bytes,
                     state.mtime_ns, state.ctime_ns, CpuFeatures());
}

// One compile of one module, in the child process.
struct Job {
  const ModuleFile& module;
  const Digest& digest;  // the module's
  const std::string& engine_name;
  const PluginHost& plugins;
  const NodeConfig& node;
  const CodeCache* cache;  // nullptr: nothing is looked up or kept
  std::string index_name;  // of the module's digest
  int memory_fd;           // takes the code when the cache cannot
  Log& log;
};

// What the child answers; text because it passes a pipe: "REF" or "-", milliseconds or "-".
struct Answer {
  std::optional<CodeRef> ref;  // absent: the code is in the memory file
  std::optional<int64_t> compile_ms;

  std::string ToText() const {
    return fmt::format("{}\n{}", ref ? ref->ToText() : "-",
                       compile_ms ? std::to_string(*compile_ms) : "-");
  }
  static Answer FromText(const std::string& text) {
    const size_t end = std::min(text.find('\n'), text.size());
    Answer answer{.ref = CodeRef::FromText(text.substr(0, end)), .compile_ms = {}};
    int64_t number = 0;
    const char* const begin = text.data() + std::min(end + 1, text.size());
    if (std::from_chars(begin, text.data() + text.size(), number).ec == std::errc()) {
      answer.compile_ms = number;
    }
    return answer;
  }
};

// An index that cannot be written costs time, not correctness.
void Remember(const CodeCache& cache, const std::string& index_name, const CodeRef& ref, Log& log) {
  if (const auto done = cache.Remember(index_name, ref); !done) {
    log.Warning("{}", done.error().text());
  }
}

// Compiles, and leaves the code in the cache or, when it cannot be stored, in the memory file.
Result<Answer> Compile(const Job& job, const mayfly_engine& engine) {
  MAYFLY_ASSIGN(const std::string bytes, ReadModule(job.module));
  if (Sha256(bytes) != job.digest) {
    return Fail(ErrorKind::kState, "{}: it changes while it is read", job.module.path);
  }
  MAYFLY_TRY(CheckModule(job.module, bytes, engine, job.plugins));
  MAYFLY_ASSIGN(const mayfly_engine* compiler, job.plugins.LoadCompiler(job.engine_name));
  const CodeOrigin origin = OriginOf(job.digest, engine);
  if (OriginOf(job.digest, *compiler) != origin) {
    return Fail(ErrorKind::kEngine,
                "engine {}: its compiler ({}, {}) is not of the engine's version or options",
                job.engine_name, compiler->version, compiler->code_compatibility);
  }
  MAYFLY_ASSIGN(const Scratch scratch, Scratch::Make());
  MAYFLY_TRY(scratch.Enter());
  const auto start = std::chrono::steady_clock::now();
  mayfly_bytes code{};
  MAYFLY_TRY_AS(Called(compiler,
                       [&](mayfly_error* error) {
                         return compiler->compile(AsBytes(bytes).data(), bytes.size(), 0, &code,
                                                  error);
                       }),
                "compile {}", job.module.path);
  Answer answer;
  answer.compile_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                          std::chrono::steady_clock::now() - start)
                          .count();
  job.log.Write(
      base::LogLevel::kInfo,
      fmt::format("compiled {} ({} bytes) with {} {} to {} bytes in {} ms", job.module.path,
                  bytes.size(), compiler->name, compiler->version, code.size, *answer.compile_ms));
  if (job.cache != nullptr) {
    auto stored = job.cache->Store(origin.ToText(), {code.data, code.size});
    if (stored) {
      answer.ref = *stored;
    } else {
      job.log.Warning("{}: not kept: {}", job.module.path, stored.error().text());
    }
  }
  Result<void> written;
  if (!answer.ref) {
    written = base::WriteAll(job.memory_fd, {reinterpret_cast<const char*>(code.data), code.size},
                             "memory file");
  }
  code.release(code.context);
  MAYFLY_TRY(std::move(written));
  return answer;
}

// Under the key's lock: what another start compiled meanwhile, or a compile.
Result<Answer> FindOrCompile(const Job& job) {
  MAYFLY_ASSIGN(const mayfly_engine* engine, job.plugins.LoadRun(job.engine_name, job.module.kind));
  if (job.cache == nullptr) {
    return Compile(job, *engine);
  }
  const std::string key = OriginOf(job.digest, *engine).Key();
  const auto lock = job.cache->Lock(key);
  if (!lock) {
    job.log.Warning("{}: not kept: {}", job.module.path, lock.error().text());
    Job alone = job;
    alone.cache = nullptr;
    return Compile(alone, *engine);
  }
  if (job.cache->Recall(job.index_name, job.log)) {
    return Answer{.ref = job.cache->FindRef(job.index_name), .compile_ms = {}};
  }
  if (const auto ref = job.cache->Verify(key, job.log)) {
    Remember(*job.cache, job.index_name, *ref, job.log);
    return Answer{.ref = ref, .compile_ms = {}};
  }
  MAYFLY_ASSIGN(Answer answer, Compile(job, *engine));
  if (answer.ref) {
    Remember(*job.cache, job.index_name, *answer.ref, job.log);
    const PruneLimits limits{.max_bytes = job.node.cache_max_bytes, .max_age_ns = {}, .all = false};
    if (const auto pruned = job.cache->Prune(limits, key, job.log); !pruned) {
      job.log.Warning("{}", pruned.error().text());
    }
  }
  return answer;
}

// Finds or compiles in a child process; without a cache into memory.
Result<FoundCode> CodeByChild(Job job) {
  MAYFLY_ASSIGN(UniqueFd memory, MakeMemoryFile());
  job.memory_fd = memory.get();
  MAYFLY_ASSIGN(const std::string text,
                RunInChild(fmt::format("compile {} with {}", job.module.path, job.engine_name),
                           [&]() -> Result<std::string> {
                             MAYFLY_ASSIGN(const Answer answer, FindOrCompile(job));
                             return answer.ToText();
                           }));
  const Answer answer = Answer::FromText(text);
  FoundCode found{.code = {},
                  .source = answer.compile_ms ? CodeSource::kCompiled : CodeSource::kCache,
                  .kept = answer.ref.has_value(),
                  .compile_ms = answer.compile_ms.value_or(0)};
  if (!answer.ref) {
    MAYFLY_TRY(SealMemoryFile(memory.get()));
    found.code = std::move(memory);
    return found;
  }
  if (auto code = job.cache->OpenVerified(*answer.ref)) {
    found.code = std::move(*code);
    return found;
  }
  // Removed since: by an operator, or to make room for another module's code.
  job.cache = nullptr;
  return CodeByChild(job);
}

}  // namespace

CodeOrigin OriginOf(const Digest& module, const mayfly_engine& engine) {
  return {.module = ToHex(module),
          .engine = engine.name,
          .version = engine.version,
          .strategy = "aot",
          .options = engine.code_compatibility,
          .abi = std::to_string(engine.abi_version),
          .cpu = CpuFeatures()};
}

ModuleFile MakeModuleFile(std::string path, int fd) {
  std::array<uint8_t, kPreambleSize> head{};
  const ssize_t size = ::pread(fd, head.data(), head.size(), 0);
  const BinaryKind kind =
      KindByPreamble(std::span(head).first(static_cast<size_t>(std::max<ssize_t>(size, 0))));
  return {.path = std::move(path), .fd = fd, .kind = kind};
}

Result<std::string> ReadModule(const ModuleFile& module) {
  struct stat info{};
  if (::fstat(module.fd, &info) != 0) {
    return base::FailErrno("read {}", module.path);
  }
  if (static_cast<uint64_t>(info.st_size) > kMaxModuleBytes) {
    return Fail(ErrorKind::kUnsupported, "{}: a module of {} bytes is larger than {}", module.path,
                info.st_size, kMaxModuleBytes);
  }
  std::string bytes(static_cast<size_t>(info.st_size), '\0');
  size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t size =
        ::pread(module.fd, bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size < 0) {
      return base::FailErrno("read {}", module.path);
    }
    if (size == 0) {
      break;
    }
    at += static_cast<size_t>(size);
  }
  bytes.resize(at);
  return bytes;
}

Result<void> CheckModule(const ModuleFile& module, std::string_view bytes,
                         const mayfly_engine& engine, const PluginHost& plugins) {
  auto info = ProbeModule(AsBytes(bytes));
  if (!info) {
    if (module.path.ends_with(".wat")) {
      return Fail(ErrorKind::kUnsupported,
                  "{}: the text format is not run: assemble it first, for example with wat2wasm",
                  module.path);
    }
    return std::unexpected(std::move(info).error().Wrap(module.path));
  }
  if (info->kind == BinaryKind::kComponent) {
    return {};
  }
  MAYFLY_TRY(CheckImports(module.path, *info, engine, plugins));
  if (!info->exports_start) {
    return Fail(ErrorKind::kUnsupported,
                "{}: module exports no function _start: it is not a command", module.path);
  }
  return {};
}

Result<FoundCode> AotCode(const ModuleFile& module, const std::string& engine,
                          const PluginHost& plugins, const NodeConfig& node, Log& log) {
  if (!plugins.Has(engine)) {
    return std::unexpected(plugins.LoadRun(engine).error());
  }
  MAYFLY_ASSIGN(const CodeCache cache, CodeCache::Open(node.cache_dir));
  MAYFLY_ASSIGN(const std::string engine_identity, EngineIdentity(engine, module.kind, plugins));
  const auto index_name = [&](std::string_view what) {
    return ToHex(Sha256(fmt::format("mayfly index 1\n{}\n{}\n", what, engine_identity)));
  };
  const auto place = FileIdentity(module.fd);
  const std::string by_place = place ? index_name(*place) : "";
  if (place) {
    if (auto code = cache.Recall(by_place, log)) {
      return FoundCode{.code = std::move(*code)};
    }
  }
  MAYFLY_ASSIGN(const Digest digest, HashModule(module));
  const bool stayed = place && FileIdentity(module.fd) == place;  // so the digest is the place's
  const std::string by_digest = index_name("sha256 " + ToHex(digest));
  FoundCode found;
  if (auto code = cache.Recall(by_digest, log)) {
    found.code = std::move(*code);
  } else {
    MAYFLY_ASSIGN(found, CodeByChild({.module = module,
                                      .digest = digest,
                                      .engine_name = engine,
                                      .plugins = plugins,
                                      .node = node,
                                      .cache = &cache,
                                      .index_name = by_digest,
                                      .memory_fd = -1,
                                      .log = log}));
  }
  if (const auto ref = cache.FindRef(by_digest); ref && stayed && found.kept) {
    Remember(cache, by_place, *ref, log);
  }
  return found;
}

Result<FoundCode> CompileToMemory(const ModuleFile& module, const std::string& engine,
                                  const PluginHost& plugins, const NodeConfig& node, Log& log) {
  MAYFLY_ASSIGN(const Digest digest, HashModule(module));
  return CodeByChild({.module = module,
                      .digest = digest,
                      .engine_name = engine,
                      .plugins = plugins,
                      .node = node,
                      .cache = nullptr,
                      .index_name = "",
                      .memory_fd = -1,
                      .log = log});
}

}  // namespace mayfly::engine
