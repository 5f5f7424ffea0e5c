#include "engine/warm.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/file.h"
#include "engine/module_probe.h"
#include "engine/plugin_host.h"

namespace mayfly::engine {

namespace fs = std::filesystem;

using base::ErrorKind;
using base::Fail;
using base::Result;

namespace {

bool IsModule(const std::string& path, int more_flags) {
  // O_NONBLOCK: a named pipe in an image must not stop us.
  const auto fd = base::Open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | more_flags);
  struct stat info{};
  std::array<uint8_t, kMagicSize> magic{};
  return fd && ::fstat(fd->get(), &info) == 0 && S_ISREG(info.st_mode) &&
         ::pread(fd->get(), magic.data(), magic.size(), 0) == ssize_t{kMagicSize} &&
         HasWasmMagic(magic);
}

uint64_t SizeOf(int fd) {
  struct stat info{};
  return ::fstat(fd, &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
}

}  // namespace

Result<std::vector<std::string>> FindModules(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    return Fail(ErrorKind::kNotFound, "{}: no such file or directory", path);
  }
  if (error) {
    return Fail(ErrorKind::kSystem, "{}: {}", path, error.message());
  }
  if (status.type() != fs::file_type::directory) {
    if (!IsModule(path, 0)) {
      return Fail(ErrorKind::kInvalid, "{}: not a WebAssembly module", path);
    }
    return std::vector<std::string>{path};
  }
  std::vector<std::string> modules;
  fs::recursive_directory_iterator at(path, fs::directory_options::skip_permission_denied, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    std::error_code of_entry;
    const bool regular = at->symlink_status(of_entry).type() == fs::file_type::regular;
    if (!of_entry && regular && IsModule(at->path(), O_NOFOLLOW)) {
      modules.push_back(at->path());
    }
  }
  if (error) {
    return Fail(ErrorKind::kSystem, "{}: {}", path, error.message());
  }
  std::sort(modules.begin(), modules.end());
  return modules;
}

WarmResult WarmModule(const std::string& path, const std::string& engine, const NodeConfig& node,
                      base::Log& log) {
  WarmResult result{.path = path, .engine = engine, .found = FoundCode{}};
  const auto fd = base::Open(path, O_RDONLY);
  if (!fd) {
    result.found = std::unexpected(fd.error());
    return result;
  }
  result.module_bytes = SizeOf(fd->get());
  result.found =
      AotCode(MakeModuleFile(path, fd->get()), engine, PluginHost(node.plugins_dir), node, log);
  if (result.found) {
    result.code_bytes = SizeOf(result.found->code.get());
  }
  return result;
}

}  // namespace mayfly::engine
