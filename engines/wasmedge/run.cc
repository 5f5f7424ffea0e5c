// wasmedge/run.so: runs modules with libwasmedge, compiled or interpreted. In place of LLVM it is
// linked with a stand-in (llvm_stand_in.py), which saves a start most of its time; it never
// compiles.
//
// The order of a run is in include/mayfly/engine_plugin.h. No thread is started; a guest runs on
// the caller's.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "guest_stack.h"
#include "handles.h"
#include "identity.h"
#include "imports.h"
#include "wasi_poll.h"

struct mayfly_code {
  mayfly_wasmedge::ModuleHandle module;
  int fd = -1;
  bool interpreted = false;
};

struct mayfly_instance {
  const mayfly_code* code = nullptr;  // the caller's
  mayfly_wasmedge::StoreHandle store;
  mayfly_wasmedge::ExecutorHandle executor;
  mayfly_wasmedge::InstanceHandle wasi;
  mayfly_wasmedge::InstanceHandle guest;
};

namespace mayfly_wasmedge {
namespace {

constexpr uint64_t kPageBytes = 65536;
constexpr uint32_t kMaxPages = 65536;
constexpr int kPreopenTries = 64;

// Reads a module that its bytes or its file hold, and checks it.
template <typename Parse>
int MakeCode(bool interpreted, Parse parse, mayfly_code** code, mayfly_error* error) {
  WasmEdge_LogOff();
  const ConfigHandle config = MakeConfig(interpreted);
  const LoaderHandle loader(WasmEdge_LoaderCreate(config.get()));
  WasmEdge_ASTModuleContext* parsed = nullptr;
  if (const WasmEdge_Result result = parse(loader.get(), &parsed); !WasmEdge_ResultOK(result)) {
    return Fail(error, Message(result));
  }
  ModuleHandle module(parsed);
  const ValidatorHandle validator(WasmEdge_ValidatorCreate(config.get()));
  if (const auto result = WasmEdge_ValidatorValidate(validator.get(), module.get());
      !WasmEdge_ResultOK(result)) {
    return Fail(error, Message(result));
  }
  *code = new mayfly_code{.module = std::move(module), .interpreted = interpreted};
  return 0;
}

WasmEdge_Result ParseBytes(WasmEdge_LoaderContext* loader, WasmEdge_ASTModuleContext** module,
                           const void* data, size_t size) {
  return WasmEdge_LoaderParseFromBytes(
      loader, module,
      WasmEdge_BytesWrap(static_cast<const uint8_t*>(data), static_cast<uint32_t>(size)));
}

// Code in WasmEdge's "universal" form: it is copied, so that the mapping is needed for the call
// only.
int OpenFromMemory(int code_fd, mayfly_code** code, mayfly_error* error) {
  struct stat info{};
  if (::fstat(code_fd, &info) != 0 || info.st_size <= 0 || info.st_size > UINT32_MAX) {
    return Fail(error, "the code's file is empty or too large");
  }
  const auto size = static_cast<size_t>(info.st_size);
  void* const data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, code_fd, 0);
  if (data == MAP_FAILED) {
    return Fail(error, std::string("mmap of the code: ") + std::strerror(errno));
  }
  const auto parse = [&](WasmEdge_LoaderContext* loader, WasmEdge_ASTModuleContext** module) {
    return ParseBytes(loader, module, data, size);
  };
  const int failed = MakeCode(false, parse, code, error);
  ::munmap(data, size);
  return failed;
}

int OpenMapped(int code_fd, mayfly_code** code, mayfly_error* error) {
  const std::string path = "/proc/self/fd/" + std::to_string(code_fd);
  const auto parse = [&](WasmEdge_LoaderContext* loader, WasmEdge_ASTModuleContext** module) {
    return WasmEdge_LoaderParseFromFile(loader, module, path.c_str());
  };
  return MakeCode(false, parse, code, error);
}

int Open(int code_fd, mayfly_code** code, mayfly_error* error) {
  std::array<char, 4> head{};
  const bool is_elf = ::pread(code_fd, head.data(), head.size(), 0) == 4 &&
                      std::string_view(head.data(), head.size()) == "\177ELF";
  if (const int failed =
          is_elf ? OpenMapped(code_fd, code, error) : OpenFromMemory(code_fd, code, error);
      failed != 0) {
    ::close(code_fd);
    return failed;
  }
  (*code)->fd = code_fd;
  return 0;
}

int OpenModule(const uint8_t* module, size_t module_size, mayfly_code** code, mayfly_error* error) {
  if (module_size > UINT32_MAX) {
    return Fail(error, "a module of 4 GiB or more");
  }
  const auto parse = [&](WasmEdge_LoaderContext* loader, WasmEdge_ASTModuleContext** parsed) {
    return ParseBytes(loader, parsed, module, module_size);
  };
  return MakeCode(true, parse, code, error);
}

// Keeps closed standard streams closed for the guest: without it a preopened directory gets their
// numbers.
class StandardStreamsHeld {
 public:
  StandardStreamsHeld() {
    for (int fd = 0; fd <= 2; ++fd) {
      if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) {
        held_[static_cast<size_t>(fd)] = ::open("/", O_PATH | O_CLOEXEC) == fd;
      }
    }
  }
  StandardStreamsHeld(const StandardStreamsHeld&) = delete;
  StandardStreamsHeld& operator=(const StandardStreamsHeld&) = delete;
  ~StandardStreamsHeld() {
    for (int fd = 0; fd <= 2; ++fd) {
      if (held_[static_cast<size_t>(fd)]) {
        ::close(fd);
      }
    }
  }

