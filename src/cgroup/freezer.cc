// Pausing: the freezer of v1, or cgroup.freeze of v2. On a hybrid host the v1 freezer is used, as
// other runtimes do.
//
// Sources: kernel cgroup-v1/freezer-subsystem.rst, cgroup-v2.rst "cgroup.freeze", "cgroup.events".

#include <ctime>

#include "base/file.h"
#include "cgroup/group.h"

namespace mayfly::cgroup {

using base::ErrorKind;
using base::Result;

namespace {

constexpr int kFreezeTimeoutMs = 10000;
// A v1 cgroup in which processes are being made can stay FREEZING: writing FROZEN again moves it.
constexpr int kRewriteEveryMs = 50;

void SleepMs(long ms) {
  timespec rest{.tv_sec = 0, .tv_nsec = ms * 1000000};
  ::nanosleep(&rest, nullptr);
}

Result<bool> Frozen(const Directory& directory) {
  if (directory.unified()) {
    MAYFLY_ASSIGN(const std::string events, directory.Read("cgroup.events"));
    return events.find("frozen 1") != std::string::npos;
  }
  MAYFLY_ASSIGN(const std::string state, directory.Read("freezer.state"));
  return state.starts_with("FROZEN");
}

Result<void> Request(const Directory& directory, bool frozen) {
  return directory.unified() ? directory.Write("cgroup.freeze", frozen ? "1" : "0")
                             : directory.Write("freezer.state", frozen ? "FROZEN" : "THAWED");
}

Result<void> FreezeIn(const Directory& directory) {
  for (int waited_ms = 0; waited_ms < kFreezeTimeoutMs; ++waited_ms) {
    if (waited_ms % kRewriteEveryMs == 0) {
      MAYFLY_TRY(Request(directory, true));
    }
    MAYFLY_ASSIGN(const bool frozen, Frozen(directory));
    if (frozen) {
      return {};
    }
    SleepMs(1);
  }
  return base::Fail(ErrorKind::kSystem, "{}: not frozen after {} s", directory.path(),
                    kFreezeTimeoutMs / 1000);
}

}  // namespace

bool IsFrozen(const Location& location) {
  for (const auto& [mount_point, path] : location) {
    if (const auto state = base::ReadFile(path + "/freezer.state", 64); state) {
      return !state->starts_with("THAWED");
    }
  }
  for (const auto& [mount_point, path] : location) {
    if (const auto frozen = base::ReadFile(path + "/cgroup.freeze", 64); frozen) {
      return frozen->starts_with("1");
    }
  }
  return false;
}

Result<void> Group::Freeze() {
  Directory* directory = Find("freezer");
  if (directory == nullptr) {
    directory = Unified();
  }
  if (directory == nullptr) {
    return base::Fail(ErrorKind::kUnsupported, "this host has no freezer cgroup");
  }
  auto frozen = FreezeIn(*directory);
  if (!frozen) {
    (void)Request(*directory, false);
  }
  return frozen;
}

Result<void> Group::Thaw() {
  Directory* directory = Find("freezer");
  if (directory == nullptr) {
    directory = Unified();
  }
  return directory == nullptr ? Result<void>() : Request(*directory, false);
}

}  // namespace mayfly::cgroup
