// Directory: one container's directory in one mounted hierarchy, and what is done to it: make,
// write, list, empty, remove.
//
// The idea: a descriptor of the mount point is opened once, everything below goes by relative path,
// so that each file costs one open and one write, and so that a child can still join after
// pivot_root.
//
// Sources: kernel cgroup-v1/cgroups.rst, cgroup-v2.rst "Core Interface Files".
// Errors: name the absolute path. Ownership: owns its descriptors. Threads: none.
// Fork: Write() is the child's too, once OpenRoot() was called.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "cgroup/cgroup.h"
#include "cgroup/limits.h"

namespace mayfly::cgroup {

class Directory {
 public:
  // `relative` is the directory below the mount point, without a slash at its start.
  Directory(Hierarchy hierarchy, std::string relative)
      : hierarchy_(std::move(hierarchy)), relative_(std::move(relative)) {}

  const Hierarchy& hierarchy() const { return hierarchy_; }
  bool unified() const { return hierarchy_.unified(); }
  bool Has(std::string_view controller) const;
  // A hierarchy that a container is only in when a limit asks for it.
  bool on_demand() const;
  const std::string& relative() const { return relative_; }
  // "/sys/fs/cgroup/memory/mayfly/c1"
  std::string path() const;
  std::string PathOf(std::string_view file) const;
  // Made or taken over by Make().
  bool made() const { return made_; }
  // Not taken over.
  bool is_new() const { return is_new_; }

  // A process that may be in it when it is taken over.
  void Tolerate(pid_t pid) { tolerated_ = pid; }

  // Opens the mount point; what follows in this process and its children uses that descriptor.
  base::Result<void> OpenRoot() const;
  // Whether the directory above it exists.
  bool ParentExists() const;

  // Makes it and its parents. One that exists is taken over when it is empty; with processes in it
  // is an error of kind exists.
  base::Result<void> Make();
  // A descriptor of the directory itself, O_PATH.
  base::Result<base::UniqueFd> Open() const;

  base::Result<void> Write(const std::string& file, std::string_view value) const;
  // Several values for one file, a write(2) each.
  base::Result<void> WriteEach(const std::string& file,
                               const std::vector<std::string>& values) const;
  base::Result<std::string> Read(const std::string& file) const;
  bool Exists(const std::string& file) const;
  // Write and Read of a file anywhere in the hierarchy: "" is its root, "a/b" a directory.
  base::Result<void> WriteIn(std::string_view directory, const std::string& file,
                             std::string_view value) const;
  base::Result<std::string> ReadIn(std::string_view directory, const std::string& file) const;

  // The settings whose controllers this hierarchy has; errors name the field and the file.
  base::Result<void> Apply(const std::vector<Setting>& settings) const;

  // Adds the processes in it and below.
  base::Result<void> ListProcesses(std::vector<pid_t>& pids) const;

  // Removes it with what a container nested in it; waits up to a second for the kernel to drain it.
  base::Result<void> Remove();

 private:
  base::Result<int> Root() const;
  base::Result<void> TakeOver() const;
  base::Result<void> MakeParents() const;

  Hierarchy hierarchy_;
  std::string relative_;
  bool made_ = false;
  bool is_new_ = false;
  pid_t tolerated_ = 0;
  mutable base::UniqueFd root_;
};

}  // namespace mayfly::cgroup
