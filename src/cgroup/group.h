// Group: what v1, hybrid and v2 have in common. A container is a list of directories; getting in,
// killing and removing differ by what a directory offers (cgroup.kill, a freezer), not by the
// host's layout.
//
// V1Group and V2Group add how the directories are made and limited.
// Ownership, errors, threads, fork: as cgroup.h.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cgroup/cgroup.h"
#include "cgroup/devices.h"
#include "cgroup/directory.h"
#include "cgroup/scope.h"

namespace mayfly::cgroup {

class Group : public Cgroup {
 public:
  base::Result<void> CreateBirthplace() override;
  base::Result<void> OpenForJoin() override;
  base::Result<void> Freeze() override;
  base::Result<void> Thaw() override;
  base::Result<void> Join(pid_t pid) override;
  base::Result<void> JoinSelf() override;
  int CloneIntoFd() const override { return birthplace_.get(); }
  base::Result<std::vector<pid_t>> Processes() const override;
  base::Result<void> KillAll() override;
  base::Result<void> Signal(int signal) override;
  base::Result<void> Remove() override;
  const Location& location() const override { return location_; }
  void InitIsIn() override;
  std::string unit() const override { return scope_ ? scope_->unit() : ""; }
  // The directories are a systemd unit's.
  void UseScope(std::unique_ptr<Scope> scope) { scope_ = std::move(scope); }

 protected:
  explicit Group(std::vector<Directory> directories);

  // The v1 directory of a controller, or nullptr.
  Directory* Find(std::string_view controller);
  Directory* Unified();
  std::vector<Directory>& directories() { return directories_; }
  // A further hierarchy for this container, at the same place.
  void Add(Directory directory);
  // Forgets directories.
  void Drop(const std::function<bool(const Directory&)>& unwanted);
  // Removes what was made; for a Create() that failed.
  void Undo();
  // Starts the scope, which is a part of CreateBirthplace(); without systemd there is nothing to
  // do.
  base::Result<void> StartScope();
  Scope* scope() const { return scope_.get(); }
  // The device program, on the unified directory.
  base::Result<void> AttachDevices(const std::vector<DeviceEntry>& rules);

 private:
  void UpdateLocation();
  base::Result<void> WaitEmpty(bool repeat_rounds);
  base::Result<void> KillRound();

  std::vector<Directory> directories_;
  Location location_;
  base::UniqueFd birthplace_;
  std::unique_ptr<Scope> scope_;  // nullptr: the cgroupfs driver
};

// v1 and hybrid: a directory in each hierarchy that limits, metrics, device rules or pausing need.
class V1Group : public Group {
 public:
  // `given_path`: the place was chosen by the caller, so hierarchies in which its parent exists are
  // joined too: an administrator's limits there must hold.
  V1Group(std::vector<Directory> directories, bool given_path)
      : Group(std::move(directories)), given_path_(given_path) {}
  // Of a container that exists, on `host`.
  V1Group(std::vector<Directory> directories, Host host)
      : Group(std::move(directories)), given_path_(true), host_(std::move(host)) {}
  // Drops the hierarchies that the container has no use for and opens the mount points of the
  // others, for a child forked before Create().
  base::Result<void> Settle();
  base::Result<void> CreateBirthplace() override;
  base::Result<void> Create(const oci::Resources& resources) override;
  base::Result<void> Update(const oci::Resources& resources) override;

 private:
  base::Result<void> Extend(const Setting& setting);
  bool IsUsed(const Directory& directory) const;
  base::Result<void> MakeAll(const std::vector<Setting>& settings);
  base::Result<void> ApplyDevices(const std::vector<oci::DeviceRule>& rules);
  base::Result<void> InheritCpuset(const Directory& directory) const;

  bool given_path_;
  Host host_;  // only of a container that exists
};

// v2: one directory, whose controllers the directories above must hand down.
class V2Group : public Group {
 public:
  explicit V2Group(std::vector<Directory> directories) : Group(std::move(directories)) {}
  base::Result<void> CreateBirthplace() override;
  base::Result<void> Create(const oci::Resources& resources) override;
  base::Result<void> Update(const oci::Resources& resources) override;

 private:
  base::Result<void> Limit(const oci::Resources& resources);
  base::Result<void> EnableControllers(const std::vector<Setting>& settings);
  base::Result<void> HandDown(const std::vector<std::string>& wanted,
                              const std::vector<Setting>& settings);

  std::vector<std::string> available_;  // the container's cgroup.controllers, once read
};

}  // namespace mayfly::cgroup
