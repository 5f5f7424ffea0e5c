#include "container/exec_target.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "base/file.h"
#include "base/process.h"

namespace mayfly::container {

using base::ErrorKind;
using base::Fail;
using base::FailErrno;
using base::Result;

namespace {

// A namespace that is shared anyway must not be asked for: setns(2) refuses the caller's own user
// namespace.
Result<uint64_t> ForeignNamespaces(pid_t pid) {
  constexpr std::array<std::pair<const char*, uint64_t>, 8> kNames = {{{"user", CLONE_NEWUSER},
                                                                       {"cgroup", CLONE_NEWCGROUP},
                                                                       {"ipc", CLONE_NEWIPC},
                                                                       {"mnt", CLONE_NEWNS},
                                                                       {"net", CLONE_NEWNET},
                                                                       {"pid", CLONE_NEWPID},
                                                                       {"uts", CLONE_NEWUTS},
                                                                       {"time", CLONE_NEWTIME}}};
  uint64_t flags = 0;
  for (const auto& [name, flag] : kNames) {
    struct stat own{};
    struct stat other{};
    if (::stat(fmt::format("/proc/self/ns/{}", name).c_str(), &own) != 0) {
      continue;  // a kernel without it
    }
    if (::stat(fmt::format("/proc/{}/ns/{}", pid, name).c_str(), &other) != 0) {
      return FailErrno("the {} namespace of process {}", name, pid);
    }
    if (own.st_ino != other.st_ino || own.st_dev != other.st_dev) {
      flags |= flag;
    }
  }
  return flags;
}

Result<void> Hold(ExecTarget& target) {
  const pid_t pid = target.state.pid;
  MAYFLY_ASSIGN(target.pidfd, base::OpenPidfd(pid));
  MAYFLY_ASSIGN(target.root, base::Open(fmt::format("/proc/{}/root", pid), O_PATH | O_DIRECTORY));
  MAYFLY_ASSIGN(target.namespaces, ForeignNamespaces(pid));
  MAYFLY_ASSIGN(const std::string mounts, base::ReadFile(fmt::format("/proc/{}/mountinfo", pid)));
  // The mounts of a container without a mount namespace are in nobody's list.
  target.has_procfs =
      mounts.find(" - proc ") != std::string::npos || (target.namespaces & CLONE_NEWNS) == 0;
  return {};
}

std::vector<std::string> SplitAt(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

// "PATH" as a suffix: "/a/b", or "" for the container's own group.
Result<std::string> Suffix(const std::string& argument, const std::string& path) {
  std::string suffix;
  for (const std::string& part : SplitAt(path, '/')) {
    if (part == "..") {
      return Fail(ErrorKind::kInvalid, "--cgroup {}: leads out of the container's group", argument);
    }
    if (!part.empty() && part != ".") {
      suffix += "/" + part;
    }
  }
  return suffix;
}

bool Matches(const cgroup::Hierarchy& hierarchy, const std::string& controller) {
  return std::ranges::find(hierarchy.controllers, controller) != hierarchy.controllers.end();
}

}  // namespace

// Everything that goes by the pid is looked up between the opening of the pidfd and a look whether
// the process is still there: so it was that process all along.
Result<ExecTarget> HoldTarget(State state) {
  ExecTarget target;
  target.state = std::move(state);
  auto held = Hold(target);
  if (base::LookUpProcess(target.state.pid, target.state.pid_start_time) !=
      base::ProcessState::kAlive) {
    return Fail(ErrorKind::kState, "cannot exec in a stopped container");
  }
  MAYFLY_TRY(std::move(held));
  return target;
}

Result<cgroup::Location> SubGroups(const cgroup::Host& host, const cgroup::Location& location,
                                   const std::vector<std::string>& sub_groups) {
  cgroup::Location joined = location;
  for (const std::string& argument : sub_groups) {
    const size_t colon = argument.find(':');
    if (colon == std::string::npos && host.layout != cgroup::Layout::kV2) {
      return Fail(ErrorKind::kInvalid, "--cgroup {}: expected CONTROLLER:PATH on cgroup v1",
                  argument);
    }
    MAYFLY_ASSIGN(
        const std::string suffix,
        Suffix(argument, colon == std::string::npos ? argument : argument.substr(colon + 1)));
    const auto controllers = colon == std::string::npos ? std::vector<std::string>{""}
                                                        : SplitAt(argument.substr(0, colon), ',');
    for (const std::string& controller : controllers) {
      const auto hierarchy = std::ranges::find_if(host.hierarchies, [&](const auto& candidate) {
        return controller.empty() ? candidate.unified() : Matches(candidate, controller);
      });
      const auto place = hierarchy == host.hierarchies.end()
                             ? location.end()
                             : location.find(hierarchy->mount_point);
      if (place == location.end()) {
        return Fail(ErrorKind::kInvalid, "--cgroup {}: the container has no group for {}", argument,
                    controller.empty() ? "cgroup v2" : controller);
      }
      joined[place->first] = place->second + suffix;
    }
  }
  return joined;
}

Result<cgroup::Location> PlaceOfInit(const cgroup::Host& host, const State& state) {
  MAYFLY_ASSIGN(const std::string text, base::ReadFile(fmt::format("/proc/{}/cgroup", state.pid)));
  cgroup::Location location = state.cgroup;
  const size_t line = text.rfind("0::/");
  if (line == std::string::npos) {
    return location;
  }
  const std::string path = text.substr(line + 3, text.find('\n', line) - line - 3);
  for (const cgroup::Hierarchy& hierarchy : host.hierarchies) {
    // Only below the container's own group: anywhere else its limits would not hold.
    const auto own = location.find(hierarchy.mount_point);
    if (hierarchy.unified() && own != location.end() &&
        (hierarchy.mount_point + path).starts_with(own->second + "/")) {
      own->second = hierarchy.mount_point + path;
    }
  }
  return location;
}

}  // namespace mayfly::container
