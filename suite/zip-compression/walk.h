// Walk: a directory tree, parents before children, the names of a directory in the order of bytes.
//
// Symbolic links are not followed to directories. Errors: exit 1 with the path.
#pragma once

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "support/exits.h"

namespace mayfly::suite {

// Of everything but "." and "..", sorted.
inline std::vector<std::string> NamesIn(const std::string& path) {
  DIR* directory = opendir(path.c_str());
  if (directory == nullptr) Fail(Exit::kFailure, {"open ", path, ": ", strerror(errno)});
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(directory);
    if (entry == nullptr) break;
    std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) Fail(Exit::kFailure, {"read ", path, ": ", strerror(errno)});
  closedir(directory);
  std::ranges::sort(names);
  return names;
}

// Calls visit(path, name) for each entry below `root`; `name` is the path from there. Depth is
// bounded by memory, not by the stack.
template <typename Visit>
void Walk(const std::string& root, Visit visit) {
  std::vector<std::string> pending;  // names, the next one last
  auto add_children = [&](const std::string& path, const std::string& prefix) {
    std::vector<std::string> names = NamesIn(path);
    for (auto name = names.rbegin(); name != names.rend(); ++name)
      pending.push_back(prefix + *name);
  };
  std::string start = root.ends_with('/') ? root : root + "/";
  add_children(root, "");
  while (!pending.empty()) {
    std::string name = pending.back();
    pending.pop_back();
    std::string path = start + name;
    struct stat status;
    if (lstat(path.c_str(), &status) != 0) {
      Fail(Exit::kFailure, {"stat ", path, ": ", strerror(errno)});
    }
    visit(path, name);
    if (S_ISDIR(status.st_mode)) add_children(path, name + "/");
  }
}

}  // namespace mayfly::suite
