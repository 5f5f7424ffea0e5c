#include "container/init/child.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/path.h"
#include "base/unique_fd.h"
#include "base/unix_socket.h"
#include "container/hooks.h"
#include "container/init/messages.h"
#include "container/init/restrict.h"
#include "isolate/devices.h"
#include "isolate/id_maps.h"
#include "isolate/labels.h"
#include "isolate/spawn.h"
#include "isolate/terminal.h"

namespace mayfly::container {

using base::ErrorKind;
using base::Fail;
using base::FailErrno;
using base::Phase;
using base::Result;
using base::UniqueFd;

namespace {

// The exit status of an init that could not run its guest; nobody but its parent sees it.
constexpr int kSetupFailed = 127;

// The terminal's master goes out at once: whoever gets it may draw before the guest runs.
Result<void> MakeTerminal(const InitConfig& config, int root, isolate::Terminal* terminal) {
  if (config.terminal_socket < 0) {
    return {};
  }
  MAYFLY_ASSIGN(*terminal, isolate::OpenTerminal(root));
  MAYFLY_TRY(isolate::BindConsole(root, terminal->slave.get()));
  return base::SendDescriptor(config.terminal_socket, terminal->master.get(), "/dev/ptmx");
}

void WritePhases(const InitConfig& config, std::string_view part) {
  if (config.phases != nullptr) {
    config.phases->Write(config.id, part);
  }
}

Result<void> Expect(const InitConfig& config, MessageType type) {
  MAYFLY_ASSIGN(const Message message, ReceiveMessage(config.socket));
  if (message.type != type) {
    return Fail(ErrorKind::kSystem, "the mayfly command went away");
  }
  return {};
}

// Until its ids are mapped a process in a new user namespace is nobody; the maps must come before
// it stops being dumpable, or a command without privileges could not write them.
Result<void> SettleInUserNamespace(const InitConfig& config) {
  if (config.spec.FindNamespace(oci::NamespaceType::kUser) == nullptr) {
    return {};
  }
  if ((isolate::NewNamespaceFlags(config.spec) & CLONE_NEWUSER) != 0) {
    MAYFLY_TRY(Expect(config, MessageType::kIdsMapped));
  }
  return isolate::BecomeNamespaceRoot();
}

Result<void> EnterCgroup(const InitConfig& config) {
  MAYFLY_ASSIGN(const Message message, ReceiveMessage(config.socket));
  if (message.type != MessageType::kCgroupMade && message.type != MessageType::kNoCgroup) {
    return Fail(ErrorKind::kSystem, "the mayfly command went away");
  }
  if (message.type == MessageType::kCgroupMade && !config.parent_joins_cgroup) {
    MAYFLY_TRY(config.cgroup.JoinSelf());
  }
  if (isolate::WantsNewCgroupNamespace(config.spec)) {
    return isolate::UnshareCgroupNamespace();
  }
  return {};
}

// The hooks of the runtime want a container that is complete but for pivot_root.
Result<void> RunEarlyHooks(const InitConfig& config) {
  MAYFLY_TRY(EnterCgroup(config));
  MAYFLY_TRY(SendMessage(config.socket, MessageType::kMounted));
  MAYFLY_TRY(Expect(config, MessageType::kHooksRun));
  return RunHooks(config.spec.hooks.create_container, "createContainer",
                  HookState(config.spec, config.id, "creating", ::getpid()), config.spec.bundle);
}

Result<void> BuildFilesystem(const InitConfig& config, isolate::Terminal* terminal) {
  const oci::Spec& spec = config.spec;
  const oci::Linux& linux = spec.linux;
  const auto procfs =
      config.workload.AllowsProcfs() ? isolate::Procfs::kMount : isolate::Procfs::kLeaveOut;
  const bool detached = spec.FindNamespace(oci::NamespaceType::kMount) == nullptr;
  MAYFLY_ASSIGN(const UniqueFd root,
                detached ? isolate::PrepareDetachedRootfs(spec.rootfs)
                         : isolate::PrepareRootfs(spec.rootfs, linux.rootfs_propagation,
                                                  config.prepared.rootfs.get()));
  MAYFLY_TRY(isolate::SetUpMounts(root.get(), spec, config.cgroups, procfs, config.prepared));
  const bool host_dev = std::any_of(
      spec.mounts.begin(), spec.mounts.end(),
      [](const oci::Mount& mount) { return mount.destination == "/dev" && mount.type == "bind"; });
  if (!host_dev) {
    MAYFLY_TRY(isolate::SetUpDevices(root.get(), linux.devices, procfs));
  }
  MAYFLY_TRY(MakeTerminal(config, root.get(), terminal));
  MAYFLY_TRY_AS(base::MakeDirsInRoot(root.get(), spec.process.cwd, 0755), "process.cwd");
  MAYFLY_TRY(isolate::MakePathsReadOnly(root.get(), linux.readonly_paths));
  MAYFLY_TRY(isolate::MaskPaths(root.get(), linux.masked_paths));
  if (spec.rootfs_readonly) {
    MAYFLY_TRY(isolate::MakeRootReadOnly(root.get()));
  }
  if (spec.HasRuntimeSteps()) {
    MAYFLY_TRY(RunEarlyHooks(config));
  }
  // There are parameters of each network device.
  MAYFLY_TRY(isolate::SetSysctls(linux.sysctl));
  return isolate::SwitchRoot(root.get(),
                             detached ? isolate::RootSwitch::kDetached : config.root_switch,
                             linux.rootfs_propagation);
}

Restrictions RestrictionsOf(const InitConfig& config) {
  std::vector<int> kept = config.workload.KeptDescriptors();
  kept.push_back(config.socket);
  kept.push_back(config.start_listener);
  kept.push_back(config.phases != nullptr ? config.phases->fd() : -1);
  return {.spec = config.spec,
          .keyring = config.keyring,
          .preserved_fds = config.preserved_fds,
          .kept_fds = std::move(kept),
          .seccomp = config.seccomp,
          .handover = config.handover};
}

bool Notifies(const InitConfig& config) {
  return config.seccomp != nullptr && config.seccomp->notifies;
}

Result<void> SetUp(const InitConfig& config) {
  MAYFLY_TRY(TakeStreams(config.streams));
  MAYFLY_TRY(SettleInUserNamespace(config));
  MAYFLY_TRY(LeaveParent(config.parent_only));
  if (!isolate::NeedsStandIn(config.spec)) {
    MAYFLY_TRY(isolate::JoinOtherNamespaces(config.join_targets));
  }
  if ((isolate::NewNamespaceFlags(config.spec) & CLONE_NEWNET) != 0) {
    MAYFLY_TRY(isolate::BringUpLoopback());
  }
  MAYFLY_TRY(isolate::SetNames(config.spec.hostname, config.spec.domainname));
  base::Mark(config.phases, Phase::kLoad);
  MAYFLY_TRY(config.workload.Load());
  base::Mark(config.phases, Phase::kLoaded);
  isolate::Terminal terminal;
  MAYFLY_TRY(isolate::SetProcessLabel(config.spec.process, config.workload.AllowsProcfs()
                                                               ? isolate::LabelFrom::kExec
                                                               : isolate::LabelFrom::kNow));
  MAYFLY_TRY(BuildFilesystem(config, &terminal));
  if (!config.spec.HasRuntimeSteps()) {
    MAYFLY_TRY(EnterCgroup(config));
  }
  if (terminal.valid()) {
    MAYFLY_TRY(isolate::TakeTerminal(terminal.slave.get(), config.spec.process));
  }
  MAYFLY_TRY(Restrict(RestrictionsOf(config)));
  base::Mark(config.phases, Phase::kRestricted);
  MAYFLY_TRY(config.workload.Verify());
  if (::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) != 0) {
    return FailErrno("prctl");
  }
  return Notifies(config) ? LoadFilter(RestrictionsOf(config)) : Result<void>();
}

// After `start`: what stands between the init and its guest.
Result<int> RunGuest(const InitConfig& config, const std::function<void()>& on_started) {
  const auto& hooks = config.spec.hooks.start_container;
  if (!hooks.empty()) {
    MAYFLY_TRY(RunHooks(hooks, "startContainer",
                        HookState(config.spec, config.id, "created", ::getpid()), "."));
  }
  // Before the filter, which need not allow to write, and before a program takes this one's place.
  base::Mark(config.phases, Phase::kGuest);
  WritePhases(config, "init");
  if (!Notifies(config)) {
    MAYFLY_TRY(LoadFilter(RestrictionsOf(config)));
  }
  base::Mark(config.phases, Phase::kGuest);
  auto status = config.workload.Run(on_started);
  base::Mark(config.phases, Phase::kGuestEnd);
  WritePhases(config, "guest");
  return status;
}

// The connection over which `start` came; errors of the guest's start go back over it.
Result<UniqueFd> WaitForStart(const InitConfig& config) {
  UniqueFd socket(config.socket);
  if (config.start_listener < 0) {
    MAYFLY_ASSIGN(const Message message, ReceiveMessage(socket.get()));
    if (message.type != MessageType::kStart) {
      return Fail(ErrorKind::kSystem, "the mayfly command went away");
    }
    return socket;
  }
  socket.Reset();  // the parent's wait for `ready` is over
  const UniqueFd listener(config.start_listener);
  while (true) {
    UniqueFd connection(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection.valid()) {
      if (errno == EINTR) {
        continue;
      }
      return FailErrno("wait for start");
    }
    // A `start` that was killed before it said so does not start anything: the next one may.
    const auto message = ReceiveMessage(connection.get());
    if (message && message->type == MessageType::kStart) {
      return connection;
    }
  }
}

}  // namespace

int RunInit(const InitConfig& config) {
  if (config.phases != nullptr) {
    config.phases->Restart();
    config.phases->Mark(Phase::kBegin);
  }
  if (auto ready = SetUp(config); !ready) {
    (void)SendError(config.socket, ready.error());
    return kSetupFailed;
  }
  base::Mark(config.phases, Phase::kReady);
  if (!SendMessage(config.socket, MessageType::kReady)) {
    return kSetupFailed;
  }
  auto connection = WaitForStart(config);
  if (!connection) {
    return kSetupFailed;
  }
  auto status = RunGuest(config, [&connection] { connection->Reset(); });
  if (!status) {
    if (connection->valid()) {
      (void)SendError(connection->get(), status.error());
    }
    return kSetupFailed;
  }
  return *status;
}

}  // namespace mayfly::container
