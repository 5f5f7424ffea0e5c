// Limits: linux.resources as the list of files to write, for v1 and for v2. Only what config.json
// sets is written, never a default.
//
// Units: bytes; microseconds; cpu.shares 2 to 262144 become cpu.weight 1 to 10000 so that the two
// defaults,
//   1024 and 100, meet.
// Sources: runtime-spec config-linux.md "Control groups"; kernel cgroup-v1/memory.rst,
// cgroup-v2.rst
//   "Memory Interface Files", "CPU Interface Files"; the weight curve is the one of OCI runtimes
//   since KEP-2254 was amended in 2025: 10^((l^2 + 125 l) / 612 - 7/34), l = log2(shares).
// Errors: kind invalid or unsupported, naming the field. Threads: values. Fork: parent only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "oci/spec.h"

namespace mayfly::cgroup {

// One value for one file.
struct Setting {
  std::string controller;  // whose absence makes the file missing, e.g. "memory"
  std::string file;        // "memory.max"
  std::string value;
  std::string field;  // "linux.resources.memory.limit"
  // The kernel checks this value against another of the list: when it says EINVAL, the next one is
  // written first and this one once more.
  bool may_need_next = false;
  // A kernel built without it (swap accounting) already does what the value asks for.
  bool missing_is_fine = false;
  // Where the kernel has no `file`: this one, with other_value unless that is empty.
  std::string other_file;
  std::string other_value;
};

base::Result<std::vector<Setting>> SettingsV1(const oci::Resources& resources);
base::Result<std::vector<Setting>> SettingsV2(const oci::Resources& resources);

uint64_t WeightFromShares(uint64_t shares);

}  // namespace mayfly::cgroup
