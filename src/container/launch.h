// Launch: from a bundle to an init that is set up and waits; what `create` and `run` have in
// common.
//
// Ownership: the Launched object owns the container until Keep(): destroyed before, it kills the
// init and removes the cgroup and the state directory, so a failure at any step leaves nothing.
// Fork: forks the init.
#pragma once

#include <memory>
#include <optional>

#include "base/process.h"
#include "base/result.h"
#include "cgroup/cgroup.h"
#include "container/container.h"
#include "container/seccomp_listener.h"
#include "isolate/seccomp.h"
#include "oci/spec.h"

namespace mayfly::container {

// What `create` and `run` are asked for, read and checked; nothing is made yet.
struct Draft {
  std::unique_ptr<oci::Spec> spec;  // the workload refers to it
  std::string config;               // config.json as it was read
  base::UniqueFd rootfs;
  std::unique_ptr<Workload> workload;
};
// `mode` says whether the command stays until the guest has ended.
base::Result<Draft> Read(const Runtime& runtime, const CreateOptions& options, RunMode mode);

enum class StartChannel : unsigned char { kListener, kSocket };

class Launched {
 public:
  Launched(const Runtime& runtime, Entry entry)
      : store_(&runtime.store),
        log_(&runtime.log),
        phases_(runtime.phases),
        entry_(std::move(entry)) {}
  Launched(Launched&&) = default;
  Launched& operator=(Launched&&) = delete;
  ~Launched();

  const Entry& entry() const { return entry_; }
  const base::Child& init() const { return init_; }
  // The master of the guest's terminal, when there is one and no console socket took it.
  base::UniqueFd TakeTerminal() { return std::move(terminal_); }
  // With StartChannel::kSocket: sends `start` and waits until the guest runs.
  base::Result<void> Start();
  void RunPoststartHooks() const;
  // Lets other commands change the container while this one waits for it.
  void ReleaseLock() const;
  // The container stays when this object goes.
  void Keep() { kept_ = true; }

 private:
  friend base::Result<Launched> Launch(const Runtime& runtime, const CreateOptions& options,
                                       Draft draft, StartChannel channel);

  base::Result<void> DoWithoutCgroup(base::Result<void> failed, State* state);
  base::Result<void> PlanCgroup(const oci::Spec& spec, State* state);
  base::Result<void> SpawnInit(const oci::Spec& spec, Workload* workload,
                               const CreateOptions& options, StartChannel channel, State* state);
  base::Result<void> ReceiveTerminal();
  base::Result<void> MakeCgroup(const oci::Spec& spec);
  base::Result<void> Restrain(const oci::Spec& spec);
  base::Result<void> PassListenerOn(const oci::Spec& spec);
  base::Result<void> RunEarlyHooks(const oci::Spec& spec);
  base::Result<void> AwaitReady();

  const Store* store_;
  base::Log* log_;
  base::PhaseClock* phases_;
  std::unique_ptr<oci::Spec> spec_;
  cgroup::Host host_;
  std::unique_ptr<cgroup::Cgroup> cgroup_;
  bool cgroup_made_ = false;      // at least in part
  bool cgroup_complete_ = false;  // limits and all
  bool without_cgroup_ = false;   // no right to make one
  std::optional<isolate::SeccompProgram> seccomp_;
  std::optional<ListenerHandover> handover_;
  Entry entry_;
  base::Child init_;
  base::UniqueFd socket_;
  base::UniqueFd terminal_socket_;
  base::UniqueFd terminal_;
  bool kept_ = false;
};

base::Result<Launched> Launch(const Runtime& runtime, const CreateOptions& options, Draft draft,
                              StartChannel channel);

// Tells the caller who was born: the number in `pid_file`, a pidfd to the listener of
// `pidfd_socket`, each unless its path is empty.
base::Result<void> TellBirth(const base::Child& child, const std::string& pid_file,
                             const std::string& pidfd_socket);

// After `start` was sent on `socket`: waits for the end of the stream, or the error that the init
// sends.
base::Result<void> AwaitStarted(int socket, const std::string& id);

// The container's filter, compiled before a process that will load it is born; std::nullopt: none.
base::Result<std::optional<isolate::SeccompProgram>> CompileFilter(const oci::Spec& spec,
                                                                   const Store& store,
                                                                   base::Log& log);

}  // namespace mayfly::container
