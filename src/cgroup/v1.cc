// V1Group: one directory in each hierarchy that the container needs.
//
// Each hierarchy costs about 0.1 ms for its directory, the join and the removal, cpuset and memory
// more (docs/design/0001-cgroup-join.md), so only those are used whose absence would be felt.

#include <algorithm>
#include <array>

#include "cgroup/group.h"

namespace mayfly::cgroup {

using base::ErrorKind;
using base::Result;

namespace {

// For metrics, pausing and device rules, and for limits that a later update may set.
constexpr std::array<std::string_view, 6> kAlways = {"memory", "cpu",     "cpuacct",
                                                     "pids",   "devices", "freezer"};

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace

// A new cpuset directory has no processors and takes no process: each level without gets its
// parent's.
Result<void> V1Group::InheritCpuset(const Directory& directory) const {
  for (const char* file : {"cpuset.cpus", "cpuset.mems"}) {
    MAYFLY_ASSIGN(std::string inherited, directory.ReadIn("", file));
    const std::string& whole = directory.relative();
    for (size_t end = 0; end != std::string::npos;) {
      end = whole.find('/', end + 1);
      const std::string_view level = std::string_view(whole).substr(0, end);
      MAYFLY_ASSIGN(std::string own, directory.ReadIn(level, file));
      if (Trim(own).empty()) {
        MAYFLY_TRY(directory.WriteIn(level, file, Trim(inherited)));
      } else {
        inherited = std::move(own);
      }
    }
  }
  return {};
}

bool V1Group::IsUsed(const Directory& directory) const {
  if (directory.unified() ||
      std::ranges::any_of(kAlways, [&](std::string_view name) { return directory.Has(name); })) {
    return true;
  }
  // A process that systemd manages is never in the root group of systemd's own hierarchy; left in
  // the caller's unit there, a container would end with it.
  if (directory.Has("name=systemd")) {
    return directory.hierarchy().own_path != "/";
  }
  // systemd has put the scope's processes there.
  if (scope() != nullptr && directory.Exists("cgroup.procs")) {
    return true;
  }
  // Where the caller's place exists already, there may be limits on it; the root has none.
  return given_path_ && directory.relative().find('/') != std::string::npos &&
         directory.ParentExists();
}

// Hierarchies that only a limit calls for stay in the list until Create().
Result<void> V1Group::Settle() {
  Drop([&](const Directory& directory) { return !directory.on_demand() && !IsUsed(directory); });
  for (const Directory& directory : directories()) {
    MAYFLY_TRY(directory.OpenRoot());
  }
  return {};
}

// Only once systemd has made the scope can be seen in which hierarchies.
Result<void> V1Group::CreateBirthplace() {
  if (scope() != nullptr && !scope()->started()) {
    MAYFLY_TRY(StartScope());
    MAYFLY_TRY(Settle());
  }
  return Group::CreateBirthplace();
}

Result<void> V1Group::MakeAll(const std::vector<Setting>& settings) {
  MAYFLY_TRY(CreateBirthplace());
  const auto limited = [&](const Directory& directory) {
    return std::ranges::any_of(
        settings, [&](const Setting& setting) { return directory.Has(setting.controller); });
  };
  for (Directory& directory : directories()) {
    if (!limited(directory) && !IsUsed(directory)) {
      MAYFLY_TRY(directory.Remove());  // a left-over would be taken for ours by JoinSelf()
    } else if (!directory.made()) {
      MAYFLY_TRY(directory.Make());
      if (directory.Has("cpuset")) {
        MAYFLY_TRY_AS(InheritCpuset(directory), "inherit the cpuset");
      }
    }
  }
  Drop([](const Directory& directory) { return !directory.made(); });
  return {};
}

Result<void> V1Group::ApplyDevices(const std::vector<oci::DeviceRule>& rules) {
  MAYFLY_ASSIGN(const auto effective, EffectiveDeviceRules(rules));
  const Directory* devices = Find("devices");
  if (devices == nullptr) {
    if (Unified() == nullptr) {
      return base::Fail(
          ErrorKind::kUnsupported,
          "linux.resources.devices: the devices controller is not mounted on this host");
    }
    return AttachDevices(effective);
  }
  MAYFLY_ASSIGN(const DeviceList list, DeviceListV1(effective));
  const char* by_default = list.allow_by_default ? "devices.allow" : "devices.deny";
  const char* otherwise = list.allow_by_default ? "devices.deny" : "devices.allow";
  MAYFLY_TRY_AS(devices->Write(by_default, "a"), "linux.resources.devices");
  if (!list.exceptions.empty()) {
    MAYFLY_TRY_AS(devices->WriteEach(otherwise, list.exceptions), "linux.resources.devices");
  }
  return {};
}

Result<void> V1Group::Create(const oci::Resources& resources) {
  MAYFLY_ASSIGN(const auto settings, SettingsV1(resources));
  for (const Setting& setting : settings) {
    if (Find(setting.controller) == nullptr) {
      return base::Fail(ErrorKind::kUnsupported,
                        "{}: the {} controller is not mounted on this host", setting.field,
                        setting.controller);
    }
  }
  const auto work = [&]() -> Result<void> {
    MAYFLY_TRY(MakeAll(settings));
    MAYFLY_TRY(ApplyDevices(resources.devices));
    for (const Directory& directory : directories()) {
      if (!directory.unified()) {
        MAYFLY_TRY(directory.Apply(settings));
      }
    }
    return {};
  };
  auto worked = work();
  if (!worked) {
    Undo();
  }
  return worked;
}

}  // namespace mayfly::cgroup
