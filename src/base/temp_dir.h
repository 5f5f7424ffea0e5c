// TempDir: a directory of its own for each test, removed at the end.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/unique_fd.h"

namespace mayfly::base {

class TempDir {
 public:
  TempDir() {
    std::string name = ::testing::TempDir() + "mayfly-base-XXXXXX";
    path_ = ::mkdtemp(name.data());
    fd_.Reset(::open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }
  std::string At(const std::string& name) const { return path_ + "/" + name; }

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(At(name)) << text;
  }
  std::string Read(const std::string& name) const {
    std::ifstream file(At(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void MakeDir(const std::string& name) const { std::filesystem::create_directories(At(name)); }
  void Link(const std::string& target, const std::string& name) const {
    std::filesystem::create_symlink(target, At(name));
  }
  // Nothing follows: a dangling link exists.
  bool Exists(const std::string& name) const {
    struct stat info{};
    return ::lstat(At(name).c_str(), &info) == 0;
  }

 private:
  std::string path_;
  UniqueFd fd_;
};

}  // namespace mayfly::base
