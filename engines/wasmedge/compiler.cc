// wasmedge/compiler.so: WasmEdge's compiler, which is LLVM and its linker. It writes files, so it
// works in the scratch directory that compile() is called in (include/mayfly/engine_plugin.h).
//
// Two forms of code: a shared object, which run.so has the dynamic linker map so that containers
// share its pages; and, for MAYFLY_COMPILE_IN_MEMORY, WasmEdge's "universal" form, a module with
// the code in a custom section, which is copied into memory and so needs no path.
//
// No path leads to the scratch directory, so a relative name cannot be made absolute, which
// libwasmedge does at first. This object, the root of the scope that libwasmedge is loaded in,
// answers that call.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "handles.h"
#include "identity.h"

namespace mayfly_wasmedge {
namespace {

constexpr const char* kOutput = "code.so";  // in the working directory
// A mapping, freed by the caller of compile().
struct Mapping {
  void* data;
  size_t size;
};

void Release(void* context) {
  auto* mapping = static_cast<Mapping*>(context);
  ::munmap(mapping->data, mapping->size);
  delete mapping;
}

int MapOutput(mayfly_bytes* code, mayfly_error* error) {
  const int fd = ::open(kOutput, O_RDONLY | O_CLOEXEC);
  struct stat info{};
  if (fd < 0 || ::fstat(fd, &info) != 0 || info.st_size == 0) {
    if (fd >= 0) {
      ::close(fd);
    }
    return Fail(error, "the compiler wrote no code: is there room for scratch files?");
  }
  const auto size = static_cast<size_t>(info.st_size);
  void* const data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  const int mmap_errno = errno;
  ::close(fd);
  ::unlink(kOutput);
  if (data == MAP_FAILED) {
    return Fail(error, std::string("mmap of the code: ") + std::strerror(mmap_errno));
  }
  *code = {.data = static_cast<const uint8_t*>(data),
           .size = size,
           .context = new Mapping{data, size},
           .release = Release};
  return 0;
}

int Compile(const uint8_t* module, size_t module_size, uint32_t flags, mayfly_bytes* code,
            mayfly_error* error) {
  WasmEdge_LogOff();
  const ConfigHandle config = MakeConfig(false);
  WasmEdge_ConfigureCompilerSetOptimizationLevel(config.get(),
                                                 WasmEdge_CompilerOptimizationLevel_O3);
  WasmEdge_ConfigureCompilerSetOutputFormat(
      config.get(), (flags & MAYFLY_COMPILE_IN_MEMORY) != 0 ? WasmEdge_CompilerOutputFormat_Wasm
                                                            : WasmEdge_CompilerOutputFormat_Native);
  const CompilerHandle compiler(WasmEdge_CompilerCreate(config.get()));
  if (!compiler) {
    return Fail(error, "this WasmEdge was built without its compiler");
  }
  if (module_size > UINT32_MAX) {
    return Fail(error, "a module of 4 GiB or more");
  }
  const WasmEdge_Bytes bytes = WasmEdge_BytesWrap(module, static_cast<uint32_t>(module_size));
  const WasmEdge_Result result = WasmEdge_CompilerCompileFromBytes(compiler.get(), bytes, kOutput);
  if (!WasmEdge_ResultOK(result)) {
    return Fail(error, Message(result));
  }
  return MapOutput(code, error);
}

constexpr mayfly_engine kPart =
    mayfly_plugin::CompilerTable(kName, kVersion, kStrategies, kCodeCompatibility, Compile);

}  // namespace
}  // namespace mayfly_wasmedge

extern "C" __attribute__((visibility("default"))) const mayfly_engine* mayfly_engine_plugin() {
  return &mayfly_wasmedge::kPart;
}

// libwasmedge's: the name of the output as it was given.
__attribute__((visibility("default"))) std::filesystem::path AnswerAbsolute(
    const std::filesystem::path& name) __asm__("_ZNSt10filesystem8absoluteERKNS_7__cxx114pathE");

std::filesystem::path AnswerAbsolute(const std::filesystem::path& name) { return name; }