 private:
  std::array<bool, 3> held_{};
};

// Whether the guest's descriptors from 3 on are the preopened directories, in their order.
bool HasPreopens(const WasmEdge_ModuleInstanceContext* wasi, const mayfly_instance_config& config,
                 std::string* missing) {
  for (size_t i = 0; i < config.preopen_count; ++i) {
    const char* const path = config.preopens[i].host_path;
    struct stat wanted{};
    struct stat opened{};
    uint64_t native = 0;
    if (WasmEdge_ModuleInstanceWASIGetNativeHandler(wasi, static_cast<int32_t>(3 + i), &native) !=
            0 ||
        ::stat(path, &wanted) != 0 || ::fstat(static_cast<int>(native), &opened) != 0) {
      *missing = path;
      return false;
    }
    if (wanted.st_dev != opened.st_dev || wanted.st_ino != opened.st_ino) {
      return false;
    }
  }
  return true;
}

// The WASI side: arguments, environment, preopened directories. WasmEdge orders directories by
// where their objects lie in memory; wasi-libc needs "/" last, so another try is made until they
// are as asked.
InstanceHandle MakeWasi(const mayfly_instance_config& config, std::string* reason) {
  std::vector<std::string> preopens;
  std::vector<const char*> preopen_pointers;
  preopens.reserve(config.preopen_count);
  for (size_t i = 0; i < config.preopen_count; ++i) {
    const mayfly_preopen& preopen = config.preopens[i];
    preopens.push_back(std::string(preopen.guest_path) + ":" + preopen.host_path +
                       (preopen.read_only != 0 ? ":readonly" : ""));
    preopen_pointers.push_back(preopens.back().c_str());
  }
  std::vector<const char*> variables;
  for (size_t i = 0; i < config.envc; ++i) {
    if (std::string_view(config.env[i]).find('=') != std::string_view::npos) {
      variables.push_back(config.env[i]);
    }
  }
  const StandardStreamsHeld held;
  std::vector<InstanceHandle> tried;
  std::string missing;
  while (tried.size() < kPreopenTries && missing.empty()) {
    tried.emplace_back(WasmEdge_ModuleInstanceCreateWASI(
        config.argv, static_cast<uint32_t>(config.argc), variables.data(),
        static_cast<uint32_t>(variables.size()), preopen_pointers.data(),
        static_cast<uint32_t>(preopen_pointers.size())));
    if (HasPreopens(tried.back().get(), config, &missing)) {
      return std::move(tried.back());
    }
  }
  *reason = missing.empty() ? "the preopened directories are not in their order"
                            : "preopen directory " + missing + ": cannot be opened";
  return nullptr;
}

// The least number of pages of the memory that a module exports. WasmEdge's own limit holds for
// what a memory grows by, not for what it begins with; WASI has every module export its memory.
uint32_t DeclaredPages(const WasmEdge_ASTModuleContext* module) {
  std::vector<const WasmEdge_ExportTypeContext*> exports(
      WasmEdge_ASTModuleListExportsLength(module));
  WasmEdge_ASTModuleListExports(module, exports.data(), static_cast<uint32_t>(exports.size()));
  uint32_t pages = 0;
  for (const WasmEdge_ExportTypeContext* item : exports) {
    if (const auto* memory = WasmEdge_ExportTypeGetMemoryType(module, item); memory != nullptr) {
      pages = std::max(pages, static_cast<uint32_t>(WasmEdge_MemoryTypeGetLimit(memory).Min));
    }
  }
  return pages;
}

int Instantiate(mayfly_code* code, const mayfly_instance_config* config, mayfly_instance** out,
                mayfly_error* error) {
  std::string reason = PrepareGuestStack();
  if (!reason.empty()) {
    return Fail(error, reason);
  }
  auto instance = std::make_unique<mayfly_instance>();
  instance->code = code;
  const ConfigHandle settings = MakeConfig(code->interpreted);
  if (config->max_memory_bytes != 0) {
    const uint64_t pages = config->max_memory_bytes / kPageBytes;
    if (const uint32_t declared = DeclaredPages(code->module.get()); declared > pages) {
      return Fail(error, "the module's memory begins with " + std::to_string(declared) +
                             " pages of 64 KiB, the limit is " + std::to_string(pages));
    }
    WasmEdge_ConfigureSetMaxMemoryPage(
        settings.get(), pages < kMaxPages ? static_cast<uint32_t>(pages) : kMaxPages);
  }
  instance->store.reset(WasmEdge_StoreCreate());
  instance->executor.reset(WasmEdge_ExecutorCreate(settings.get(), nullptr));
  instance->wasi = MakeWasi(*config, &reason);
  if (!instance->wasi) {
    return Fail(error, reason);
  }
  ReplacePoll(instance->wasi.get());
  if (const auto result = WasmEdge_ExecutorRegisterImport(
          instance->executor.get(), instance->store.get(), instance->wasi.get());
      !WasmEdge_ResultOK(result)) {
    return Fail(error, Message(result));
  }
  *out = instance.release();
  return 0;
}

