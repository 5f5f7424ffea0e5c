// Environment: what a function runs in: a runtime, an image variant, and for Wasm a strategy.
//
// Environments are data: those of `mayfly-lab table` are rows of environment.cc, those of a plan
// are entries of its file; a new peer is a new entry. What one makes is `ctr run --rm`, as in the
// paper, with runc's shim and a program of choice or with a shim of its own; or an OCI runtime's
// `run`; or a command as it stands.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "lab/plan/function.h"
#include "lab/plan/plan.h"

namespace mayfly::lab {

enum class Start : unsigned char { kCtr, kOci, kCommand };

// A binary of this name is the mayfly that is measured.
inline constexpr std::string_view kMayflyBinary = "mayfly";

struct Environment {
  std::string name;
  Start start = Start::kCtr;
  std::string variant;       // the image's tag: wasm, scratch, distroless, debian
  std::string engine;        // empty: none, or the runtime's choice
  std::string strategy;      // native, aot, jit, interpreter; handler: a peer's own way
  std::string runtime_type;  // containerd's; empty: io.containerd.runc.v2
  std::string binary;        // OCI runtime; empty: the one that containerd finds
  std::vector<std::pair<std::string, std::string>> annotations;
  std::vector<std::string> needs;      // programs that must be there besides
  std::vector<std::string> functions;  // empty: all of the plan
  std::vector<std::string> sizes;      // empty: those of the plan
  bool v1_only = false;                // refuses a host with v1 controllers and a v2 mount
  std::string label;                   // of a command: the function it stands as; empty: "floor"
  Argv argv;                           // of a command

  bool is_mayfly() const { return binary == kMayflyBinary || runtime_type.contains("mayfly"); }
};

// Every environment known, in the order of the table; the first is the baseline.
std::vector<Environment> AllEnvironments();
// The environments with these names, in the given order; all of them when names is empty.
base::Result<std::vector<Environment>> SelectEnvironments(const std::vector<std::string>& names);

// How the containers are run.
struct ContainerSettings {
  std::string ctr = "ctr";
  std::string address;     // containerd's socket
  std::string name_space;  // containerd's namespace
  std::string mayfly;      // absolute path
  std::string runc;        // absolute path; empty: the runc that containerd finds
  std::string inputs;      // directory of generated inputs, one folder a function
};

// "ctr --address … --namespace …", and the arguments given.
Argv CtrCommand(const ContainerSettings& settings, const Argv& arguments);

// Removes what a container's failed or detached run left: task, record, snapshot.
std::vector<Argv> CtrCleanup(const ContainerSettings& settings);

// "--mount type=bind,…" that shows `source` as /context.
Argv ContextMount(const std::string& source, bool writable);

// The cell of a function in an environment that is started by ctr; its binary is a path, or
// "mayfly".
Cell MakeContainerCell(const Function& function, const Environment& environment,
                       const ContainerSettings& settings);

}  // namespace mayfly::lab
