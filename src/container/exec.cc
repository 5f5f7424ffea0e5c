#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>

#include <utility>

#include "base/file.h"
#include "base/process.h"
#include "base/unix_socket.h"
#include "container/container.h"
#include "container/exec_target.h"
#include "container/foreground.h"
#include "container/init/join.h"
#include "container/init/messages.h"
#include "container/launch.h"
#include "container/terminal.h"
#include "isolate/labels.h"
#include "isolate/namespaces.h"

namespace mayfly::container {

using base::ErrorKind;
using base::Fail;
using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

Result<void> CheckStatus(oci::Status status, bool ignore_paused) {
  if (status == oci::Status::kStopped || status == oci::Status::kCreating) {
    return Fail(ErrorKind::kState, "cannot exec in a {} container",
                status == oci::Status::kStopped ? "stopped" : "half-created");
  }
  if (status == oci::Status::kPaused && !ignore_paused) {
    return Fail(ErrorKind::kState,
                "cannot exec in a paused container (use --ignore-paused to override)");
  }
  return {};
}

// A process that is being added to a container; ended with this object unless it was handed over.
class Execution {
 public:
  Execution(const Runtime& runtime, const ExecOptions& options)
      : runtime_(runtime), options_(options) {}
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;
  ~Execution() {
    if (child_.pid > 0) {
      (void)base::SendSignal(child_.pidfd.get(), SIGKILL);
      (void)base::WaitForExit(child_.pid);
    }
  }

  // Returns when the guest runs.
  Result<void> Start();
  const base::Child& child() const { return child_; }
  UniqueFd TakeMaster() { return std::move(master_); }
  base::Child HandOver() { return std::exchange(child_, {}); }

 private:
  Result<void> Launch(const ExecTarget& target, JoinConfig& config);
  Result<void> Spawn(const ExecTarget& target, const cgroup::Host& host,
                     const cgroup::Location& location, JoinConfig& config);
  Result<void> AwaitRunning(const oci::Spec& spec, int socket);

  const Runtime& runtime_;
  const ExecOptions& options_;
  std::optional<ListenerHandover> handover_;
  base::Child child_;
  UniqueFd master_;
};

Result<void> Execution::Start() {
  MAYFLY_ASSIGN(const Entry entry, runtime_.store.FindLocked(options_.id));
  MAYFLY_ASSIGN(State state, entry.ReadState());
  const oci::Status status = StatusOf(entry, state);
  MAYFLY_TRY(CheckStatus(status, options_.ignore_paused));
  MAYFLY_ASSIGN(oci::Spec spec, entry.ReadConfig(state.bundle));
  MAYFLY_ASSIGN(spec.process, options_.process(spec));
  MAYFLY_TRY(CheckTerminal(spec.process, options_.console_socket, options_.mode));
  MAYFLY_TRY(isolate::CheckLabels(spec.process));
  MAYFLY_ASSIGN(const auto filter, CompileFilter(spec, runtime_.store, runtime_.log));
  if (filter && filter->notifies) {
    MAYFLY_ASSIGN(handover_, ListenerHandover::Make());
  }
  MAYFLY_ASSIGN(const ExecTarget target, HoldTarget(std::move(state)));

  // What is seen through the container's root has its mounts in it already.
  spec.mounts.clear();
  const PrepareContext context{spec, target.root.get(), runtime_.log};
  MAYFLY_ASSIGN(const auto workload, runtime_.make_workload(context));
  // What is mounted now counts, whatever the container was made for (workload.h, AllowsProcfs()).
  if (!workload->AllowsProcfs() && target.has_procfs) {
    return Fail(ErrorKind::kUnsupported,
                "a module cannot run in a container that has a procfs: there it would see the "
                "engine's own process");
  }
  MAYFLY_TRY(workload->Prepare(context));

  MAYFLY_ASSIGN(auto channel, OpenTerminalChannel(spec.process, options_.console_socket));
  MAYFLY_ASSIGN(auto sockets, OpenMessagePair());
  JoinConfig config{.spec = spec,
                    .workload = *workload,
                    .pidfd = target.pidfd.get(),
                    .root = target.root.get(),
                    .namespaces = target.namespaces & ~static_cast<uint64_t>(CLONE_NEWPID),
                    .keyring = "_ses." + options_.id,
                    .preserved_fds = options_.preserved_fds,
                    .streams = options_.streams,
                    .socket = sockets.second.get(),
                    .terminal_socket = channel.child_end.get(),
                    .parent_only = {sockets.first.get(), entry.dir_fd(), channel.parent_end.get()},
                    .seccomp = filter ? &*filter : nullptr,
                    .handover = handover_ ? &*handover_ : nullptr};
  MAYFLY_TRY(Launch(target, config));
  sockets.second.Reset();
  channel.child_end.Reset();
  if (status == oci::Status::kPaused) {
    ::flock(entry.dir_fd(), LOCK_UN);  // `resume` needs it, and the process waits for `resume`
  }
  MAYFLY_TRY(AwaitRunning(spec, sockets.first.get()));
  if (channel.parent_end.valid()) {
    MAYFLY_ASSIGN(master_, base::ReceiveDescriptor(channel.parent_end.get()));
  }
  return {};
}

Result<void> Execution::Launch(const ExecTarget& target, JoinConfig& config) {
  // The child is in the container's pid namespace from birth: what looks at it from there must find
  // it closed already.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return FailErrno("prctl");
  }
  MAYFLY_ASSIGN(const cgroup::Host host, cgroup::DetectHost());
  MAYFLY_ASSIGN(const auto location, SubGroups(host, target.state.cgroup, options_.sub_groups));
  auto spawned = Spawn(target, host, location, config);
  if (!spawned && spawned.error().sys_errno() == EBUSY && options_.sub_groups.empty()) {
    MAYFLY_ASSIGN(const auto present, PlaceOfInit(host, target.state));
    return Spawn(target, host, present, config);
  }
  return spawned;
}

