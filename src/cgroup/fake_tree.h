// FakeTree: a stand-in for /proc and /sys/fs/cgroup in a temporary directory, for tests.
//
// A directory made here has no kernel files, so tests make the container's directory beforehand,
// with the files that the code is to write; an empty cgroup.procs lets Create() take it over.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string>

#include "cgroup/cgroup.h"

namespace mayfly::cgroup {

class FakeTree {
 public:
  FakeTree() {
    std::string name = ::testing::TempDir() + "mayfly-cgroup-XXXXXX";
    root_ = ::mkdtemp(name.data());
  }
  ~FakeTree() { std::filesystem::remove_all(root_); }
  FakeTree(const FakeTree&) = delete;
  FakeTree& operator=(const FakeTree&) = delete;

  const std::string& root() const { return root_; }
  std::string Mount(const std::string& name) const { return root_ + "/" + name; }

  void Write(const std::string& path, const std::string& text) const {
    const std::filesystem::path whole = root_ + "/" + path;
    std::filesystem::create_directories(whole.parent_path());
    std::ofstream(whole) << text;
  }
  // Empty files in one directory, and the cgroup.procs and tasks that every group has.
  void Files(const std::string& directory, std::initializer_list<const char*> files) const {
    Write(directory + "/cgroup.procs", "");
    Write(directory + "/tasks", "");
    for (const char* file : files) {
      Write(directory + "/" + file, "");
    }
  }
  std::string Read(const std::string& path) const {
    std::ifstream file(root_ + "/" + path);
    EXPECT_TRUE(file.good()) << path;
    return {std::istreambuf_iterator<char>(file), {}};
  }
  bool Exists(const std::string& path) const { return std::filesystem::exists(root_ + "/" + path); }

  // A host whose hierarchies are mounted in this tree; "unified" is the v2 one.
  Host MakeHost(Layout layout, std::initializer_list<const char*> names) const {
    Host host{.layout = layout, .hierarchies = {}};
    for (const char* name : names) {
      std::filesystem::create_directories(Mount(name));
      Hierarchy hierarchy{.controllers = {}, .mount_point = Mount(name), .own_path = "/own"};
      if (std::string(name) != "unified") {
        hierarchy.controllers.emplace_back(name);
      }
      host.hierarchies.push_back(std::move(hierarchy));
    }
    return host;
  }

 private:
  std::string root_;
};

}  // namespace mayfly::cgroup
