// Cgroup::Open and FromLocation: from linux.cgroupsPath, or from a state file, to a list of
// directories.
//
// Sources: runtime-spec config-linux.md "Cgroups Path".

#include <algorithm>

#include "cgroup/group.h"
#include "cgroup/text.h"

namespace mayfly::cgroup {

using base::ErrorKind;
using base::Result;

namespace {

constexpr std::string_view kField = "linux.cgroupsPath";

// The path without "." and doubled slashes and without one at its start; "" for the root.
Result<std::string> CheckedPath(const std::string& path) {
  if (IsUnitForm(path)) {
    return base::Fail(ErrorKind::kInvalid,
                      "{}: \"{}\" is the systemd driver's form (slice:prefix:name), which needs "
                      "--systemd-cgroup",
                      kField, path);
  }
  std::string clean;
  for (const std::string_view part : Split(path, '/')) {
    if (part == ".") {
      continue;
    }
    if (part == "..") {
      return base::Fail(ErrorKind::kInvalid, "{}: \"{}\" holds a \"..\"", kField, path);
    }
    clean.append(clean.empty() ? "" : "/").append(part);
  }
  // The root is everybody's: its processes are not the container's to kill.
  if (clean.empty()) {
    return base::Fail(ErrorKind::kInvalid, "{}: \"{}\" names no group below the root", kField,
                      path);
  }
  return clean;
}

std::string Below(std::string_view base_path, const std::string& path) {
  std::string joined;
  for (const std::string_view part : Split(base_path, '/')) {
    joined.append(part).append("/");
  }
  return joined + path;
}

std::string ParentOf(std::string_view path) {
  const size_t slash = path.find_last_of('/');
  return std::string(slash == std::string_view::npos ? "" : path.substr(0, slash));
}

}  // namespace

Result<std::unique_ptr<Cgroup>> Cgroup::Open(const Host& host, const std::string& cgroups_path,
                                             const std::string& id) {
  if (host.layout == Layout::kNone) {
    return base::Fail(ErrorKind::kUnsupported, "no cgroup hierarchy is mounted on this host");
  }
  const bool given = !cgroups_path.empty();
  MAYFLY_ASSIGN(const std::string path, CheckedPath(given ? cgroups_path : "/mayfly/" + id));
  const bool relative = given && !cgroups_path.starts_with('/');
  std::vector<Directory> directories;
  for (const Hierarchy& hierarchy : host.hierarchies) {
    std::string place = path;
    if (relative) {
      place = Below(host.layout == Layout::kV2 ? ParentOf(hierarchy.own_path) : hierarchy.own_path,
                    path);
    }
    directories.emplace_back(hierarchy, std::move(place));
  }
  if (host.layout == Layout::kV2) {
    return std::make_unique<V2Group>(std::move(directories));
  }
  auto group = std::make_unique<V1Group>(std::move(directories), given);
  MAYFLY_TRY(group->Settle());
  return group;
}

Result<std::unique_ptr<Cgroup>> Cgroup::OpenUnit(const Host& host, const std::string& cgroups_path,
                                                 const std::string& id, bool user,
                                                 const oci::Resources& resources) {
  if (host.layout == Layout::kNone) {
    return base::Fail(ErrorKind::kUnsupported, "no cgroup hierarchy is mounted on this host");
  }
  MAYFLY_ASSIGN(Unit unit, ParseUnit(cgroups_path, id, user));
  auto scope = std::make_unique<Scope>(std::move(unit));
  MAYFLY_TRY(scope->Plan(host, resources));
  MAYFLY_ASSIGN(const std::string place, scope->Place());
  std::vector<Directory> directories;
  directories.reserve(host.hierarchies.size());
  for (const Hierarchy& hierarchy : host.hierarchies) {
    directories.emplace_back(hierarchy, place);
  }
  std::unique_ptr<Group> group;
  if (host.layout == Layout::kV2) {
    group = std::make_unique<V2Group>(std::move(directories));
  } else {
    group = std::make_unique<V1Group>(std::move(directories), true);
  }
  group->UseScope(std::move(scope));
  return group;
}

std::unique_ptr<Cgroup> Cgroup::FromLocation(const Host& host, const Location& location,
                                             const std::string& unit, bool user) {
  std::vector<Directory> directories;
  for (const auto& [mount_point, path] : location) {
    // Nothing is done to a place that is not below its mount point.
    const std::string prefix = mount_point + "/";
    const auto parts = Split(path, '/');
    if (!path.starts_with(prefix) || path.size() == prefix.size() ||
        std::ranges::find(parts, "..") != parts.end()) {
      continue;
    }
    const auto found = std::ranges::find(host.hierarchies, mount_point, &Hierarchy::mount_point);
    const Hierarchy gone{
        .controllers = {"not mounted"}, .mount_point = mount_point, .own_path = "/"};
    directories.emplace_back(found == host.hierarchies.end() ? gone : *found,
                             path.substr(prefix.size()));
  }
  std::unique_ptr<Group> group;
  if (host.layout == Layout::kV2) {
    group = std::make_unique<V2Group>(std::move(directories));
  } else {
    group = std::make_unique<V1Group>(std::move(directories), host);
  }
  if (!unit.empty()) {
    group->UseScope(std::make_unique<Scope>(Unit{.name = unit, .slice = "", .user = user}));
  }
  return group;
}

}  // namespace mayfly::cgroup
