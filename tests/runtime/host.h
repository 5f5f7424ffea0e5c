// The host as a container may have left it: its mounts, cgroups and processes, read from /proc.
//
// Sources: proc(5): /proc/PID/mountinfo, /proc/PID/cgroup, /proc/PID/task/TID/children.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace mayfly::test {

// Mount points at or below a directory, in the order of mountinfo.
std::vector<std::string> MountsBelow(const std::filesystem::path& directory);

// Mount points of the cgroup file systems: controller ("memory", "name=systemd") -> mount point; ""
// is v2.
std::map<std::string, std::string> CgroupMounts();

// Directories of any hierarchy whose name holds `id`.
std::vector<std::string> CgroupsNamed(const std::string& id);

// The directory of a process in a controller's v1 hierarchy, or in v2 where the controller is not
// in v1.
std::string CgroupOf(pid_t pid, const std::string& controller);

// Processes in cgroups whose path holds `id`.
std::vector<pid_t> ProcessesInCgroups(const std::string& id);

// Children of this process that nobody waits for: as a subreaper it inherits what its commands
// leave.
std::vector<pid_t> OwnChildren();

// "/proc/PID/ns/NAME" read as a link, "" when there is none.
std::string NamespaceOf(pid_t pid, const std::string& name);

bool IsAlive(pid_t pid);  // there, and not a zombie

// SIGKILL to one process. Numbers that kill(2) takes for a group or for everybody (0, -1, …) and
// pid 1 are refused with false: a runtime's wrong answer must not become a signal to the machine.
bool KillOne(pid_t pid);

}  // namespace mayfly::test
