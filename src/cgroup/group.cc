#include "cgroup/group.h"

#include <signal.h>

#include <algorithm>
#include <ctime>

#include "cgroup/devices_bpf.h"

namespace mayfly::cgroup {

using base::ErrorKind;
using base::Result;

namespace {

constexpr int kKillTimeoutMs = 10000;
constexpr int kFreezeTimeoutMs = 100;

void SleepMs(long ms) {
  timespec rest{.tv_sec = 0, .tv_nsec = ms * 1000000};
  ::nanosleep(&rest, nullptr);
}

}  // namespace

Group::Group(std::vector<Directory> directories) : directories_(std::move(directories)) {
  UpdateLocation();
}

void Group::UpdateLocation() {
  location_.clear();
  for (const Directory& directory : directories_) {
    location_.emplace(directory.hierarchy().mount_point, directory.path());
  }
}

Directory* Group::Find(std::string_view controller) {
  const auto found =
      std::ranges::find_if(directories_, [&](const Directory& d) { return d.Has(controller); });
  return found == directories_.end() ? nullptr : &*found;
}

Directory* Group::Unified() {
  const auto found = std::ranges::find_if(directories_, &Directory::unified);
  return found == directories_.end() ? nullptr : &*found;
}

void Group::Drop(const std::function<bool(const Directory&)>& unwanted) {
  std::erase_if(directories_, unwanted);
  UpdateLocation();
}

void Group::Add(Directory directory) {
  directories_.push_back(std::move(directory));
  UpdateLocation();
}

void Group::Undo() {
  std::vector<pid_t> pids;
  for (Directory& directory : directories_) {
    // The unified directory may hold the child that was born there; its parent ends it first.
    const bool in_use =
        directory.is_new() && directory.unified() && directory.ListProcesses(pids) && !pids.empty();
    if (directory.is_new() && !in_use) {
      (void)directory.Remove();
    }
  }
}

Result<void> Group::StartScope() {
  if (scope_ == nullptr || scope_->started()) {
    return {};
  }
  MAYFLY_TRY(scope_->Start());
  for (Directory& directory : directories_) {
    directory.Tolerate(scope_->helper());
  }
  return {};
}

void Group::InitIsIn() {
  if (scope_ != nullptr) {
    scope_->Release();
  }
}

Result<void> Group::CreateBirthplace() {
  MAYFLY_TRY(StartScope());
  Directory* unified = Unified();
  if (unified == nullptr || birthplace_.valid()) {
    return {};
  }
  MAYFLY_TRY(unified->Make());
  MAYFLY_ASSIGN(birthplace_, unified->Open());
  return {};
}

Result<void> Group::OpenForJoin() {
  for (Directory& directory : directories_) {
    MAYFLY_TRY(directory.OpenRoot());
    MAYFLY_ASSIGN(base::UniqueFd opened, directory.Open());
    if (directory.unified()) {
      birthplace_ = std::move(opened);
    }
  }
  return {};
}

Result<void> Group::AttachDevices(const std::vector<DeviceEntry>& rules) {
  return AttachDeviceProgram(birthplace_.get(), Unified()->path(), DeviceProgram(rules));
}

Result<void> Group::Join(pid_t pid) {
  const std::string text = fmt::format("{}", pid);
  for (const Directory& directory : directories_) {
    MAYFLY_TRY_AS(directory.Write("cgroup.procs", text), "join the cgroup");
  }
  return {};
}

// "0" in `tasks` moves the writing thread alone. That needs no stable thread group, so the kernel
// leaves out the lock whose first taking waits for an RCU grace period
// (cgroup_procs_write_start()).
Result<void> Group::JoinSelf() {
  for (const Directory& directory : directories_) {
    if (directory.unified()) {
      continue;
    }
    auto joined = directory.Write("tasks", "0");
    // A child forked before Create() cannot know whether a limit asked for this one.
    if (!joined && joined.error().sys_errno() == ENOENT && directory.on_demand()) {
      continue;
    }
    MAYFLY_TRY_AS(std::move(joined), "join the cgroup");
  }
  return {};
}

Result<std::vector<pid_t>> Group::Processes() const {
  std::vector<pid_t> pids;
  // All hierarchies hold the same processes, but for those that no limit asked for; the unified
  // one is the quickest to list.
  const auto best = std::ranges::max_element(directories_, {}, [](const Directory& directory) {
    return directory.unified() ? 2 : directory.on_demand() ? 0 : 1;
  });
  if (best != directories_.end()) {
    MAYFLY_TRY(best->ListProcesses(pids));
  }
  return pids;
}

// One round where there is no cgroup.kill: frozen, the processes cannot fork away from the signals.
Result<void> Group::KillRound() {
  Directory* freezer = Find("freezer");
  if (freezer != nullptr && freezer->Write("freezer.state", "FROZEN")) {
    for (int waited_ms = 0; waited_ms < kFreezeTimeoutMs; ++waited_ms) {
      const auto state = freezer->Read("freezer.state");
      if (!state || state->starts_with("FROZEN")) {
        break;
      }
      SleepMs(1);
    }
  }
  Result<void> sent;
  if (const auto pids = Processes(); pids) {
    for (const pid_t pid : *pids) {
      if (::kill(pid, SIGKILL) != 0 && errno != ESRCH) {
        sent = base::FailErrno("kill process {} of {}", pid, directories_.front().path());
      }
    }
  } else {
    sent = std::unexpected(pids.error());
  }
  // Also when a signal could not be sent: a frozen process would never see the others.
  if (freezer != nullptr) {
    (void)freezer->Write("freezer.state", "THAWED");
  }
  return sent;
}

Result<void> Group::WaitEmpty(bool repeat_rounds) {
  int waited_ms = 0;
  for (int pause_ms = 1;; pause_ms = std::min(pause_ms * 2, 50)) {
    MAYFLY_ASSIGN(const auto pids, Processes());
    if (pids.empty()) {
      return {};
    }
    if (waited_ms >= kKillTimeoutMs) {
      return base::Fail(ErrorKind::kSystem, "{}: process {} is still there {} s after SIGKILL",
                        directories_.front().path(), pids[0], kKillTimeoutMs / 1000);
    }
    SleepMs(pause_ms);
    waited_ms += pause_ms;
    if (repeat_rounds) {
      MAYFLY_TRY(KillRound());
    }
  }
}

Result<void> Group::KillAll() {
  Directory* unified = Unified();
  bool killed = false;
  if (unified != nullptr) {
    const auto written = unified->Write("cgroup.kill", "1");  // kernel 5.14 or newer
    killed = written.has_value();
    // Frozen by the v1 freezer, a process does not die.
    if (Directory* freezer = Find("freezer"); killed && freezer != nullptr) {
      (void)freezer->Write("freezer.state", "THAWED");
    }
  }
  if (!killed) {
    MAYFLY_TRY(KillRound());
  }
  return WaitEmpty(!killed);
}

Result<void> Group::Signal(int signal) {
  MAYFLY_ASSIGN(const auto pids, Processes());
  for (const pid_t pid : pids) {
    if (::kill(pid, signal) != 0 && errno != ESRCH) {
      return base::FailErrno("send signal {} to process {} of {}", signal, pid,
                             directories_.front().path());
    }
  }
  return {};
}

Result<void> Group::Remove() {
  Result<void> first;
  if (scope_ != nullptr) {
    scope_->Release();
    // Without an answer the directories go all the same, and with them the unit.
    (void)scope_->Stop();
  }
  for (Directory& directory : directories_) {
    if (auto removed = directory.Remove(); !removed && first) {
      first = std::move(removed);
    }
  }
  birthplace_.Reset();
  return first;
}

}  // namespace mayfly::cgroup
