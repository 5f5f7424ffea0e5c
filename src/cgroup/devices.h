// Device rules: linux.resources.devices plus what every container gets, as one normal form.
//
// The rules are read in order on top of "nothing is allowed"; a later rule overrides an earlier one
// where they overlap. Cgroup v2 evaluates them as they are (devices_bpf.h). Cgroup v1 keeps a
// default and a list of exceptions instead, and silently ignores what does not fit, so the list is
// computed here and what it cannot express is refused.
//
// Sources: runtime-spec config-linux.md "Allowed Device list" and "Default Devices"; kernel
//   cgroup-v1/devices.rst. Errors: kind invalid or unsupported, naming linux.resources.devices[i].
// Threads: values. Fork: parent only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "oci/spec.h"

namespace mayfly::cgroup {

inline constexpr unsigned kDeviceMknod = 1;  // the bits of BPF_DEVCG_ACC_*
inline constexpr unsigned kDeviceRead = 2;
inline constexpr unsigned kDeviceWrite = 4;
inline constexpr unsigned kDeviceAll = 7;
inline constexpr int64_t kAnyNumber = -1;

struct DeviceEntry {
  bool allow = false;
  char type = 'a';  // a, b, c
  int64_t major = kAnyNumber;
  int64_t minor = kAnyNumber;
  unsigned access = kDeviceAll;

  bool covers_everything() const {
    return type == 'a' && major == kAnyNumber && minor == kAnyNumber && access == kDeviceAll;
  }
};

// The spec's rules, checked, then the default ones: mknod of all; null, zero, full, random,
// urandom, tty, ptmx and the pts.
base::Result<std::vector<DeviceEntry>> EffectiveDeviceRules(
    const std::vector<oci::DeviceRule>& rules);

// True when no rule has an effect: all is allowed, as a privileged container asks for.
bool AllowsEverything(const std::vector<DeviceEntry>& rules);

// What v1 is told: the default, and the lines for devices.allow (default deny) or devices.deny.
struct DeviceList {
  bool allow_by_default = false;
  std::vector<std::string> exceptions;  // "c 1:3 rwm"
};
base::Result<DeviceList> DeviceListV1(const std::vector<DeviceEntry>& rules);

}  // namespace mayfly::cgroup
