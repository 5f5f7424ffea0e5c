#include <signal.h>

#include "base/process.h"
#include "container/container.h"
#include "container/hooks.h"
#include "container/init/messages.h"
#include "container/launch.h"

namespace mayfly::container {

using base::ErrorKind;
using base::Fail;
using base::Result;
using base::UniqueFd;

oci::Status StatusOf(const Entry& entry, const State& state) {
  if (state.pid == 0 || !state.ready) {
    // Being made, unless the command that made it is gone.
    return Store::IsLocked(entry) ? oci::Status::kCreating : oci::Status::kStopped;
  }
  if (base::LookUpProcess(state.pid, state.pid_start_time) != base::ProcessState::kAlive) {
    return oci::Status::kStopped;
  }
  if (cgroup::IsFrozen(state.cgroup)) {
    return oci::Status::kPaused;
  }
  return entry.HasStartSocket() ? oci::Status::kCreated : oci::Status::kRunning;
}

void RunStateHooks(const std::vector<oci::Hook>& hooks, std::string_view kind, const State& state,
                   oci::Status status, base::Log& log) {
  if (hooks.empty()) {
    return;
  }
  oci::Spec spec;
  spec.oci_version = state.oci_version;
  spec.bundle = state.bundle;
  spec.annotations = state.annotations;
  const pid_t pid = status == oci::Status::kStopped ? 0 : state.pid;
  RunLateHooks(hooks, kind, HookState(spec, state.id, oci::StatusName(status), pid), state.bundle,
               log);
}

namespace {

oci::StateReport Report(const Entry& entry, const State& state) {
  oci::StateReport report;
  report.oci_version = state.oci_version;
  report.id = state.id;
  report.status = StatusOf(entry, state);
  report.pid = report.status == oci::Status::kStopped ? 0 : state.pid;
  report.bundle = state.bundle;
  report.rootfs = state.rootfs;
  report.created = state.created;
  report.annotations = state.annotations;
  return report;
}

Result<void> Thaw(const State& state) {
  MAYFLY_ASSIGN(const cgroup::Host host, cgroup::DetectHost());
  return cgroup::Cgroup::FromLocation(host, state.cgroup)->Thaw();
}

}  // namespace

Result<void> Create(const Runtime& runtime, const CreateOptions& options) {
  auto created = [&]() -> Result<void> {
    MAYFLY_ASSIGN(Draft draft, Read(runtime, options, RunMode::kDetached));
    MAYFLY_ASSIGN(Launched launched,
                  Launch(runtime, options, std::move(draft), StartChannel::kListener));
    launched.Keep();
    return {};
  }();
  MAYFLY_TRY_AS(std::move(created), "create {}", options.id);
  return {};
}

Result<void> Start(const Runtime& runtime, const std::string& id) {
  MAYFLY_ASSIGN(const Entry entry, runtime.store.FindLocked(id));
  MAYFLY_ASSIGN(const State state, entry.ReadState());
  const oci::Status status = StatusOf(entry, state);
  if (status != oci::Status::kCreated) {
    return Fail(ErrorKind::kState, "cannot start container {}: it is {}", id,
                oci::StatusName(status));
  }
  auto connection = entry.ConnectToStart();
  if (!connection) {
    // The init stopped listening: a `start` that was killed had got as far as starting it.
    entry.RemoveStartSocket();
    return std::unexpected(std::move(connection).error().Wrap(fmt::format("start {}", id)));
  }
  MAYFLY_TRY(SendMessage(connection->get(), MessageType::kStart));
  entry.RemoveStartSocket();
  MAYFLY_TRY(AwaitStarted(connection->get(), id));
  RunStateHooks(state.hooks.poststart, "poststart", state, oci::Status::kRunning, runtime.log);
  return {};
}

Result<void> Kill(const Runtime& runtime, const std::string& id, int signal, Processes which) {
  MAYFLY_ASSIGN(const Entry entry, runtime.store.Find(id));
  MAYFLY_ASSIGN(const State state, entry.ReadState());
  const oci::Status status = StatusOf(entry, state);
  if (which == Processes::kAll) {
    MAYFLY_ASSIGN(const cgroup::Host host, cgroup::DetectHost());
    const auto group = cgroup::Cgroup::FromLocation(host, state.cgroup);
    MAYFLY_TRY_AS(group->Signal(signal), "kill {}", id);
    return signal == SIGKILL && status == oci::Status::kPaused ? group->Thaw() : Result<void>();
  }
  if (status == oci::Status::kCreating || status == oci::Status::kStopped) {
    return Fail(ErrorKind::kState, "container not running: {} is {}", id, oci::StatusName(status));
  }
  auto sent = [&]() -> Result<void> {
    MAYFLY_ASSIGN(const UniqueFd pidfd, base::OpenPidfd(state.pid));
    // The pid may have gone to another process before the pidfd was opened.
    if (base::LookUpProcess(state.pid, state.pid_start_time) != base::ProcessState::kAlive) {
      return Fail(ErrorKind::kState, "container not running: {} is stopped", id);
    }
    return base::SendSignal(pidfd.get(), signal);
  }();
  MAYFLY_TRY_AS(std::move(sent), "kill {}", id);
  // A process that a v1 freezer holds cannot even die.
  return signal == SIGKILL && status == oci::Status::kPaused ? Thaw(state) : Result<void>();
}

Result<oci::StateReport> Query(const Runtime& runtime, const std::string& id) {
  MAYFLY_ASSIGN(const Entry entry, runtime.store.Find(id));
  MAYFLY_ASSIGN(const State state, entry.ReadState());
  return Report(entry, state);
}

Result<std::vector<oci::StateReport>> List(const Runtime& runtime) {
  std::vector<oci::StateReport> reports;
  MAYFLY_ASSIGN(const auto ids, runtime.store.Ids());
  for (const std::string& id : ids) {
    const auto entry = runtime.store.Find(id);
    if (!entry) {
      continue;  // removed meanwhile
    }
    const auto state = entry->ReadState();
    if (!state) {
      runtime.log.Warning("list: {}", state.error().text());
      continue;
    }
    reports.push_back(Report(*entry, *state));
  }
  return reports;
}

}  // namespace mayfly::container
