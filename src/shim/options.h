// Options: what the caller of the shim asks for beside the requests: containerd.runc.v1.Options, or
// the CRI's runtimeoptions.v1.Options with the same as TOML, and where the state of a namespace's
// containers is.
//
// Errors: kind invalid for what cannot be parsed; a type that is not known here is left alone.
// Threads: pure functions.
#pragma once

#include <string>

#include "base/result.h"

namespace mayfly::wire {
class Any;
}

namespace mayfly::shim {

struct Options {
  bool no_pivot_root = false;
  bool no_new_keyring = false;
  bool systemd_cgroup = false;
  std::string shim_cgroup;
  std::string binary_name;  // of runc: there is no program to name here
  std::string root;         // "": kDefaultRoot
};

inline constexpr const char* kDefaultRoot = "/run/containerd/mayfly";

base::Result<Options> ParseOptions(const wire::Any& any);

// The --root of `mayfly` that shows a namespace's containers: "/run/containerd/mayfly/default".
std::string StateRoot(const Options& options, const std::string& name_space);

// Kept in the bundle, for `delete` after a shim that is gone.
base::Result<void> RememberStateRoot(const std::string& bundle, const std::string& root);
std::string RecallStateRoot(const std::string& bundle, const std::string& name_space);

}  // namespace mayfly::shim
