#include "oci/documents.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "oci/capabilities.h"
#include "oci/mount_options.h"

namespace mayfly::oci {

namespace {

using Json = nlohmann::ordered_json;

Json MountJson(const char* destination, const char* type, const char* source,
               std::vector<std::string> options) {
  return {{"destination", destination},
          {"type", type},
          {"source", source},
          {"options", std::move(options)}};
}

Json DefaultMounts() {
  return Json::array(
      {{{"destination", "/proc"}, {"type", "proc"}, {"source", "proc"}},
       MountJson("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
       MountJson("/dev/pts", "devpts", "devpts",
                 {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}),
       MountJson("/dev/shm", "tmpfs", "shm",
                 {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}),
       MountJson("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}),
       MountJson("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}),
       MountJson("/sys/fs/cgroup", "cgroup", "cgroup",
                 {"nosuid", "noexec", "nodev", "relatime", "ro"})});
}

Json DefaultProcess() {
  const std::vector<std::string> capabilities = {"CAP_AUDIT_WRITE", "CAP_KILL",
                                                 "CAP_NET_BIND_SERVICE"};
  return {{"terminal", false},
          {"user", {{"uid", 0}, {"gid", 0}}},
          {"args", {"sh"}},
          {"env", {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}},
          {"cwd", "/"},
          {"capabilities",
           {{"bounding", capabilities}, {"effective", capabilities}, {"permitted", capabilities}}},
          {"rlimits", Json::array({{{"type", "RLIMIT_NOFILE"}, {"hard", 1024}, {"soft", 1024}}})},
          {"noNewPrivileges", true}};
}

}  // namespace

namespace {

Json DefaultConfig() {
  Json linux_section = {
      {"resources", {{"devices", Json::array({{{"allow", false}, {"access", "rwm"}}})}}},
      {"namespaces", Json::array()},
      {"maskedPaths",
       {"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
        "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware",
        "/proc/scsi"}},
      {"readonlyPaths",
       {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}}};
  for (const char* type : {"pid", "network", "ipc", "uts", "mount", "cgroup"}) {
    linux_section["namespaces"].push_back({{"type", type}});
  }
  return {{"ociVersion", "1.2.0"},
          {"process", DefaultProcess()},
          {"root", {{"path", "rootfs"}, {"readonly", true}}},
          {"hostname", "mayfly"},
          {"mounts", DefaultMounts()},
          {"linux", linux_section}};
}

}  // namespace

std::string DefaultConfigJson() { return base::JsonText(DefaultConfig(), 2) + "\n"; }

std::string RootlessConfigJson(uint32_t uid, uint32_t gid) {
  Json config = DefaultConfig();
  Json& section = config["linux"];
  section.erase("resources");
  Json namespaces = Json::array({{{"type", "user"}}});
  for (const Json& item : section["namespaces"]) {
    if (item["type"] != "network") {
      namespaces.push_back(item);
    }
  }
  section["namespaces"] = std::move(namespaces);
  section["uidMappings"] = {{{"containerID", 0}, {"hostID", uid}, {"size", 1}}};
  section["gidMappings"] = {{{"containerID", 0}, {"hostID", gid}, {"size", 1}}};
  Json mounts = Json::array();
  for (Json& mount : config["mounts"]) {
    if (mount["destination"] == "/sys") {
      // A sysfs belongs to a network namespace, and this one is the host's.
      mount = MountJson("/sys", "none", "/sys", {"rbind", "nosuid", "noexec", "nodev", "ro"});
    } else if (mount["destination"] == "/dev/pts") {
      mount["options"].erase(5);  // gid=5 is not mapped
    }
    if (mount["type"] != "cgroup") {
      mounts.push_back(std::move(mount));
    }
  }
  config["mounts"] = std::move(mounts);
  return base::JsonText(config, 2) + "\n";
}

std::string FeaturesJson(const std::string& version, const std::vector<std::string>& engines) {
  Json linux_section = {
      {"namespaces", {"cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"}},
      {"capabilities", CapabilityNames()},
      {"cgroup",
       {{"v1", true}, {"v2", true}, {"systemd", true}, {"systemdUser", true}, {"rdma", true}}},
      {"seccomp",
       {{"enabled", true},
        {"actions", SeccompActionNames()},
        {"operators", SeccompOperatorNames()},
        {"archs", SeccompArchitectureNames()},
        {"knownFlags", SeccompFlagNames()},
        {"supportedFlags", SeccompFlagNames()}}},
      {"apparmor", {{"enabled", true}}},
      {"selinux", {{"enabled", true}}},
      {"intelRdt", {{"enabled", false}}},
      {"mountExtensions", {{"idmap", {{"enabled", true}}}}},
      {"netDevices", {{"enabled", true}}}};
  Json annotations = {{"dev.mayfly.version", version}};
  for (const std::string& engine : engines) {
    const size_t space = engine.find(' ');
    annotations["dev.mayfly.engine." + engine.substr(0, space)] =
        space == std::string::npos ? "" : engine.substr(space + 1);
  }
  const Json features = {
      {"ociVersionMin", "1.0.0"},
      {"ociVersionMax", "1.2.0"},
      {"hooks",
       {"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"}},
      {"mountOptions", KnownMountOptions()},
      {"linux", linux_section},
      {"annotations", annotations},
      {"potentiallyUnsafeConfigAnnotations",
       {"dev.mayfly.", "run.oci.handler", "module.wasm.image/variant"}}};
  return base::JsonText(features, 2) + "\n";
}

}  // namespace mayfly::oci
