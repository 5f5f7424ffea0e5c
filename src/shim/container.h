// Container and Process: what the shim keeps of a task in its memory: the init and the processes
// that exec adds, with their streams, how they ended, and who waits for that.
//
// States: kCreated -> kRunning -> kStopped; an init that is killed before its start goes from
// kCreated to kStopped.
//
// Ownership: a Container owns all of it. Threads: one. Fork: parent only.
#pragma once

#include <sys/types.h>

#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "cgroup/stats.h"
#include "container/launch.h"
#include "container/store.h"
#include "oci/spec.h"
#include "shim/console.h"
#include "shim/options.h"
#include "shim/server.h"
#include "shim/streams.h"

namespace mayfly::shim {

enum class ProcessState : unsigned char { kCreated, kRunning, kStopped };

struct Process {
  std::string exec_id;  // "": the init
  StreamPaths paths;
  oci::Process spec;  // of an exec
  ProcessState state = ProcessState::kCreated;
  pid_t pid = 0;
  base::UniqueFd pidfd;
  uint32_t exit_status = 0;
  timespec exited_at{};
  ProcessStreams streams;
  std::unique_ptr<Console> console;            // with a terminal
  std::vector<std::unique_ptr<Relay>> relays;  // of an exec without one
  std::vector<Responder> waiters;
};

struct Container {
  Container(std::string given_id, std::string given_bundle, container::Store given_store)
      : id(std::move(given_id)), bundle(std::move(given_bundle)), store(std::move(given_store)) {}

  std::string id;
  std::string bundle;
  container::Store store;
  Options options;
  bool shares_pids = false;  // its processes may outlive its init
  cgroup::Location cgroup;
  std::optional<cgroup::OomWatch> oom;
  std::unique_ptr<container::Launched> launched;  // until it is started
  Process init;
  std::map<std::string, std::unique_ptr<Process>> execs;
  std::vector<std::unique_ptr<Relay>> leftovers;  // of execs whose children may still write
  // The init's end, told after the end of all the others.
  std::optional<uint32_t> held_exit_status;

  std::string rootfs() const { return bundle + "/rootfs"; }
};

}  // namespace mayfly::shim
