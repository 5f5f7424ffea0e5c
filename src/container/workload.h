// Workload: what a container runs, seen by the code that keeps containers. The seam between
// `container` (which knows nothing of WebAssembly) and `engine` (which knows nothing of
// containers).
//
// One object lives through these calls, the first in the parent (the mayfly command), the others in
// the container's init, which is a fork of the parent:
//   Prepare()  parent, host's view: find the program or module and everything that needs the host's
//   file
//              system; compile into the cache. Errors end `create`.
//   Load()     init, still the host's view, new namespaces joined but not yet restricted: dlopen,
//   mmap.
//              Runs beside the parent's cgroup work; its errors end `create` too.
//   Verify()   init, container's view, restricted: checks what can only be seen there (the program
//   in
//              PATH), so that `create` can still fail with a reason.
//   Run()      init, container's view, after every restriction (capabilities, user, …) is in place.
//
// Threads: Prepare() must leave the process single-threaded (the parent forks after it).
// Fork: Load() and Run() are the child's; they write to no file of the host and take no locks of
// ours.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "oci/spec.h"

namespace mayfly::base {
class Log;
class PhaseClock;
}  // namespace mayfly::base

namespace mayfly::container {

struct PrepareContext {
  const oci::Spec& spec;
  int rootfs_fd;  // O_PATH directory: the rootfs as it lies on the host, without the container's
                  // mounts
  base::Log& log;
  base::PhaseClock* phases = nullptr;  // nullptr: nobody measures
};

class Workload {
 public:
  virtual ~Workload() = default;

  virtual base::Result<void> Prepare(const PrepareContext& context) = 0;
  virtual base::Result<void> Load() = 0;
  virtual base::Result<void> Verify() { return {}; }

  // Replaces the process by the program (native) or runs the guest inside it (Wasm). `on_started`
  // is called once, right before the guest's first instruction, when nothing of ours can fail any
  // more; a native workload calls it not at all: the descriptor it would close is O_CLOEXEC.
  // Returns the guest's exit status (0 to 255), or an Error when the guest could not be started.
  virtual base::Result<int> Run(const std::function<void()>& on_started) = 0;

  // Descriptors that Load() or Prepare() opened and Run() needs; every other one from 3 up is
  // closed before Run().
  virtual std::vector<int> KeptDescriptors() const = 0;

  // Whether a procfs may be mounted into the container. A guest that shares its process with an
  // engine must not see that process there (/proc/self/mem, /proc/self/exe, /proc/self/fd).
  virtual bool AllowsProcfs() const = 0;

  // What `state` and the log say of it, as annotations, e.g. {"dev.mayfly.engine", "wasmtime"}.
  virtual std::vector<std::pair<std::string, std::string>> Describe() const = 0;
};

// Chooses the kind of workload for a spec; given to `create` and `run` by the front door.
using WorkloadFactory =
    std::function<base::Result<std::unique_ptr<Workload>>(const PrepareContext&)>;

}  // namespace mayfly::container
