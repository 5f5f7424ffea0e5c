// DetectHost: which hierarchies are mounted where, and where this process is in them.
//
// /proc/self/cgroup names the hierarchies; /proc/self/mountinfo is read only until all of them are
// found: a node with a thousand containers has a table of a megabyte behind the cgroup mounts.
//
// Sources: cgroups(7) "/proc files"; proc_pid_mountinfo(5).

#include <fcntl.h>

#include <algorithm>

#include "base/file.h"
#include "cgroup/cgroup.h"
#include "cgroup/text.h"

namespace mayfly::cgroup {

using base::ErrorKind;
using base::Result;

namespace {

constexpr size_t kMaxTableBytes = 256U << 20;

// One line "ID:CONTROLLERS:PATH" each; the unified tree is "0::PATH".
Result<std::vector<Hierarchy>> ReadOwnGroups(const std::string& path) {
  MAYFLY_ASSIGN(const std::string text, base::ReadFile(path, 1U << 20));
  std::vector<Hierarchy> found;
  for (const std::string_view line : Split(text, '\n')) {
    const size_t first = line.find(':');
    const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) {
      return base::Fail(ErrorKind::kSystem, "{}: unexpected line \"{}\"", path, line);
    }
    Hierarchy hierarchy;
    for (const std::string_view name : Split(line.substr(first + 1, second - first - 1), ',')) {
      hierarchy.controllers.emplace_back(name);
    }
    hierarchy.own_path = line.substr(second + 1);
    found.push_back(std::move(hierarchy));
  }
  return found;
}

// Undoes the octal escapes of mountinfo (space, tab, newline, backslash).
std::string Unescape(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      plain.push_back(static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                        (text[i + 3] - '0')));
      i += 3;
    } else {
      plain.push_back(text[i]);
    }
  }
  return plain;
}

// The part of a cgroup path below the mount's root: a container without a cgroup namespace sees
// "/docker/ID" both as its mount's root and as the start of its path.
std::string BelowMount(const std::string& own_path, std::string_view mount_root) {
  if (mount_root == "/" || mount_root.empty()) {
    return own_path.starts_with("/..") ? "/" : own_path;
  }
  if (own_path == mount_root || !own_path.starts_with(mount_root) ||
      own_path[mount_root.size()] != '/') {
    return "/";
  }
  return own_path.substr(mount_root.size());
}

// Gives the hierarchy that a mountinfo line mounts its mount point, unless it has one.
void TakeMount(std::string_view line, std::vector<Hierarchy>& hierarchies) {
  const size_t separator = line.find(" - cgroup");  // cheap first look; both type names start so
  if (separator == std::string_view::npos) {
    return;
  }
  const auto before = Split(line.substr(0, separator), ' ');
  const auto after = Split(line.substr(separator + 3), ' ');
  if (before.size() < 6 || after.size() < 3) {
    return;
  }
  const auto options = Split(after[2], ',');
  const auto mounts = [&](const Hierarchy& hierarchy) {
    return after[0] == "cgroup2"
               ? hierarchy.unified()
               : !hierarchy.unified() &&
                     std::ranges::find(options, hierarchy.controllers[0]) != options.end();
  };
  const auto found = std::ranges::find_if(hierarchies, mounts);
  if (found != hierarchies.end() && found->mount_point.empty()) {
    found->mount_point = Unescape(before[4]);
    found->own_path = BelowMount(found->own_path, Unescape(before[3]));
  }
}

bool AllFound(const std::vector<Hierarchy>& hierarchies) {
  return std::ranges::none_of(hierarchies,
                              [](const Hierarchy& h) { return h.mount_point.empty(); });
}

Result<void> ReadMounts(const std::string& path, std::vector<Hierarchy>& hierarchies) {
  MAYFLY_ASSIGN(const base::UniqueFd fd, base::Open(path, O_RDONLY));
  std::string pending;
  std::vector<char> chunk(16384);
  size_t total = 0;
  while (!AllFound(hierarchies)) {
    const ssize_t got = ::read(fd.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return base::FailErrno("read {}", path);
    }
    pending.append(chunk.data(), static_cast<size_t>(got));
    total += static_cast<size_t>(got);
    if (got == 0) {
      TakeMount(pending, hierarchies);
      break;
    }
    if (total > kMaxTableBytes) {
      return base::Fail(ErrorKind::kSystem, "{}: larger than {} bytes", path, kMaxTableBytes);
    }
    size_t start = 0;
    for (size_t end; (end = pending.find('\n', start)) != std::string::npos; start = end + 1) {
      TakeMount(std::string_view(pending).substr(start, end - start), hierarchies);
    }
    pending.erase(0, start);
  }
  return {};
}

}  // namespace

Result<Host> DetectHost(const std::string& proc) {
  Host host;
  MAYFLY_ASSIGN(host.hierarchies, ReadOwnGroups(proc + "/self/cgroup"));
  MAYFLY_TRY(ReadMounts(proc + "/self/mountinfo", host.hierarchies));
  std::erase_if(host.hierarchies, [](const Hierarchy& h) { return h.mount_point.empty(); });

  bool unified = false;
  bool controllers = false;
  for (const Hierarchy& hierarchy : host.hierarchies) {
    unified = unified || hierarchy.unified();
    controllers =
        controllers || (!hierarchy.unified() && !hierarchy.controllers[0].starts_with("name="));
  }
  if (controllers) {
    host.layout = unified ? Layout::kHybrid : Layout::kV1;
  } else if (unified) {
    host.layout = Layout::kV2;
    std::erase_if(host.hierarchies, [](const Hierarchy& h) { return !h.unified(); });
  }
  return host;
}

}  // namespace mayfly::cgroup
