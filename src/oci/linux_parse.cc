#include <sys/mount.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/path.h"
#include "oci/mount_options.h"
#include "oci/spec_parse.h"

namespace mayfly::oci {

using base::ErrorKind;
using base::JsonView;
using base::Result;

namespace {

constexpr std::array<std::pair<std::string_view, NamespaceType>, 8> kNamespaces = {{
    {"pid", NamespaceType::kPid},
    {"network", NamespaceType::kNetwork},
    {"mount", NamespaceType::kMount},
    {"ipc", NamespaceType::kIpc},
    {"uts", NamespaceType::kUts},
    {"cgroup", NamespaceType::kCgroup},
    {"user", NamespaceType::kUser},
    {"time", NamespaceType::kTime},
}};

Result<void> ParseNamespaces(const JsonView& view, Spec* spec) {
  MAYFLY_ASSIGN(const auto items, view.Items());
  for (const JsonView& item : items) {
    const JsonView type_view = item["type"];
    MAYFLY_ASSIGN(const auto type, type_view.String());
    const std::string word = type.value_or("");
    const std::pair<std::string_view, NamespaceType>* known = nullptr;
    for (const auto& entry : kNamespaces) {
      if (entry.first == word) {
        known = &entry;
      }
    }
    if (known == nullptr) {
      return type_view.Fail(fmt::format("unknown namespace \"{}\"", word));
    }
    if (spec->FindNamespace(known->second) != nullptr) {
      return type_view.Fail(fmt::format("{} stands twice", word));
    }
    MAYFLY_ASSIGN(const auto path, item["path"].String());
    if (path && !path->empty() && !path->starts_with('/')) {
      return item["path"].Fail("must be an absolute path");
    }
    spec->linux.namespaces.push_back({known->second, path.value_or("")});
  }
  if (spec->FindNamespace(NamespaceType::kMount) == nullptr &&
      spec->FindNamespace(NamespaceType::kUser) != nullptr) {
    return view.Fail(
        "a user namespace needs a mount namespace: its root may not mount in the runtime's",
        ErrorKind::kUnsupported);
  }
  return {};
}

Result<void> ParseDevices(const JsonView& view, Spec* spec) {
  MAYFLY_ASSIGN(const auto items, view.Items());
  for (const JsonView& item : items) {
    Device device;
    MAYFLY_ASSIGN(const auto path, item["path"].String());
    if (!path || !path->starts_with('/')) {
      return item["path"].Fail("must be an absolute path");
    }
    device.path = base::CleanAbsolute(*path);
    MAYFLY_ASSIGN(const auto type, item["type"].String());
    if (!type || type->size() != 1 ||
        std::string_view("cbup").find(type->front()) == std::string_view::npos) {
      return item["type"].Fail("expected c, b, u or p");
    }
    device.type = type->front() == 'u' ? 'c' : type->front();
    MAYFLY_ASSIGN(const auto major_number, item["major"].Int());
    MAYFLY_ASSIGN(const auto minor_number, item["minor"].Int());
    if (device.type != 'p' && (!major_number || !minor_number)) {
      return item["major"].Fail("major and minor are needed for a device of this type");
    }
    device.major = major_number.value_or(0);
    device.minor = minor_number.value_or(0);
    MAYFLY_ASSIGN(const auto mode, item["fileMode"].Uint());
    device.file_mode = static_cast<mode_t>(mode.value_or(0666) & 07777);
    MAYFLY_ASSIGN(const auto uid, item["uid"].Uint());
    MAYFLY_ASSIGN(const auto gid, item["gid"].Uint());
    device.uid = static_cast<uid_t>(uid.value_or(0));
    device.gid = static_cast<gid_t>(gid.value_or(0));
    spec->linux.devices.push_back(std::move(device));
  }
  return {};
}

// Paths of the container that are hidden or made read-only.
Result<std::vector<std::string>> ParsePaths(const JsonView& view) {
  MAYFLY_ASSIGN(auto paths, view.Strings());
  for (std::string& path : paths) {
    if (!path.starts_with('/')) {
      return view.Fail(fmt::format("\"{}\" must be an absolute path", path));
    }
    path = base::CleanAbsolute(path);
  }
  return paths;
}

// Parameters that belong to a namespace of the container's own; any other would change the host.
Result<void> ParseSysctl(const JsonView& view, Spec* spec) {
  constexpr std::array<std::string_view, 10> kIpcNames = {
      "kernel.msgmax",      "kernel.msgmnb",     "kernel.msgmni", "kernel.sem",
      "kernel.shmall",      "kernel.shmmax",     "kernel.shmmni", "kernel.shm_rmid_forced",
      "kernel.auto_msgmni", "kernel.msg_next_id"};
  MAYFLY_ASSIGN(const auto members, view.Members());
  for (const auto& [raw_key, value] : members) {
    MAYFLY_ASSIGN(const auto text, value.String());
    if (!text) {
      return value.Fail("expected a string");
    }
    if (raw_key.empty() || raw_key.find("..") != std::string::npos || raw_key.front() == '/') {
      return value.Fail("not a kernel parameter");
    }
    std::string key = raw_key;
    // "net/ipv4/ip_forward" is another way to write it (sysctl(8)).
    const bool slashes = key.find('/') != std::string::npos && key.find('/') < key.find('.');
    if (slashes) {
      for (char& c : key) {
        c = c == '/' ? '.' : (c == '.' ? '/' : c);
      }
    }
    const auto own = [spec](NamespaceType type) {
      const Namespace* ns = spec->FindNamespace(type);
      return ns != nullptr;
    };
    bool allowed = false;
    if (key.starts_with("net.")) {
      allowed = own(NamespaceType::kNetwork);
    } else if (key.starts_with("fs.mqueue.") ||
               std::find(kIpcNames.begin(), kIpcNames.end(), key) != kIpcNames.end()) {
      allowed = own(NamespaceType::kIpc);
    } else if (key == "kernel.domainname" || key == "kernel.hostname") {
      allowed = own(NamespaceType::kUts);
    } else {
      return value.Fail("not a namespaced kernel parameter: setting it would change the host");
    }
    if (!allowed) {
      return value.Fail("needs a namespace of the container's own in linux.namespaces");
    }
    spec->linux.sysctl[key] = *text;
  }
  return {};
}

// Maps and offsets belong to new namespaces of those types; with a joined one they only say what
// it has.
Result<void> ParseNamespaceSettings(const JsonView& view, Spec* spec) {
  Linux& out = spec->linux;
  MAYFLY_ASSIGN(out.id_mappings, ParseIdMappings(view));
  const Namespace* user = spec->FindNamespace(NamespaceType::kUser);
  if (user == nullptr && !out.id_mappings.empty()) {
    return view[out.id_mappings.uids.empty() ? "gidMappings" : "uidMappings"].Fail(
        "needs a user namespace in linux.namespaces");
  }
  if (user != nullptr && user->path.empty() &&
      (out.id_mappings.uids.empty() || out.id_mappings.gids.empty())) {
    return view[out.id_mappings.uids.empty() ? "uidMappings" : "gidMappings"].Fail(
        "missing for a new user namespace");
  }
  MAYFLY_ASSIGN(const auto offsets, view["timeOffsets"].Members());
  const Namespace* time = spec->FindNamespace(NamespaceType::kTime);
  for (const auto& [clock, value] : offsets) {
    if (clock != "monotonic" && clock != "boottime") {
      return value.Fail("unknown clock, expected monotonic or boottime");
    }
    if (time == nullptr || !time->path.empty()) {
      return value.Fail("needs a new time namespace in linux.namespaces");
    }
    MAYFLY_ASSIGN(const auto seconds, value["secs"].Int());
    MAYFLY_ASSIGN(const auto nanoseconds, value["nanosecs"].Uint());
    if (nanoseconds.value_or(0) > 999'999'999) {
      return value["nanosecs"].Fail("larger than 999999999");
    }
    out.time_offsets[clock] = {seconds.value_or(0), static_cast<uint32_t>(nanoseconds.value_or(0))};
  }
  return {};
}

// dev_valid_name() of the kernel; a name in the container may hold one "%d" for a free number.
bool IsDeviceName(const std::string& name, bool may_be_template) {
  constexpr size_t kMaxBytes = 15;
  const size_t percent = name.find('%');
  return !name.empty() && name.size() <= kMaxBytes && name != "." && name != ".." &&
         name.find_first_of("/: \t\n\v\f\r") == std::string::npos &&
         (percent == std::string::npos ||
          (may_be_template && percent == name.rfind('%') && name[percent + 1] == 'd'));
}

// Runtime-spec 1.3, config-linux.md "Network Devices".
Result<void> ParseNetDevices(const JsonView& view, Spec* spec) {
  MAYFLY_ASSIGN(const auto members, view.Members());
  for (const auto& [name, device] : members) {
    if (!IsDeviceName(name, false)) {
      return device.Fail("not the name of a network device");
    }
    MAYFLY_ASSIGN(const auto new_name, device["name"].String());
    if (new_name && !new_name->empty() && !IsDeviceName(*new_name, true)) {
      return device["name"].Fail(
          fmt::format("\"{}\" is not a name for a network device", *new_name));
    }
    spec->linux.net_devices[name] = new_name && !new_name->empty() ? *new_name : name;
  }
  if (!members.empty() && spec->FindNamespace(NamespaceType::kNetwork) == nullptr) {
    return view.Fail("needs a network namespace in linux.namespaces");
  }
  return {};
}

Result<std::vector<IdMapping>> ParseMap(const JsonView& view) {
  constexpr size_t kMaxLines = 340;  // user_namespaces(7)
  std::vector<IdMapping> map;
  MAYFLY_ASSIGN(const auto items, view.Items());
  if (items.size() > kMaxLines) {
    return view.Fail(fmt::format("more than {} lines", kMaxLines));
  }
  for (const JsonView& item : items) {
    const auto number = [&item](const char* name) -> Result<uint32_t> {
      MAYFLY_ASSIGN(const auto value, item[name].Uint());
      if (!value || *value > UINT32_MAX) {
        return item[name].Fail("expected a number of 32 bits");
      }
      return static_cast<uint32_t>(*value);
    };
    IdMapping line;
    MAYFLY_ASSIGN(line.container_id, number("containerID"));
    MAYFLY_ASSIGN(line.host_id, number("hostID"));
    MAYFLY_ASSIGN(line.size, number("size"));
    if (line.size == 0) {
      return item["size"].Fail("must not be 0");
    }
    map.push_back(line);
  }
  return map;
}

}  // namespace

Result<IdMappings> ParseIdMappings(const JsonView& view) {
  IdMappings mappings;
  MAYFLY_ASSIGN(mappings.uids, ParseMap(view["uidMappings"]));
  MAYFLY_ASSIGN(mappings.gids, ParseMap(view["gidMappings"]));
  return mappings;
}

Result<void> ParseLinux(const JsonView& view, Spec* spec) {
  MAYFLY_TRY(ParseNamespaces(view["namespaces"], spec));
  MAYFLY_TRY(ParseNamespaceSettings(view, spec));
  MAYFLY_TRY(ParseDevices(view["devices"], spec));
  MAYFLY_TRY(ParseNetDevices(view["netDevices"], spec));
  MAYFLY_ASSIGN(const auto cgroups_path, view["cgroupsPath"].String());
  spec->linux.cgroups_path = cgroups_path.value_or("");
  MAYFLY_TRY(ParseResources(view["resources"], &spec->linux.resources));
  MAYFLY_TRY(ParseSysctl(view["sysctl"], spec));
  MAYFLY_ASSIGN(spec->linux.seccomp, ParseSeccomp(view["seccomp"]));
  MAYFLY_TRY(ParsePlacement(view, &spec->linux));
  MAYFLY_ASSIGN(const auto mount_label, view["mountLabel"].String());
  spec->linux.mount_label = mount_label.value_or("");
  MAYFLY_ASSIGN(spec->linux.masked_paths, ParsePaths(view["maskedPaths"]));
  MAYFLY_ASSIGN(spec->linux.readonly_paths, ParsePaths(view["readonlyPaths"]));
  MAYFLY_ASSIGN(const auto propagation, view["rootfsPropagation"].String());
  if (propagation && !propagation->empty()) {
    spec->linux.rootfs_propagation = PropagationFlag(*propagation);
    if (spec->linux.rootfs_propagation == 0) {
      return view["rootfsPropagation"].Fail(
          fmt::format("unknown propagation \"{}\"", *propagation));
    }
  }
  return {};
}

}  // namespace mayfly::oci
