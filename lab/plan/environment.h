// Environment: what a function runs in: a runtime, an image variant, and for Wasm a strategy.
//
// Environments are a table of data (environment.cc); a new peer is a new row. The command that a
// row makes is `ctr run --rm`, as in the paper.
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

enum class Runtime : unsigned char { kRunc, kMayfly };

struct Environment {
  std::string name;
  Runtime runtime = Runtime::kRunc;
  std::string variant;   // the image's tag: wasm, scratch, distroless, debian
  std::string strategy;  // native, aot, jit
  std::vector<std::pair<std::string, std::string>> annotations;
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

// The cell of a function in an environment.
Cell MakeContainerCell(const Function& function, const Environment& environment,
                       const ContainerSettings& settings);

}  // namespace mayfly::lab
