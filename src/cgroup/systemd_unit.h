// The systemd driver's words: which unit and slice linux.cgroupsPath names, and the unit's
// properties for linux.resources.
//
// systemd gets the limits that it has properties for, so that what it shows is true and a reload of
// its configuration does not reset them; the files are written by this folder all the same.
//
// Units: as oci::Resources; systemd takes CPU quotas in microseconds per second.
// Sources: systemd.slice(5), systemd.resource-control(5), org.freedesktop.systemd1(5).
// Errors: kind invalid, naming the field. Threads: values. Fork: parent only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "cgroup/devices.h"
#include "oci/spec.h"

namespace mayfly::cgroup {

struct Unit {
  std::string name;   // "mayfly-c1.scope"
  std::string slice;  // "system.slice"
  bool user = false;  // of the user's own systemd, not the host's
};

using PropertyValue = std::variant<bool, uint64_t, std::string, std::vector<uint8_t>,
                                   std::vector<std::pair<std::string, std::string>>>;
struct Property {
  std::string name;
  PropertyValue value;
};

// "SLICE:PREFIX:NAME", as the systemd driver has linux.cgroupsPath.
bool IsUnitForm(std::string_view cgroups_path);
// system.slice:mayfly:ID, or user.slice for a user's systemd: where config.json names none.
std::string DefaultUnit(const std::string& id, bool user);
base::Result<Unit> ParseUnit(const std::string& cgroups_path, const std::string& id, bool user);

// The directory of a slice: "a-b.slice" is "a.slice/a-b.slice", "-.slice" is "".
base::Result<std::string> SlicePath(const std::string& slice);

enum class Tree : unsigned char { kV1, kUnified };
base::Result<std::vector<Property>> LimitProperties(const oci::Resources& resources, Tree tree);

// The rules as DevicePolicy= and DeviceAllow=, for v1, where systemd writes the same files as this
// folder. Exceptions to "all" cannot be said: systemd then leaves the rules alone until it is
// reloaded. `proc_devices` is the text of /proc/devices.
std::vector<Property> DeviceProperties(const DeviceList& list, std::string_view proc_devices);

}  // namespace mayfly::cgroup
