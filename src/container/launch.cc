#include "container/launch.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/log.h"
#include "base/unix_socket.h"
#include "cgroup/systemd_unit.h"
#include "container/hooks.h"
#include "container/init/child.h"
#include "container/init/messages.h"
#include "container/terminal.h"
#include "isolate/credentials.h"
#include "isolate/id_maps.h"
#include "isolate/labels.h"
#include "isolate/net_devices.h"
#include "isolate/spawn.h"
#include "oci/capabilities.h"
#include "oci/spec_parse.h"

namespace mayfly::container {

using base::ErrorKind;
using base::Fail;
using base::Result;
using base::UniqueFd;

namespace {

Result<UniqueFd> OpenRootfs(const oci::Spec& spec) {
  auto rootfs = base::Open(spec.rootfs, O_PATH | O_DIRECTORY);
  if (!rootfs) {
    return std::unexpected(std::move(rootfs).error().Wrap("config.json: root.path"));
  }
  return rootfs;
}

// What a mount of type cgroup shows: each hierarchy under its host's name.
isolate::CgroupView ViewOf(const cgroup::Host& host, const cgroup::Location& location,
                           bool own_namespace) {
  isolate::CgroupView view;
  for (const cgroup::Hierarchy& hierarchy : host.hierarchies) {
    const auto found = location.find(hierarchy.mount_point);
    if (hierarchy.controllers.empty()) {
      // Without a cgroup namespace, /proc/self/cgroup names the host's path: the whole tree must be
      // there.
      view.unified =
          own_namespace && found != location.end() ? found->second : hierarchy.mount_point;
    } else if (found != location.end()) {
      view.v1.push_back({hierarchy.mount_point.substr(hierarchy.mount_point.find_last_of('/') + 1),
                         found->second});
    }
  }
  return view;
}

void WarnOfCapabilities(const oci::Spec& spec, base::Log& log) {
  if (!spec.process.capabilities) {
    return;
  }
  const uint64_t missing = isolate::UngrantableCapabilities(*spec.process.capabilities);
  for (int number = 0; number < 64; ++number) {
    if (((missing >> number) & 1) != 0) {
      log.Warning("process.capabilities: {} is not available to the runtime and is left out",
                  oci::CapabilityName(number));
    }
  }
}

Result<void> SetOomScore(pid_t pid, const oci::Process& process, base::Log& log) {
  if (!process.oom_score_adj) {
    return {};
  }
  auto written = base::WriteExisting(fmt::format("/proc/{}/oom_score_adj", pid),
                                     std::to_string(*process.oom_score_adj));
  if (!written && !isolate::IsHostRoot()) {
    log.Warning("process.oomScoreAdj: {}", written.error().text());
    return {};
  }
  MAYFLY_TRY_AS(std::move(written), "process.oomScoreAdj");
  return {};
}

// What config.json leaves to the host.
void AdaptToHost(const Runtime& runtime, const std::string& id, oci::Spec* spec) {
  if (runtime.systemd_cgroup && spec->linux.cgroups_path.empty()) {
    spec->linux.cgroups_path = cgroup::DefaultUnit(id, !isolate::IsHostRoot());
  }
  // containerd's CRI writes this form for every parent called *.slice, whatever the driver; runc
  // takes it as a name.
  if (!runtime.systemd_cgroup && cgroup::IsUnitForm(spec->linux.cgroups_path)) {
    std::string& path = spec->linux.cgroups_path;
    const size_t colon = path.find(':');
    std::string place = "/" + path.substr(0, colon) + "/" + path.substr(colon + 1);
    std::replace(place.begin(), place.end(), ':', '-');
    runtime.log.Warning(
        "linux.cgroupsPath: \"{}\" is the systemd driver's form: without --systemd-cgroup it is {}",
        path, place);
    path = std::move(place);
  }
  if (!spec->linux.mount_label.empty() && !isolate::HasSelinux()) {
    runtime.log.Warning("linux.mountLabel: left out: this kernel has no SELinux");
    spec->linux.mount_label.clear();
  }
}

Result<State> NewState(const oci::Spec& spec, const std::string& id) {
  State state;
  state.id = id;
  state.bundle = spec.bundle;
  state.rootfs = spec.rootfs;
  state.oci_version = spec.oci_version;
  state.created = base::Rfc3339Now();
  state.annotations = spec.annotations;
  const oci::Namespace* pid_namespace = spec.FindNamespace(oci::NamespaceType::kPid);
  state.hooks.poststart = spec.hooks.poststart;
  state.hooks.poststop = spec.hooks.poststop;
  state.own_pid_namespace = pid_namespace != nullptr && pid_namespace->path.empty();
  return state;
}

}  // namespace

Result<std::optional<isolate::SeccompProgram>> CompileFilter(const oci::Spec& spec,
                                                             const Store& store, base::Log& log) {
  if (!spec.linux.seccomp) {
    return std::nullopt;
  }
  std::vector<std::string> unknown;
  MAYFLY_ASSIGN(auto program,
                isolate::CompileSeccompCached(*spec.linux.seccomp, store.SeccompCache(), &unknown));
  for (const std::string& name : unknown) {
    log.Debug("linux.seccomp: system call {} is not known here and left out", name);
  }
  return program;
}

namespace {

Result<void> WritePidFile(const std::string& path, pid_t pid) {
  const size_t slash = path.find_last_of('/');
  const std::string directory =
      slash == std::string::npos ? "." : (slash == 0 ? "/" : path.substr(0, slash));
  auto written = [&]() -> Result<void> {
    MAYFLY_ASSIGN(const UniqueFd dir, base::Open(directory, O_RDONLY | O_DIRECTORY));
    return base::ReplaceFileAt(dir.get(), path.substr(slash == std::string::npos ? 0 : slash + 1),
                               std::to_string(pid), 0644);
  }();
  MAYFLY_TRY_AS(std::move(written), "--pid-file {}", path);
  return {};
}

Result<void> SendPidfd(const std::string& path, int pidfd) {
  auto connected = base::ConnectUnix(path);
  if (!connected) {
    return std::unexpected(std::move(connected).error().Wrap("--pidfd-socket"));
  }
  MAYFLY_TRY_AS(base::SendDescriptor(connected->get(), pidfd, "pidfd"), "--pidfd-socket {}", path);
  return {};
}

}  // namespace

Result<void> TellBirth(const base::Child& child, const std::string& pid_file,
                       const std::string& pidfd_socket) {
  if (!pid_file.empty()) {
    MAYFLY_TRY(WritePidFile(pid_file, child.pid));
  }
  return pidfd_socket.empty() ? Result<void>() : SendPidfd(pidfd_socket, child.pidfd.get());
}

Launched::~Launched() {
  if (kept_ || !entry_.path().size() || entry_.dir_fd() < 0) {
    return;
  }
  if (init_.pid > 0) {
    (void)base::SendSignal(init_.pidfd.get(), SIGKILL);
    (void)base::WaitForExit(init_.pid);
  }
  if (cgroup_made_) {
    (void)cgroup_->KillAll();
    (void)cgroup_->Remove();
  }
  (void)store_->Remove(entry_);
  // A container that came into being is stopped by now, with all that belongs to that.
  if (spec_ != nullptr && init_.pidfd.valid()) {
    RunLateHooks(spec_->hooks.poststop, "poststop", HookState(*spec_, entry_.id(), "stopped", 0),
                 spec_->bundle, *log_);
  }
}

// Only a mount of the cgroup directories needs them before the init builds its file system;
// otherwise they are made meanwhile (docs/design/0001-cgroup-join.md).
Result<void> Launched::PlanCgroup(const oci::Spec& spec, State* state) {
  state->cgroup = cgroup_->location();
  state->systemd_unit = cgroup_->unit();
  // Known before it is made, so that `delete --force` finds it after a crash.
  MAYFLY_TRY(entry_.WriteCgroupsPath(spec.linux.cgroups_path));
  MAYFLY_TRY(entry_.WriteState(*state));
  cgroup_made_ = true;
  if (auto made = cgroup_->CreateBirthplace(); !made) {
    return DoWithoutCgroup(std::move(made), state);
  }
  const bool mounted = std::any_of(
      spec.mounts.begin(), spec.mounts.end(),
      [](const oci::Mount& mount) { return mount.type == "cgroup" || mount.type == "cgroup2"; });
  if (mounted) {
    if (auto made = cgroup_->Create(spec.linux.resources); !made) {
      return DoWithoutCgroup(std::move(made), state);
    }
    cgroup_complete_ = true;
    state->cgroup = cgroup_->location();  // a controller that nothing needs gets no directory
  }
  return {};
}

// Without the host's root there may be no right to make cgroups: the container then has none of its
// own, and no limits.
Result<void> Launched::DoWithoutCgroup(Result<void> failed, State* state) {
  const int why = failed.error().sys_errno();
  if (isolate::IsHostRoot() || (why != EACCES && why != EPERM && why != EROFS)) {
    return failed;
  }
  log_->Warning("the container has no cgroup and no limits: {}", failed.error().text());
  cgroup_ = cgroup::Cgroup::FromLocation(host_, {});
  cgroup_complete_ = true;
  without_cgroup_ = true;
  state->cgroup = {};
  return entry_.WriteState(*state);
}

Result<void> Launched::SpawnInit(const oci::Spec& spec, Workload* workload,
                                 const CreateOptions& options, StartChannel channel, State* state) {
  MAYFLY_ASSIGN(const auto join_targets, isolate::OpenJoinTargets(spec));
  MAYFLY_ASSIGN(const auto prepared, isolate::PrepareMounts(spec, join_targets));
  MAYFLY_ASSIGN(auto sockets, OpenMessagePair());
  MAYFLY_ASSIGN(auto terminal, OpenTerminalChannel(spec.process, options.console_socket));
  UniqueFd listener;
  if (channel == StartChannel::kListener) {
    MAYFLY_ASSIGN(listener, entry_.ListenForStart());
  }
  const bool has_user_namespace = spec.FindNamespace(oci::NamespaceType::kUser) != nullptr;
  InitConfig init{
      .id = options.id,
      .spec = spec,
      .workload = *workload,
      .cgroup = *cgroup_,
      .join_targets = join_targets,
      .cgroups = ViewOf(host_, state->cgroup, isolate::WantsNewCgroupNamespace(spec)),
      .prepared = prepared,
      .seccomp = seccomp_ ? &*seccomp_ : nullptr,
      .handover = handover_ ? &*handover_ : nullptr,
      .parent_joins_cgroup = has_user_namespace,
      .root_switch = options.pivot ? isolate::RootSwitch::kPivot : isolate::RootSwitch::kChroot,
      .keyring = options.new_keyring ? "_ses." + options.id : "",
      .preserved_fds = options.preserved_fds,
      .phases = phases_,
      .streams = options.streams,
      .socket = sockets.second.get(),
      .start_listener = listener.get(),
      .terminal_socket = terminal.child_end.get(),
      .parent_only = {sockets.first.get(), entry_.dir_fd(), terminal.parent_end.get()}};
  MAYFLY_ASSIGN(init_, isolate::SpawnInNamespaces(spec, join_targets, cgroup_->CloneIntoFd(),
                                                  [&init] { return RunInit(init); }));
  base::Mark(phases_, base::Phase::kSpawned);
  socket_ = std::move(sockets.first);
  terminal_socket_ = std::move(terminal.parent_end);
  if ((isolate::NewNamespaceFlags(spec) & CLONE_NEWUSER) != 0) {
    MAYFLY_TRY(isolate::WriteIdMaps(init_.pid, spec.linux.id_mappings));
    MAYFLY_TRY(SendMessage(socket_.get(), MessageType::kIdsMapped));
  }
  MAYFLY_ASSIGN(state->pid_start_time, base::ProcessStartTime(init_.pid));
  state->pid = init_.pid;
  return entry_.WriteState(*state);
}

Result<void> Launched::MakeCgroup(const oci::Spec& spec) {
  if (!cgroup_complete_) {
    if (auto made = cgroup_->Create(spec.linux.resources); !made) {
      MAYFLY_ASSIGN(State state, entry_.ReadState());
      MAYFLY_TRY(DoWithoutCgroup(std::move(made), &state));
    }
  }
  // The root of a user namespace may not write to the host's cgroup files.
  if (spec.FindNamespace(oci::NamespaceType::kUser) != nullptr) {
    return cgroup_->Join(init_.pid);
  }
  return {};
}

// What the parent does to the init while the init builds its file system.
Result<void> Launched::Restrain(const oci::Spec& spec) {
  auto done = [&]() -> Result<void> {
    MAYFLY_TRY(SetOomScore(init_.pid, spec.process, *log_));
    MAYFLY_TRY(MakeCgroup(spec));
    return SendMessage(socket_.get(),
                       without_cgroup_ ? MessageType::kNoCgroup : MessageType::kCgroupMade);
  }();
  // When the init has ended already, or closed its socket on the way to it, its own reason is the
  // one to tell.
  if (!done && (done.error().sys_errno() == EPIPE ||
                base::WaitPidfd(init_.pidfd.get(), 0).value_or(false))) {
    MAYFLY_TRY(AwaitReady());
  }
  return done;
}

// The namespaces and mounts are there, the init has not switched to its root yet.
Result<void> Launched::RunEarlyHooks(const oci::Spec& spec) {
  if (!spec.linux.net_devices.empty()) {
    MAYFLY_ASSIGN(const UniqueFd network,
                  base::Open(fmt::format("/proc/{}/ns/net", init_.pid), O_RDONLY));
    MAYFLY_TRY(isolate::MoveNetDevices(spec.linux.net_devices, network.get()));
  }
  const std::string state = HookState(spec, entry_.id(), "creating", init_.pid);
  MAYFLY_TRY(RunHooks(spec.hooks.prestart, "prestart", state, spec.bundle));
  MAYFLY_TRY(RunHooks(spec.hooks.create_runtime, "createRuntime", state, spec.bundle));
  return SendMessage(socket_.get(), MessageType::kHooksRun);
}

Result<void> Launched::PassListenerOn(const oci::Spec& spec) {
  if (!handover_) {
    return {};
  }
  MAYFLY_ASSIGN(const UniqueFd listener, handover_->Take(init_.pidfd.get(), socket_.get()));
  return listener.valid() ? SendListener(spec, entry_.id(), init_.pid, "creating", listener.get())
                          : Result<void>();
}

Result<void> Launched::AwaitReady() {
  MAYFLY_ASSIGN(Message message, ReceiveMessage(socket_.get()));
  if (message.type == MessageType::kMounted) {
    MAYFLY_TRY(RunEarlyHooks(*spec_));
    MAYFLY_TRY(PassListenerOn(*spec_));
    MAYFLY_ASSIGN(message, ReceiveMessage(socket_.get()));
  }
  if (message.type == MessageType::kError) {
    return std::unexpected(message.error);
  }
  if (message.type != MessageType::kReady) {
    MAYFLY_ASSIGN(const int status, base::WaitForExit(init_.pid));
    init_.pid = -1;
    return Fail(ErrorKind::kSystem, "the init ended during its set-up with status {}{}", status,
                status == 128 + SIGKILL ? " (killed: out of memory?)" : "");
  }
  return {};
}

Result<void> Launched::ReceiveTerminal() {
  if (terminal_socket_.valid()) {
    MAYFLY_ASSIGN(terminal_, base::ReceiveDescriptor(terminal_socket_.get()));
  }
  return {};
}

void Launched::ReleaseLock() const { ::flock(entry_.dir_fd(), LOCK_UN); }

Result<void> Launched::Start() {
  MAYFLY_TRY(SendMessage(socket_.get(), MessageType::kStart));
  return AwaitStarted(socket_.get(), entry_.id());
}

void Launched::RunPoststartHooks() const {
  RunLateHooks(spec_->hooks.poststart, "poststart",
               HookState(*spec_, entry_.id(), "running", init_.pid), spec_->bundle, *log_);
}

Result<void> AwaitStarted(int socket, const std::string& id) {
  MAYFLY_ASSIGN(const Message message, ReceiveMessage(socket));
  if (message.type == MessageType::kError) {
    return std::unexpected(base::Error(message.error).Wrap(fmt::format("start {}", id)));
  }
  return {};
}

Result<Draft> Read(const Runtime& runtime, const CreateOptions& options, RunMode mode) {
  MAYFLY_TRY(ValidateId(options.id));
  Draft draft;
  MAYFLY_ASSIGN(auto parsed, oci::LoadSpec(options.bundle, &draft.config));
  if (!parsed.has_process) {
    return Fail(ErrorKind::kInvalid, "{}: config.json: process: missing", options.bundle);
  }
  MAYFLY_TRY(CheckTerminal(parsed.process, options.console_socket, mode));
  MAYFLY_ASSIGN(draft.rootfs, OpenRootfs(parsed));
  AdaptToHost(runtime, options.id, &parsed);
  draft.spec = std::make_unique<oci::Spec>(std::move(parsed));
  base::Mark(runtime.phases, base::Phase::kPrepare);
  const PrepareContext context{*draft.spec, draft.rootfs.get(), runtime.log, runtime.phases};
  MAYFLY_ASSIGN(draft.workload, runtime.make_workload(context));
  if (runtime.before_program && draft.workload->AllowsProcfs()) {
    runtime.before_program();
  }
  return draft;
}

Result<Launched> Launch(const Runtime& runtime, const CreateOptions& options, Draft draft,
                        StartChannel channel) {
  MAYFLY_ASSIGN(Entry entry, runtime.store.Create(options.id));
  Launched launched(runtime, std::move(entry));
  launched.spec_ = std::move(draft.spec);
  const oci::Spec& spec = *launched.spec_;
  MAYFLY_TRY(launched.entry_.WriteConfig(draft.config));

  const std::unique_ptr<Workload> workload = std::move(draft.workload);
  MAYFLY_TRY(
      workload->Prepare(PrepareContext{spec, draft.rootfs.get(), runtime.log, runtime.phases}));
  base::Mark(runtime.phases, base::Phase::kPrepared);
  MAYFLY_ASSIGN(State state, NewState(spec, options.id));
  for (const auto& [key, value] : workload->Describe()) {
    state.annotations[key] = value;
  }
  WarnOfCapabilities(spec, runtime.log);
  MAYFLY_TRY(isolate::CheckLabels(spec.process));
  MAYFLY_ASSIGN(launched.seccomp_, CompileFilter(spec, runtime.store, runtime.log));
  if (launched.seccomp_ && launched.seccomp_->notifies) {
    MAYFLY_ASSIGN(launched.handover_, ListenerHandover::Make());
  }

  MAYFLY_ASSIGN(launched.host_, cgroup::DetectHost());
  const std::string& place = spec.linux.cgroups_path;
  MAYFLY_ASSIGN(launched.cgroup_,
                runtime.systemd_cgroup
                    ? cgroup::Cgroup::OpenUnit(launched.host_, place, options.id,
                                               !isolate::IsHostRoot(), spec.linux.resources)
                    : cgroup::Cgroup::Open(launched.host_, place, options.id));
  MAYFLY_TRY(launched.PlanCgroup(spec, &state));
  MAYFLY_TRY(launched.SpawnInit(spec, workload.get(), options, channel, &state));
  MAYFLY_TRY(launched.Restrain(spec));
  if (!spec.HasRuntimeSteps()) {
    MAYFLY_TRY(launched.PassListenerOn(spec));
  }
  MAYFLY_TRY(launched.AwaitReady());
  launched.cgroup_->InitIsIn();
  MAYFLY_TRY(launched.ReceiveTerminal());
  state.ready = true;
  state.cgroup = launched.cgroup_->location();
  MAYFLY_TRY(launched.entry_.WriteState(state));
  MAYFLY_TRY(TellBirth(launched.init_, options.pid_file, options.pidfd_socket));
  base::Mark(runtime.phases, base::Phase::kReady);
  return launched;
}

}  // namespace mayfly::container
