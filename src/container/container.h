// The container lifecycle: what the front doors (the command line, later the shim) call, a verb a
// function.
//
// States: creating -> created -> running <-> paused, -> stopped (runtime-spec runtime.md
// "Lifecycle"). Every verb either does its work whole or leaves nothing behind: no process, mount,
// cgroup or directory.
//
// Errors: kinds as base/result.h has them; texts hold runc's words where containerd looks for them
//   ("does not exist", "container not running").
// Threads: one. Fork: create and run fork the init; the caller must be single-threaded.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/phases.h"
#include "base/process.h"
#include "base/result.h"
#include "container/store.h"
#include "container/workload.h"
#include "oci/spec.h"
#include "oci/state_json.h"

namespace mayfly::container {

struct Runtime {
  const Store& store;
  base::Log& log;
  const WorkloadFactory& make_workload;
  base::PhaseClock* phases = nullptr;  // nullptr: nobody measures
  bool systemd_cgroup = false;         // new containers' cgroups are systemd's scopes
  // Called by Create and Run before anything is made, when the container will run a program, which
  // can look at what it was born from; may execute the calling program anew.
  std::function<void()> before_program = nullptr;
};

// The standard input, output and error of a guest, borrowed until it is born; -1: this process's
// own.
using Streams = std::array<int, 3>;
inline constexpr Streams kOwnStreams = {-1, -1, -1};

struct CreateOptions {
  std::string id;
  std::string bundle;          // absolute
  std::string pid_file;        // empty: none
  std::string pidfd_socket;    // receives a pidfd of the init; empty: none
  std::string console_socket;  // empty: none
  int preserved_fds = 0;
  bool pivot = true;
  bool new_keyring = true;
  Streams streams = kOwnStreams;
};

enum class RunMode : unsigned char { kForeground, kDetached };
enum class AfterRun : unsigned char { kDelete, kKeep };

// Sets the container up to the point where its init waits for Start.
base::Result<void> Create(const Runtime& runtime, const CreateOptions& options);
base::Result<void> Start(const Runtime& runtime, const std::string& id);

// Create and Start in one; in the foreground waits, hands signals on, deletes, and returns the
// guest's exit status. Detached it returns 0 once the guest runs.
base::Result<int> Run(const Runtime& runtime, const CreateOptions& options, RunMode mode,
                      AfterRun after);

struct ExecOptions {
  std::string id;
  // The process to run, from the container's configuration.
  std::function<base::Result<oci::Process>(const oci::Spec&)> process;
  std::string pid_file;                 // empty: none
  std::string pidfd_socket;             // receives a pidfd of the process; empty: none
  std::string console_socket;           // empty: none
  std::vector<std::string> sub_groups;  // --cgroup
  int preserved_fds = 0;
  bool ignore_paused = false;
  RunMode mode = RunMode::kForeground;
  Streams streams = kOwnStreams;
};
// Adds a process to a container that runs, under the same restrictions. In the foreground waits and
// returns its exit status; detached returns 0 once it runs.
base::Result<int> Exec(const Runtime& runtime, const ExecOptions& options);

// The same for a caller that waits by itself: a child of this process, which runs.
struct Executed {
  base::Child child;
  base::UniqueFd terminal;  // the master of the process's terminal; -1: none
};
base::Result<Executed> StartExec(const Runtime& runtime, const ExecOptions& options);

// Stops and resumes all processes of a container. A paused container stays what it was: `kill` and
// `delete --force` work on it.
base::Result<void> Pause(const Runtime& runtime, const std::string& id);
base::Result<void> Resume(const Runtime& runtime, const std::string& id);

// The processes of a container, in this process's pid namespace, sorted.
base::Result<std::vector<pid_t>> ProcessesOf(const Runtime& runtime, const std::string& id);

enum class Processes : unsigned char { kInit, kAll };
base::Result<void> Kill(const Runtime& runtime, const std::string& id, int signal, Processes which);

enum class Force : unsigned char { kNo, kYes };
// kYes kills what still runs, cleans up after a command that was cut off, and takes a missing
// container as done.
base::Result<void> Delete(const Runtime& runtime, const std::string& id, Force force);

base::Result<oci::StateReport> Query(const Runtime& runtime, const std::string& id);
// All containers that have a readable state, and a warning in the log for each that has not.
base::Result<std::vector<oci::StateReport>> List(const Runtime& runtime);

// Runs the hooks that state.json kept; failures are warnings.
void RunStateHooks(const std::vector<oci::Hook>& hooks, std::string_view kind, const State& state,
                   oci::Status status, base::Log& log);

// The status of an entry whose state was just read.
oci::Status StatusOf(const Entry& entry, const State& state);

}  // namespace mayfly::container
