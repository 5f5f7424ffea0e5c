#include "engine/wasm_workload.h"

#include <unistd.h>

#include <algorithm>
#include <span>

#include "base/file.h"
#include "engine/aot.h"
#include "engine/child_task.h"
#include "engine/guest_signals.h"
#include "engine/memory_file.h"

namespace mayfly::engine {

using base::ErrorKind;
using base::Fail;
using base::Result;
using base::UniqueFd;

namespace {

std::vector<const char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<const char*> pointers;
  pointers.reserve(strings.size());
  for (const std::string& text : strings) {
    pointers.push_back(text.c_str());
  }
  return pointers;
}

const char* NameOf(CodeSource source) {
  switch (source) {
    case CodeSource::kIndex:
      return "index";
    case CodeSource::kCache:
      return "cache";
    case CodeSource::kCompiled:
      return "compiled";
  }
  return "unknown";
}

}  // namespace

WasmWorkload::WasmWorkload(const oci::Process& process, Entrypoint entrypoint, Selection selection,
                           NodeConfig node)
    : process_(process),
      entrypoint_(std::move(entrypoint)),
      selection_(std::move(selection)),
      node_(std::move(node)),
      plugins_(node_.plugins_dir) {}

Result<void> WasmWorkload::Prepare(const container::PrepareContext& context) {
  context.log.Debug("{} is run as WebAssembly ({}) by {}, strategy {}", entrypoint_.path,
                    selection_.reason, selection_.engine, StrategyName(selection_.strategy));
  phases_ = context.phases;
  if (selection_.strategy == Strategy::kAot) {
    const ModuleFile module = Module();
    MAYFLY_ASSIGN(FoundCode found,
                  AotCode(module, selection_.engine, plugins_, node_, context.log));
    code_fd_ = std::move(found.code);
    if (phases_ != nullptr) {
      phases_->SetCode(NameOf(found.source));
    }
    entrypoint_.fd.Reset();
    return {};
  }
  return PrepareModule();
}

ModuleFile WasmWorkload::Module() const {
  return {.path = entrypoint_.path, .fd = entrypoint_.fd.get(), .kind = entrypoint_.kind};
}

Result<void> WasmWorkload::PrepareModule() {
  MAYFLY_ASSIGN(engine_, plugins_.LoadRun(selection_.engine, entrypoint_.kind));
  const uint32_t wanted =
      selection_.strategy == Strategy::kJit ? MAYFLY_STRATEGY_JIT : MAYFLY_STRATEGY_INTERPRETER;
  if ((engine_->strategies & wanted) == 0) {
    return Fail(ErrorKind::kUnsupported, "engine {} has no strategy {}", selection_.engine,
                StrategyName(selection_.strategy));
  }
  const ModuleFile module = Module();
  MAYFLY_ASSIGN(const std::string bytes, ReadModule(module));
  return CheckModule(module, bytes, *engine_, plugins_);
}

Result<void> WasmWorkload::Load() {
  if (engine_ == nullptr) {
    MAYFLY_ASSIGN(engine_, plugins_.LoadRun(selection_.engine, entrypoint_.kind));
  }
  MAYFLY_TRY(LoadFiles(*engine_));
  if (selection_.strategy == Strategy::kAot) {
    return OpenCode();
  }
  if (selection_.strategy == Strategy::kInterpreter) {
    return OpenModule();
  }
  MAYFLY_ASSIGN(compiler_, plugins_.LoadCompiler(selection_.engine));
  MAYFLY_ASSIGN(Scratch scratch, Scratch::Make());
  scratch_.emplace(std::move(scratch));
  return {};
}

Result<void> WasmWorkload::OpenModule() {
  const ModuleFile module = Module();
  MAYFLY_ASSIGN(const std::string bytes, ReadModule(module));
  entrypoint_.fd.Reset();
  MAYFLY_TRY_AS(Called(engine_,
                       [&](mayfly_error* error) {
                         return engine_->open_module(reinterpret_cast<const uint8_t*>(bytes.data()),
                                                     bytes.size(), &code_, error);
                       }),
                "{}", module.path);
  return {};
}

Result<void> WasmWorkload::OpenCode() {
  open_code_fd_ = code_fd_.Release();
  return Called(
      engine_, [this](mayfly_error* error) { return engine_->open(open_code_fd_, &code_, error); });
}