Result<void> Execution::Spawn(const ExecTarget& target, const cgroup::Host& host,
                              const cgroup::Location& location, JoinConfig& config) {
  const auto group = cgroup::Cgroup::FromLocation(host, location);
  MAYFLY_TRY(group->OpenForJoin());
  config.cgroup = group.get();
  std::vector<isolate::JoinTarget> pid_namespace;
  if ((target.namespaces & CLONE_NEWPID) != 0) {
    UniqueFd again(::fcntl(target.pidfd.get(), F_DUPFD_CLOEXEC, 0));
    if (!again.valid()) {
      return FailErrno("the container's init");
    }
    pid_namespace.push_back({CLONE_NEWPID, "of the container", std::move(again)});
  }
  MAYFLY_ASSIGN(const auto born_into, isolate::ChildPidNamespace::Join(pid_namespace));
  MAYFLY_ASSIGN(child_,
                base::Spawn(0, group->CloneIntoFd(), [&config] { return RunJoined(config); }));
  return {};
}

Result<void> Execution::AwaitRunning(const oci::Spec& spec, int socket) {
  MAYFLY_ASSIGN(Message message, ReceiveMessage(socket));
  if (message.type == MessageType::kReady) {
    if (handover_) {
      MAYFLY_ASSIGN(const UniqueFd listener, handover_->Take(child_.pidfd.get(), socket));
      if (listener.valid()) {
        MAYFLY_TRY(SendListener(spec, options_.id, child_.pid, "running", listener.get()));
      }
    }
    MAYFLY_ASSIGN(message, ReceiveMessage(socket));
    if (message.type == MessageType::kEndOfStream) {
      return {};
    }
  }
  if (message.type == MessageType::kError) {
    return std::unexpected(message.error);
  }
  MAYFLY_ASSIGN(const int status, base::WaitForExit(child_.pid));
  child_.pid = -1;
  return Fail(ErrorKind::kSystem, "the process ended during its set-up with status {}", status);
}

}  // namespace

Result<Executed> StartExec(const Runtime& runtime, const ExecOptions& options) {
  Execution execution(runtime, options);
  MAYFLY_TRY_AS(execution.Start(), "exec {}", options.id);
  UniqueFd master = execution.TakeMaster();
  return Executed{execution.HandOver(), std::move(master)};
}

Result<int> Exec(const Runtime& runtime, const ExecOptions& options) {
  MAYFLY_ASSIGN(Foreground foreground, Foreground::Begin());
  Execution execution(runtime, options);
  MAYFLY_TRY_AS(execution.Start(), "exec {}", options.id);
  MAYFLY_TRY(TellBirth(execution.child(), options.pid_file, options.pidfd_socket));
  if (options.mode == RunMode::kDetached) {
    (void)execution.HandOver();
    return 0;
  }
  if (UniqueFd master = execution.TakeMaster(); master.valid()) {
    MAYFLY_TRY(foreground.RelayTerminal(std::move(master)));
  }
  MAYFLY_TRY(foreground.WaitForEnd(execution.child().pidfd.get()));
  return base::WaitForExit(execution.HandOver().pid);
}

}  // namespace mayfly::container