// The reason words that all engines share (docs/guide/engines.md), where WasmEdge's own differ.
std::string TrapText(WasmEdge_Result result) {
  switch (WasmEdge_ResultGetCode(result)) {
    case WasmEdge_ErrCode_Unreachable:
      return "wasm `unreachable` instruction executed";
    case WasmEdge_ErrCode_UndefinedElement:
      return "undefined element: out of bounds table access";
    case WasmEdge_ErrCode_MemoryOutOfBounds:
      return FaultedOnStack() ? "call stack exhausted" : Message(result);
    default:
      return Message(result);
  }
}

bool IsTrap(WasmEdge_Result result) {
  const uint32_t code = WasmEdge_ResultGetCode(result);
  return code >= WasmEdge_ErrCode_DivideByZero && code <= WasmEdge_ErrCode_UncaughtException;
}

// What a call of guest code came to: an exit or a trap. False: neither, the engine refused.
bool SetEnd(mayfly_end* end, const mayfly_instance& instance, WasmEdge_Result result) {
  end->kind = MAYFLY_END_EXIT;
  end->code = 0;
  if (WasmEdge_ResultGetCode(result) == WasmEdge_ErrCode_Terminated) {
    end->code = WasmEdge_ModuleInstanceWASIGetExitCode(instance.wasi.get());
  } else if (IsTrap(result)) {
    end->kind = MAYFLY_END_TRAP;
    CopyText(end->text, sizeof end->text, TrapText(result));
  } else if (!WasmEdge_ResultOK(result)) {
    return false;
  }
  return true;
}

int RunGuest(mayfly_instance* instance, mayfly_end* end, mayfly_error* error) {
  WasmEdge_ModuleInstanceContext* guest = nullptr;
  WasmEdge_Result result = WasmEdge_ExecutorInstantiate(
      instance->executor.get(), &guest, instance->store.get(), instance->code->module.get());
  instance->guest.reset(guest);
  const bool instantiated =
      WasmEdge_ResultOK(result) &&
      WasmEdge_ResultGetCode(result) != WasmEdge_ErrCode_Terminated;  // which counts as success
  if (!instantiated) {
    return SetEnd(end, *instance, result) ? 0 : Fail(error, Message(result));
  }
  const WasmEdge_String name = WasmEdge_StringWrap("_start", 6);
  const WasmEdge_FunctionInstanceContext* const start =
      WasmEdge_ModuleInstanceFindFunction(guest, name);
  if (start == nullptr) {
    return Fail(error, "the module exports no function _start");
  }
  result = WasmEdge_ExecutorInvoke(instance->executor.get(), start, nullptr, 0, nullptr, 0);
  return SetEnd(end, *instance, result) ? 0 : Fail(error, Message(result));
}

int Run(mayfly_instance* instance, mayfly_end* end, mayfly_error* error) {
  if (!instance->code->interpreted) {
    return RunGuest(instance, end, error);
  }
  jmp_buf exhausted;
  if (setjmp(exhausted) != 0) {
    SetInterpreterExit(nullptr);
    end->kind = MAYFLY_END_TRAP;
    CopyText(end->text, sizeof end->text, "call stack exhausted");
    return 0;
  }
  SetInterpreterExit(&exhausted);
  const int failed = RunGuest(instance, end, error);
  SetInterpreterExit(nullptr);
  return failed;
}

void Close(mayfly_code* code, mayfly_instance* instance) {
  delete instance;
  if (code != nullptr && code->fd >= 0) {
    ::close(code->fd);
  }
  delete code;
}

constexpr mayfly_engine kPart = {
    .abi_version = MAYFLY_ENGINE_ABI_VERSION,
    .struct_size = sizeof(mayfly_engine),
    .name = kName,
    .version = kVersion,
    .parts = MAYFLY_PART_RUN,
    .strategies = kStrategies,
    .code_compatibility = kCodeCompatibility,
    .imports = kImports.data(),
    .compile = nullptr,
    .open = Open,
    .open_module = OpenModule,
    .instantiate = Instantiate,
    .run = Run,
    .close = Close,
    .features = 0,
    .load = nullptr,
};

}  // namespace
}  // namespace mayfly_wasmedge

extern "C" __attribute__((visibility("default"))) const mayfly_engine* mayfly_engine_plugin() {
  return &mayfly_wasmedge::kPart;
}
