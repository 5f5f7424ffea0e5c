// Launch: from a bundle to an init that is set up and waits; what `create` and `run` have in
// common.
//
// Ownership: the Launched object owns the container until Keep(): destroyed before, it kills the
// init and removes the cgroup and the state directory, so a failure at any step leaves nothing.
// Fork: forks the init.
#pragma once

#include <memory>

#include "base/process.h"
#include "base/result.h"
#include "cgroup/cgroup.h"
#include "container/container.h"
#include "oci/spec.h"

namespace mayfly::container {

enum class StartChannel : unsigned char { kListener, kSocket };

class Launched {
 public:
  Launched(const Store& store, Entry entry) : store_(&store), entry_(std::move(entry)) {}
  Launched(Launched&&) = default;
  Launched& operator=(Launched&&) = delete;
  ~Launched();

  const Entry& entry() const { return entry_; }
  const base::Child& init() const { return init_; }
  // With StartChannel::kSocket: sends `start` and waits until the guest runs.
  base::Result<void> Start();
  // Lets other commands change the container while this one waits for it.
  void ReleaseLock() const;
  // The container stays when this object goes.
  void Keep() { kept_ = true; }

 private:
  friend base::Result<Launched> Launch(const Runtime& runtime, const CreateOptions& options,
                                       StartChannel channel);

  base::Result<void> PlanCgroup(const oci::Spec& spec, State* state);
  base::Result<void> SpawnInit(const oci::Spec& spec, Workload* workload,
                               const CreateOptions& options, StartChannel channel, State* state);
  base::Result<void> Restrain(const oci::Spec& spec);
  base::Result<void> AwaitReady();

  const Store* store_;
  std::unique_ptr<oci::Spec> spec_;
  cgroup::Host host_;
  std::unique_ptr<cgroup::Cgroup> cgroup_;
  bool cgroup_made_ = false;      // at least in part
  bool cgroup_complete_ = false;  // limits and all
  Entry entry_;
  base::Child init_;
  base::UniqueFd socket_;
  bool kept_ = false;
};

base::Result<Launched> Launch(const Runtime& runtime, const CreateOptions& options,
                              StartChannel channel);

// After `start` was sent on `socket`: waits for the end of the stream, or the error that the init
// sends.
base::Result<void> AwaitStarted(int socket, const std::string& id);

}  // namespace mayfly::container
