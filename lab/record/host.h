// The machine that a measurement ran on, as far as it matters for times.
//
// Sources: proc_cpuinfo(5), proc_meminfo(5), os-release(5), cpufreq and clocksource in sysfs,
// statfs(2) of /sys/fs/cgroup. What cannot be read is null in the record. Threads: none.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace mayfly::lab {

// {"kernel":…, "os":…, "cpu_model":…, "cpus":…, "memory_kib":…, "governor":…,
// "cgroups":"v1|hybrid|v2", …}
nlohmann::json DescribeHost();

// The value of the first "key<blanks>: value" line; empty if there is none.
std::string FieldOf(std::string_view text, std::string_view key);

}  // namespace mayfly::lab
