// Scope: the transient systemd unit of one container, which the systemd driver makes and removes
// around the directories of a Group.
//
// A scope begins with a process in it, and the container's init is to be born there. So a helper
// that only sleeps opens the scope, and ends once the init is in
// (docs/design/0041-systemd-driver.md).
//
// Ownership: owns the helper: destroyed, it ends it and reaps it. Errors: as systemd_bus.h.
// Threads: none. Fork: parent only.
#pragma once

#include <string>
#include <vector>

#include "base/process.h"
#include "base/result.h"
#include "cgroup/cgroup.h"
#include "cgroup/systemd_unit.h"

namespace mayfly::cgroup {

class Scope {
 public:
  explicit Scope(Unit unit) : unit_(std::move(unit)) {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() { Release(); }

  // The scope's directory below every hierarchy's mount point, as systemd will make it.
  base::Result<std::string> Place() const;
  // What Start() tells systemd, besides that the runtime looks after the directory itself.
  base::Result<void> Plan(const Host& host, const oci::Resources& resources);
  base::Result<void> Start();
  const std::string& unit() const { return unit_.name; }
  bool started() const { return helper_.pid > 0; }
  pid_t helper() const { return helper_.pid; }
  // Ends the helper.
  void Release();

  base::Result<void> Update(const Host& host, const oci::Resources& resources) const;
  base::Result<void> Stop() const;

 private:
  Unit unit_;
  std::vector<Property> properties_;
  base::Child helper_;
};

}  // namespace mayfly::cgroup
