// Expand: what a recipe becomes on this machine: a plan with exact commands, and what is left out
// for want of a program, an engine or an image, each with its reason.
//
// Errors: kind invalid for functions that are not there. Threads: pure but for looking up files.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/plan/bundle.h"
#include "lab/plan/recipe.h"

namespace mayfly::lab {

struct Places {
  ContainerSettings containers;
  std::string suite;                                  // descriptions of the functions
  std::string programs;                               // the suite's build: native-static/, wasm/
  std::string archives;                               // images as tar files, with sizes.csv
  std::string lab;                                    // this program
  std::map<std::string, std::string> programs_named;  // --program NAME=PATH
  std::vector<Argv> restore;                          // of the protocol "restored"
  bool daemon_sees_unified = false;  // containerd runs on a hybrid host and sees the v2 mount
  std::function<std::string(const std::string&)> find_program;  // "" when there is none
  std::function<bool(const std::string&)> has_engine;           // a plugin of the mayfly measured
};

struct Expanded {
  Plan plan;
  std::vector<FunctionBundle> bundles;  // to be made before the first run; "{out}" in their paths
  std::vector<Function> functions;
};

base::Result<Expanded> Expand(const Recipe& recipe, const Places& places);

// containerd-shim-NAME-vN for io.containerd.NAME.vN.
std::string ShimOf(const std::string& runtime_type);

}  // namespace mayfly::lab
