// Update: new limits for a container that runs.
//
// Only what is set is written. On v1 a hierarchy is used when something calls for it (v1.cc); a
// later limit on processors makes the cpuset directory and moves the processes there, repeating
// until nobody was made outside meanwhile.

#include <algorithm>

#include "cgroup/group.h"

namespace mayfly::cgroup {

using base::ErrorKind;
using base::Result;

namespace {

constexpr int kMoveRounds = 100;

bool Contains(const std::vector<pid_t>& pids, pid_t pid) {
  return std::ranges::find(pids, pid) != pids.end();
}

}  // namespace

Result<void> V1Group::Extend(const Setting& setting) {
  const auto found = std::ranges::find_if(host_.hierarchies, [&](const Hierarchy& hierarchy) {
    return std::ranges::find(hierarchy.controllers, setting.controller) !=
           hierarchy.controllers.end();
  });
  if (found == host_.hierarchies.end() || directories().empty()) {
    return base::Fail(ErrorKind::kUnsupported, "{}: the {} controller is not mounted on this host",
                      setting.field, setting.controller);
  }
  Directory directory(*found, directories().front().relative());
  MAYFLY_TRY(directory.Make());
  if (directory.Has("cpuset")) {
    MAYFLY_TRY_AS(InheritCpuset(directory), "inherit the cpuset");
  }
  for (int round = 0; round < kMoveRounds; ++round) {
    MAYFLY_ASSIGN(const auto all, Processes());
    std::vector<pid_t> inside;
    MAYFLY_TRY(directory.ListProcesses(inside));
    const bool complete =
        std::ranges::all_of(all, [&](pid_t pid) { return Contains(inside, pid); });
    if (complete) {
      Add(std::move(directory));
      return {};
    }
    for (const pid_t pid : all) {
      auto moved = Contains(inside, pid) ? Result<void>()
                                         : directory.Write("cgroup.procs", fmt::format("{}", pid));
      if (!moved && moved.error().sys_errno() != ESRCH) {
        return moved;
      }
    }
  }
  return base::Fail(ErrorKind::kSystem, "{}: processes are made faster than they can be moved",
                    directory.path());
}

Result<void> V1Group::Update(const oci::Resources& resources) {
  MAYFLY_ASSIGN(const auto settings, SettingsV1(resources));
  if (scope() != nullptr) {
    MAYFLY_TRY(scope()->Update(host_, resources));
  }
  for (const Setting& setting : settings) {
    if (Find(setting.controller) == nullptr) {
      MAYFLY_TRY(Extend(setting));
    }
  }
  for (const Directory& directory : directories()) {
    if (!directory.unified()) {
      MAYFLY_TRY(directory.Apply(settings));
    }
  }
  return {};
}

Result<void> V2Group::Update(const oci::Resources& resources) {
  MAYFLY_ASSIGN(const auto settings, SettingsV2(resources));
  if (Unified() == nullptr) {
    return base::Fail(ErrorKind::kState, "the container has no cgroup");
  }
  if (scope() != nullptr) {
    MAYFLY_TRY(scope()->Update(Host{.layout = Layout::kV2, .hierarchies = {}}, resources));
  }
  if (!settings.empty()) {
    MAYFLY_TRY(EnableControllers(settings));
  }
  return Unified()->Apply(settings);
}

}  // namespace mayfly::cgroup
