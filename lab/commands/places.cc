#include "lab/commands/places.h"

#include <filesystem>

#include "base/file.h"

namespace mayfly::lab {
namespace {

namespace fs = std::filesystem;

fs::path ThisProgram() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error);
}

}  // namespace

std::string SiblingProgram(const std::string& name) {
  return (ThisProgram().parent_path() / name).string();
}

std::string InTree(const std::string& path) {
  std::error_code error;
  if (fs::is_directory("suite", error)) {
    return path;
  }
  const fs::path root = ThisProgram().root_path();
  for (fs::path folder = ThisProgram().parent_path(); folder != root && !folder.empty();
       folder = folder.parent_path()) {
    if (fs::is_directory(folder / "suite", error)) {
      return (folder / path).string();
    }
  }
  return path;
}

std::string AbsolutePath(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  return error ? path : absolute.lexically_normal().string();
}

std::vector<std::string> PluginsOf(const std::string& mayfly) {
  const std::string folder =
      (fs::path(mayfly).parent_path() / "../lib/mayfly/engines").lexically_normal().string();
  std::vector<std::string> plugins;
  if (const auto names = base::ListDirectory(folder)) {
    for (const std::string& name : *names) {
      if (name.ends_with(".so")) {
        plugins.push_back(fmt::format("{}/{}", folder, name));
      }
    }
  }
  return plugins;
}

}  // namespace mayfly::lab