// jit: in a child, so that the compiler's threads and memory are gone before the guest runs.
Result<void> WasmWorkload::CompileInPlace() {
  MAYFLY_ASSIGN(UniqueFd file, MakeMemoryFile());
  const ModuleFile module = Module();
  const auto compile = [&](uint32_t flags) {
    return RunInChild("compile " + module.path, [&]() -> Result<std::string> {
      MAYFLY_TRY(scratch_->Enter());
      MAYFLY_ASSIGN(const std::string bytes, ReadModule(module));
      mayfly_bytes code{};
      MAYFLY_TRY_AS(Called(compiler_,
                           [&](mayfly_error* error) {
                             return compiler_->compile(
                                 reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
                                 flags, &code, error);
                           }),
                    "compile {}", module.path);
      MAYFLY_TRY(base::WriteAll(file.get(), {reinterpret_cast<const char*>(code.data), code.size},
                                "memory file"));
      return "";
    });
  };
  auto compiled = compile(MAYFLY_COMPILE_IN_MEMORY);
  // A compiler that may start no thread, as pids.max can have it, may know no better than to abort.
  if (!compiled && compiled.error().kind() == ErrorKind::kEngine &&
      ::lseek(file.get(), 0, SEEK_CUR) == 0) {
    compiled = compile(MAYFLY_COMPILE_IN_MEMORY | MAYFLY_COMPILE_ONE_THREAD);
  }
  MAYFLY_TRY(std::move(compiled));
  MAYFLY_TRY(SealMemoryFile(file.get()));
  code_fd_ = std::move(file);
  entrypoint_.fd.Reset();
  scratch_.reset();
  return OpenCode();
}

Result<void> WasmWorkload::Instantiate() {
  std::vector<std::string> environment = process_.env;
  const bool elsewhere = process_.cwd != "/" && !process_.cwd.empty();
  const bool has_pwd =
      std::any_of(environment.begin(), environment.end(),
                  [](const std::string& entry) { return entry.starts_with("PWD="); });
  if (elsewhere && !has_pwd) {
    environment.push_back("PWD=" + process_.cwd);
  }
  const auto arguments = Pointers(process_.args);
  const auto variables = Pointers(environment);
  std::vector<mayfly_preopen> preopens;
  if (elsewhere) {
    preopens.push_back({.host_path = ".", .guest_path = ".", .read_only = 0});
  }
  preopens.push_back({.host_path = "/", .guest_path = "/", .read_only = 0});
  const mayfly_instance_config config{.struct_size = sizeof(mayfly_instance_config),
                                      .argv = arguments.data(),
                                      .argc = arguments.size(),
                                      .env = variables.data(),
                                      .envc = variables.size(),
                                      .preopens = preopens.data(),
                                      .preopen_count = preopens.size(),
                                      .max_memory_bytes = selection_.max_memory_bytes};
  return Called(engine_, [&](mayfly_error* error) {
    return engine_->instantiate(code_, &config, &instance_, error);
  });
}

Result<void> WasmWorkload::Verify() {
  if (selection_.strategy == Strategy::kJit) {
    MAYFLY_TRY(CompileInPlace());
    base::Mark(phases_, base::Phase::kCompiled);
  }
  MAYFLY_TRY_AS(Instantiate(), "{}", entrypoint_.path);
  return {};
}

Result<int> WasmWorkload::Run(const std::function<void()>& on_started) {
  EndGuestOnSignals();
  on_started();
  mayfly_end end{};
  if (auto ran = Called(engine_,
                        [&](mayfly_error* error) { return engine_->run(instance_, &end, error); });
      !ran) {
    // `start` has answered already: standard error is all that is left to say it on.
    (void)base::WriteAll(STDERR_FILENO,
                         fmt::format("mayfly: {}: {}\n", entrypoint_.path, ran.error().text()),
                         "stderr");
    return std::unexpected(std::move(ran).error());
  }
  if (end.kind == MAYFLY_END_TRAP) {
    (void)base::WriteAll(STDERR_FILENO, fmt::format("mayfly: trap: {}\n", end.text), "stderr");
    return kTrapStatus;
  }
  return static_cast<int>(end.code & 0xFF);  // as exit(3) does with a native program's status
}

std::vector<int> WasmWorkload::KeptDescriptors() const {
  std::vector<int> kept;
  const int scratch_fd = scratch_ ? scratch_->fd() : -1;
  for (const int fd : {open_code_fd_, entrypoint_.fd.get(), scratch_fd}) {
    if (fd >= 0) {
      kept.push_back(fd);
    }
  }
  return kept;
}

std::vector<std::pair<std::string, std::string>> WasmWorkload::Describe() const {
  return {{kWorkloadAnnotation, "wasm"},
          {kEngineAnnotation, selection_.engine},
          {kStrategyAnnotation, std::string(StrategyName(selection_.strategy))}};
}

}  // namespace mayfly::engine
