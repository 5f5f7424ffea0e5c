#include <signal.h>

#include "base/process.h"
#include "cgroup/systemd_unit.h"
#include "container/container.h"
#include "isolate/id_maps.h"

namespace mayfly::container {

using base::ErrorKind;
using base::Fail;
using base::Result;

namespace {

constexpr int kKillTimeoutMs = 10'000;

// SIGKILL to the init, and its end awaited: with a pid namespace of its own everything in it ends
// too.
Result<void> KillInit(const State& state) {
  if (base::LookUpProcess(state.pid, state.pid_start_time) != base::ProcessState::kAlive) {
    return {};
  }
  const auto pidfd = base::OpenPidfd(state.pid);
  if (!pidfd ||
      base::LookUpProcess(state.pid, state.pid_start_time) != base::ProcessState::kAlive) {
    return {};
  }
  if (auto sent = base::SendSignal(pidfd->get(), SIGKILL);
      !sent && sent.error().sys_errno() != ESRCH) {
    return sent;
  }
  if (cgroup::IsFrozen(state.cgroup)) {
    // A process that a v1 freezer holds cannot even die.
    MAYFLY_ASSIGN(const cgroup::Host host, cgroup::DetectHost());
    MAYFLY_TRY(cgroup::Cgroup::FromLocation(host, state.cgroup)->Thaw());
  }
  MAYFLY_ASSIGN(const bool ended, base::WaitPidfd(pidfd->get(), kKillTimeoutMs));
  if (!ended) {
    return Fail(ErrorKind::kSystem, "process {} did not end within {} s of SIGKILL", state.pid,
                kKillTimeoutMs / 1000);
  }
  return {};
}

Result<void> RemoveCgroup(const cgroup::Host& host, const State& state) {
  const auto cgroup =
      cgroup::Cgroup::FromLocation(host, state.cgroup, state.systemd_unit, !isolate::IsHostRoot());
  // Without a pid namespace of its own, children of the init outlive it.
  if (!state.own_pid_namespace) {
    MAYFLY_ASSIGN(const auto left, cgroup->Processes());
    if (!left.empty()) {
      MAYFLY_TRY(cgroup->KillAll());
    }
  }
  return cgroup->Remove();
}

// A directory whose state cannot be read: the cgroup is the only trace left to follow.
Result<void> DeleteDamaged(const Store& store, const Entry& entry) {
  MAYFLY_ASSIGN(const cgroup::Host host, cgroup::DetectHost());
  const std::string path = entry.ReadCgroupsPath();
  MAYFLY_ASSIGN(const auto cgroup,
                cgroup::IsUnitForm(path)
                    ? cgroup::Cgroup::OpenUnit(host, path, entry.id(), !isolate::IsHostRoot(), {})
                    : cgroup::Cgroup::Open(host, path, entry.id()));
  MAYFLY_TRY(cgroup->KillAll());
  MAYFLY_TRY(cgroup->Remove());
  return store.Remove(entry);
}

Result<void> DeleteEntry(const Runtime& runtime, const Entry& entry, Force force) {
  const auto state = entry.ReadState();
  if (!state) {
    if (force == Force::kNo) {
      return std::unexpected(state.error());
    }
    return DeleteDamaged(runtime.store, entry);
  }
  // The lock is this command's own, so a container that is not ready was cut off.
  const bool alive =
      base::LookUpProcess(state->pid, state->pid_start_time) == base::ProcessState::kAlive;
  if (alive && force == Force::kNo) {
    return Fail(ErrorKind::kState, "cannot delete container {} that is not stopped: {}", entry.id(),
                state->ready ? oci::StatusName(StatusOf(entry, *state)) : "creating");
  }
  MAYFLY_TRY(KillInit(*state));
  MAYFLY_ASSIGN(const cgroup::Host host, cgroup::DetectHost());
  MAYFLY_TRY(RemoveCgroup(host, *state));
  MAYFLY_TRY(runtime.store.Remove(entry));
  RunStateHooks(state->hooks.poststop, "poststop", *state, oci::Status::kStopped, runtime.log);
  return {};
}

}  // namespace

Result<void> Delete(const Runtime& runtime, const std::string& id, Force force) {
  auto entry = runtime.store.FindLocked(id);
  if (!entry) {
    if (force == Force::kYes && entry.error().kind() == ErrorKind::kNotFound) {
      return {};
    }
    return std::unexpected(std::move(entry).error());
  }
  MAYFLY_TRY_AS(DeleteEntry(runtime, *entry, force), "delete {}", id);
  return {};
}

}  // namespace mayfly::container
