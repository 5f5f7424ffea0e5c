// State: what the runtime remembers of a container between two commands, and its file state.json.
//
// Format: docs/formats/state.md. Written by atomic replacement, so a reader sees a whole file; a
// file that is cut off or not JSON (a full disk, a hand) reads as an error that names it.
//
// Threads: plain values. Fork: parent only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cgroup/cgroup.h"
#include "oci/spec.h"

namespace mayfly::container {

struct State {
  std::string id;
  std::string bundle;
  std::string rootfs;
  std::string oci_version;
  std::string created;  // RFC 3339, UTC
  // Set once the init is set up and waits for `start` (or runs).
  bool ready = false;
  pid_t pid = 0;  // 0: no init yet
  uint64_t pid_start_time =
      0;  // clock ticks since boot; tells the init from a later process with its pid
  bool own_pid_namespace = false;
  oci::Hooks hooks;  // poststart and poststop: those that later commands run
  cgroup::Location cgroup;
  std::string systemd_unit;  // the cgroup is this scope's; "": without systemd
  std::map<std::string, std::string> annotations;  // config.json's and the workload's
};

std::string SerializeState(const State& state);
// `source` names the file in errors.
base::Result<State> ParseState(std::string_view bytes, const std::string& source);

}  // namespace mayfly::container
