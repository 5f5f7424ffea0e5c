// Cgroup: the resource-control group of one container, the same on cgroup v1, hybrid and v2 hosts.
//
// Open() finds the host's layout and plans the container's directories; Create() makes them and sets the
// limits; Join() moves a process in. The object holds paths only, so it is rebuilt from its Location
// (kept in the state file) by the commands that come later.
//
// Sources: kernel admin-guide/cgroup-v1/*.rst and cgroup-v2.rst; runtime-spec config-linux.md "Control
//   groups"; the conversions of cpu.shares to cpu.weight are crun's and runc's published formula.
// Errors: name the cgroup file. Threads: none. Fork: parent only.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "oci/spec.h"

namespace mayfly::cgroup {

enum class Layout : unsigned char { kV1, kHybrid, kV2, kNone };

// One mounted hierarchy: v1 controllers (or a named one), or the unified tree.
struct Hierarchy {
  std::vector<std::string> controllers;  // {"memory"}, {"cpu", "cpuacct"}, {"name=systemd"}; {} is unified
  std::string mount_point;               // "/sys/fs/cgroup/memory"
  std::string own_path;                  // this process's own cgroup in it, "/" or "/process_api/…"
};

struct Host {
  Layout layout = Layout::kNone;
  std::vector<Hierarchy> hierarchies;
};

// Reads /proc/self/mountinfo and /proc/self/cgroup. `proc` is a stand-in for "/proc" in tests.
base::Result<Host> DetectHost(const std::string& proc = "/proc");

// Where a container's cgroup is: hierarchy mount point -> absolute directory. Kept in the state file.
using Location = std::map<std::string, std::string>;

class Cgroup {
 public:
  virtual ~Cgroup() = default;

  // Plans the directories for linux.cgroupsPath: "/a/b" is below each hierarchy's root, "a/b" below this
  // process's own cgroup, "" means "/mayfly/ID". Nothing is created.
  static base::Result<std::unique_ptr<Cgroup>> Open(const Host& host, const std::string& cgroups_path,
                                                    const std::string& id);
  // The cgroup of a container that exists.
  static std::unique_ptr<Cgroup> FromLocation(const Host& host, Location location);

  // Makes the directories and applies limits and device rules. On error what was made is removed again.
  virtual base::Result<void> Create(const oci::Resources& resources) = 0;
  virtual base::Result<void> Join(pid_t pid) = 0;
  // A directory descriptor for CLONE_INTO_CGROUP, -1 where the host has none (v1); borrowed.
  virtual int CloneIntoFd() const = 0;

  // All processes in it and below, in this process's pid namespace.
  virtual base::Result<std::vector<pid_t>> Processes() const = 0;
  // SIGKILL to all of them (cgroup.kill, or freeze, signal, thaw), then waits until it is empty.
  virtual base::Result<void> KillAll() = 0;
  virtual base::Result<void> Signal(int signal) = 0;

  // Removes the directories, deepest first; waits briefly while the kernel still drains them (EBUSY).
  // Gone already is fine.
  virtual base::Result<void> Remove() = 0;

  virtual const Location& location() const = 0;
};

}  // namespace mayfly::cgroup
