#include "engine/aot.h"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <vector>

#include "engine/child_task.h"
#include "engine/code_cache.h"
#include "engine/cpu_features.h"
#include "engine/file_identity.h"
#include "engine/module_probe.h"

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
Result<std::string> EngineIdentity(const std::string& engine, const PluginHost& plugins) {
  struct stat info{};
  const std::string path = plugins.RunPath(engine);
  if (::stat(path.c_str(), &info) != 0) {
    return base::FailErrno("engine {}: {}", engine, path);
  }
  const FileState state = FileState::Of(info);
  return fmt::format("engine {} abi {} file {:x} {} {} {} {} cpu {}", engine,
                     MAYFLY_ENGINE_ABI_VERSION, info.st_dev, state.inode, state.size_bytes,
                     state.mtime_ns, state.ctime_ns, CpuFeatures());
}

std::string CodeKey(const Digest& module, const mayfly_engine& engine) {
  return ToHex(Sha256(
      fmt::format("mayfly code 1\nmodule {}\nengine {}\nversion {}\noptions {}\nabi {}\ncpu {}\n",
                  ToHex(module), engine.name, engine.version, engine.code_compatibility,
                  engine.abi_version, CpuFeatures())));
}

// One compile of one module, in the child process.
struct Job {
  const ModuleFile& module;
  const std::string& engine_name;
  const PluginHost& plugins;
  const NodeConfig& node;
  const CodeCache& cache;
  Log& log;
};

Result<CodeRef> CompileAndStore(const Job& job, std::string_view bytes, const Digest& digest,
                                const std::string& key) {
  MAYFLY_ASSIGN(const mayfly_engine* compiler, job.plugins.LoadCompiler(job.engine_name));
  if (CodeKey(digest, *compiler) != key) {
    return Fail(ErrorKind::kEngine,
                "engine {}: its compiler ({}, {}) is not of the engine's version or options",
                job.engine_name, compiler->version, compiler->code_compatibility);
  }
  const auto start = std::chrono::steady_clock::now();
  mayfly_bytes code{};
  MAYFLY_TRY_AS(Called(compiler,
                       [&](mayfly_error* error) {
                         return compiler->compile(AsBytes(bytes).data(), bytes.size(), 0, &code,
                                                  error);
                       }),
                "compile {}", job.module.path);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start);
  job.log.Debug("compiled {} ({} bytes) with {} {} to {} bytes in {} ms", job.module.path,
                bytes.size(), compiler->name, compiler->version, code.size, took.count());
  const std::string description =
      fmt::format("{} {} module sha256:{}", compiler->name, compiler->version, ToHex(digest));
  auto ref = job.cache.Store(key, description, {code.data, code.size});
  code.release(code.context);
  MAYFLY_ASSIGN(CodeRef stored, std::move(ref));
  MAYFLY_TRY(job.cache.Bound(job.node.cache_max_bytes, key, job.log));
  return stored;
}

Result<CodeRef> FindOrCompile(const Job& job) {
  MAYFLY_ASSIGN(const std::string bytes, ReadModule(job.module));
  MAYFLY_ASSIGN(const mayfly_engine* engine, job.plugins.LoadRun(job.engine_name));
  MAYFLY_TRY(CheckModule(job.module, bytes, *engine));
  const Digest digest = Sha256(bytes);
  const std::string key = CodeKey(digest, *engine);
  if (auto ref = job.cache.Verify(key, job.log)) {
    return *ref;
  }
  MAYFLY_ASSIGN(const UniqueFd lock, job.cache.Lock(key));
  if (auto ref = job.cache.Verify(key, job.log)) {
    return *ref;  // another start compiled it while this one waited
  }
  return CompileAndStore(job, bytes, digest, key);
}

// An index that cannot be written costs time, not correctness.
void Remember(const CodeCache& cache, const std::string& index_name, const CodeRef& ref, Log& log) {
  if (const auto done = cache.Remember(index_name, ref); !done) {
    log.Warning("{}", done.error().text());
  }
}

}  // namespace

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
                         const mayfly_engine& engine) {
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
    return Fail(ErrorKind::kUnsupported, "{}: components are not supported by this version",
                module.path);
  }
  for (const std::string& import : info->imports) {
    if (!Offers(engine, import)) {
      return Fail(ErrorKind::kUnsupported, "{}: module imports {}: not offered by {}", module.path,
                  import, engine.name);
    }
  }
  if (!info->exports_start) {
    return Fail(ErrorKind::kUnsupported,
                "{}: module exports no function _start: it is not a command", module.path);
  }
  return {};
}

Result<UniqueFd> AotCode(const ModuleFile& module, const std::string& engine,
                         const PluginHost& plugins, const NodeConfig& node, Log& log) {
  if (!plugins.Has(engine)) {
    return std::unexpected(plugins.LoadRun(engine).error());
  }
  MAYFLY_ASSIGN(const CodeCache cache, CodeCache::Open(node.cache_dir));
  MAYFLY_ASSIGN(const std::string engine_identity, EngineIdentity(engine, plugins));
  const auto index_name = [&](std::string_view what) {
    return ToHex(Sha256(fmt::format("mayfly index 1\n{}\n{}\n", what, engine_identity)));
  };
  const auto place = FileIdentity(module.fd);
  const std::string by_place = place ? index_name(*place) : "";
  if (place) {
    if (auto code = cache.Recall(by_place, log)) {
      return std::move(*code);
    }
  }
  MAYFLY_ASSIGN(const Digest digest, HashModule(module));
  const std::string by_digest = index_name("sha256 " + ToHex(digest));
  if (auto code = cache.Recall(by_digest, log)) {
    if (const auto ref = cache.FindRef(by_digest); ref && place) {
      Remember(cache, by_place, *ref, log);
    }
    return std::move(*code);
  }
  MAYFLY_ASSIGN(const std::string text,
                RunInChild("compile " + module.path, [&]() -> Result<std::string> {
                  const Job job{module, engine, plugins, node, cache, log};
                  MAYFLY_ASSIGN(const CodeRef ref, FindOrCompile(job));
                  return ref.ToText();
                }));
  const auto ref = CodeRef::FromText(text);
  auto code = ref ? cache.OpenVerified(*ref) : std::nullopt;
  if (!code) {
    return Fail(ErrorKind::kSystem,
                "compiled-code cache {}: the code of {} was removed as it was made", node.cache_dir,
                module.path);
  }
  // What the child compiled is what was hashed here only if the file stayed as it was.
  if (HashModule(module) == digest) {
    Remember(cache, by_digest, *ref, log);
    if (place && FileIdentity(module.fd) == place) {
      Remember(cache, by_place, *ref, log);
    }
  }
  return std::move(*code);
}

}  // namespace mayfly::engine
