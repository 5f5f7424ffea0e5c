// Cgroup: the resource-control group of one container, the same on cgroup v1, hybrid and v2 hosts.
//
// Open() plans the container's directories on the host's layout; Create() makes them and sets the
// limits; the container's init gets in. The object holds paths and descriptors of the hierarchies'
// mount points, so it is rebuilt from its Location (kept in the state file) by the commands that
// come later.
//
// The cheap order at the start of a container (docs/design/0001-cgroup-join.md has the figures):
//   parent  CreateBirthplace(); Spawn(…, CloneIntoFd(), …); Create(resources) while the child
//   builds mounts child   waits for Create(), JoinSelf(), then unshares its cgroup namespace
// Nothing but speed is lost with Create() first and Join(pid) from the parent.
//
// Sources: kernel admin-guide/cgroup-v1/*.rst and cgroup-v2.rst; runtime-spec config-linux.md
// "Control
//   groups"; limits.h for the conversions.
// Errors: name the field of config.json, where there is one, and the cgroup file.
// Threads: none. Fork: parent only, but for JoinSelf().
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
  std::vector<std::string>
      controllers;          // {"memory"}, {"cpu", "cpuacct"}, {"name=systemd"}; {} is unified
  std::string mount_point;  // "/sys/fs/cgroup/memory"
  std::string own_path;     // this process's own cgroup below the mount point: "/", "/a/b"

  bool unified() const { return controllers.empty(); }
};

struct Host {
  Layout layout = Layout::kNone;
  std::vector<Hierarchy> hierarchies;
};

// Reads /proc/self/cgroup and /proc/self/mountinfo. `proc` is a stand-in for "/proc" in tests.
base::Result<Host> DetectHost(const std::string& proc = "/proc");

// Where a container's cgroup is: hierarchy mount point -> absolute directory. Kept in the state
// file.
using Location = std::map<std::string, std::string>;

// Whether a container's processes are frozen, from the files alone: cheap enough for `state`.
bool IsFrozen(const Location& location);

class Cgroup {
 public:
  virtual ~Cgroup() = default;

  // Plans the directories for linux.cgroupsPath: "/a/b" is below each hierarchy's root, "a/b" below
  // this process's own cgroup (on v2 beside it: a group with processes cannot hand out
  // controllers), "" means
  // "/mayfly/ID". Nothing is created.
  static base::Result<std::unique_ptr<Cgroup>> Open(const Host& host,
                                                    const std::string& cgroups_path,
                                                    const std::string& id);
  // The same through systemd, --systemd-cgroup: linux.cgroupsPath is SLICE:PREFIX:NAME, and systemd
  // makes the directory with its scope PREFIX-NAME.scope, with the limits that it knows. `user`:
  // the user's own systemd.
  static base::Result<std::unique_ptr<Cgroup>> OpenUnit(const Host& host,
                                                        const std::string& cgroups_path,
                                                        const std::string& id, bool user,
                                                        const oci::Resources& resources);
  // The cgroup of a container that exists; `unit` is its scope, "" without systemd.
  static std::unique_ptr<Cgroup> FromLocation(const Host& host, const Location& location,
                                              const std::string& unit = "", bool user = false);

  // Settles which hierarchies are used, opens their mount points for JoinSelf() and makes the
  // directory of the unified tree for CloneIntoFd(). Create() does it too: this is for a caller
  // that forks first. The caller calls Remove() if it gives up.
  virtual base::Result<void> CreateBirthplace() = 0;
  // Makes the directories and applies limits and device rules. A directory that exists is taken
  // over when it holds no processes. On error what was made is removed again, but for a birthplace
  // with a process.
  virtual base::Result<void> Create(const oci::Resources& resources) = 0;

  // New limits for a container that runs; what `resources` does not set stays, device rules too. On
  // v1 a limit may call for a hierarchy that the container is not in yet: its processes are moved
  // there, and location() grows.
  virtual base::Result<void> Update(const oci::Resources& resources) = 0;

  // For a process that joins a container that runs: opens what CloneIntoFd() and JoinSelf() need.
  virtual base::Result<void> OpenForJoin() = 0;

  // Stops every process in it, and lets them go on. Freeze() waits until they have stopped and
  // undoes what it did when they do not.
  virtual base::Result<void> Freeze() = 0;
  virtual base::Result<void> Thaw() = 0;

  // Moves a process in, from outside: on v1 the kernel waits for an RCU grace period, 7 ms on a
  // quiet host.
  virtual base::Result<void> Join(pid_t pid) = 0;
  // Moves the calling process, a single-threaded child spawned with CloneIntoFd() after
  // CreateBirthplace(), into the other hierarchies, once Create() is done in the parent; no grace
  // period. Works after pivot_root, not after the descriptors are closed.
  virtual base::Result<void> JoinSelf() = 0;
  // A directory descriptor for CLONE_INTO_CGROUP, -1 where the host has none (v1) or before
  // CreateBirthplace(); borrowed.
  virtual int CloneIntoFd() const = 0;

  // The container's init is in for good: what kept the cgroup until then may go.
  virtual void InitIsIn() {}
  // The scope's name, "" without systemd.
  virtual std::string unit() const { return ""; }

  // All processes in it and below, in this process's pid namespace.
  virtual base::Result<std::vector<pid_t>> Processes() const = 0;
  // SIGKILL to all of them (cgroup.kill, or freeze, signal, thaw), then waits until it is empty.
  virtual base::Result<void> KillAll() = 0;
  // One signal to every process; a paused container stays paused.
  virtual base::Result<void> Signal(int signal) = 0;

  // Removes the directories, deepest first; waits briefly while the kernel still drains them
  // (EBUSY). Gone already is fine.
  virtual base::Result<void> Remove() = 0;

  // The directories that Create() makes; until then with those that only a limit asks for.
  virtual const Location& location() const = 0;
};

}  // namespace mayfly::cgroup
