// doctor's checks of the kernel, of this process's rights, and of containerd.
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/file.h"
#include "cgroup/cgroup.h"
#include "cli/doctor_checks.h"
#include "engine/memory_file.h"
#include "oci/capabilities.h"

namespace mayfly::cli {

namespace {

Finding Ok(std::string name, std::string text) {
  return {std::move(name), Health::kOk, std::move(text), ""};
}

void Append(std::string* list, std::string_view item) {
  list->append(list->empty() ? "" : " ").append(item);
}

// openat2(2) and its RESOLVE_IN_ROOT came with 5.6, mount_setattr(2) with 5.12; overlayfs gives
// file handles since 6.6.
Finding CheckKernel() {
  utsname name{};
  int major = 0;
  int minor = 0;
  if (::uname(&name) != 0 || std::sscanf(name.release, "%d.%d", &major, &minor) != 2) {
    return {"kernel", Health::kFail, "its version cannot be read", "run on Linux"};
  }
  const std::string text = fmt::format("Linux {} on {}", name.release, name.machine);
  const int version = major * 1000 + minor;
  if (version < 5012) {
    return {"kernel", Health::kFail, text, "use Linux 5.12 or newer: mount_setattr(2) is needed"};
  }
  if (version < 6006) {
    return {"kernel", Health::kWarn, text,
            "from Linux 6.6 on modules in images are found without being hashed at each start"};
  }
  return Ok("kernel", text);
}

Finding CheckNamespaces() {
  std::string missing;
  for (const char* name : {"mnt", "pid", "net", "ipc", "uts", "cgroup", "user"}) {
    if (!base::PathExists(std::string("/proc/self/ns/") + name)) {
      Append(&missing, name);
    }
  }
  if (!missing.empty()) {
    return {"namespaces", missing == "user" ? Health::kWarn : Health::kFail,
            "the kernel lacks: " + missing, "use a kernel with CONFIG_NAMESPACES and its parts"};
  }
  return Ok("namespaces", "mnt pid net ipc uts cgroup user");
}

Finding CheckFileSystems() {
  const auto text = base::ReadFile("/proc/filesystems");
  if (!text) {
    return {"file systems", Health::kFail, text.error().text(), "mount procfs at /proc"};
  }
  std::string missing;
  for (const char* name : {"overlay", "tmpfs", "proc", "sysfs", "devpts", "mqueue"}) {
    if (text->find(std::string("\t") + name + "\n") == std::string::npos) {
      Append(&missing, name);
    }
  }
  if (!missing.empty()) {
    return {"file systems", Health::kWarn, "not there now: " + missing,
            "load the modules: modprobe " + missing};
  }
  return Ok("file systems", "overlay tmpfs proc sysfs devpts mqueue");
}

Finding CheckUser() {
  if (::geteuid() != 0) {
    return {"user", Health::kFail, fmt::format("uid {}", ::geteuid()),
            "run mayfly as root: containers need its capabilities"};
  }
  return Ok("user", "root");
}

// What the runtime itself needs to set a container up; the rest is only what containers may ask
// for.
bool RuntimeNeeds(int capability) {
  constexpr std::array kNeeded = {CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FOWNER,  CAP_KILL,
                                  CAP_SETGID, CAP_SETUID,       CAP_SETPCAP, CAP_SYS_CHROOT,
                                  CAP_MKNOD,  CAP_SYS_ADMIN};
  return std::find(kNeeded.begin(), kNeeded.end(), capability) != kNeeded.end();
}

Finding CheckCapabilities() {
  const auto status = base::ReadFile("/proc/self/status");
  constexpr std::string_view kLine = "\nCapBnd:\t";
  const size_t at = status ? status->find(kLine) : std::string::npos;
  if (at == std::string::npos) {
    return {"capabilities", Health::kFail, "/proc/self/status has no CapBnd", "mount procfs"};
  }
  const uint64_t bounding = std::strtoull(status->c_str() + at + kLine.size(), nullptr, 16);
  std::string needed;
  std::string optional;
  const int count = static_cast<int>(oci::CapabilityNames().size());
  for (int number = 0; number < count; ++number) {
    if ((bounding >> number & 1) == 0) {
      Append(RuntimeNeeds(number) ? &needed : &optional, oci::CapabilityName(number));
    }
  }
  if (!needed.empty()) {
    return {"capabilities", Health::kFail, "missing from the bounding set: " + needed,
            "start the caller (containerd, the shell) with these capabilities"};
  }
  if (!optional.empty()) {
    return {"capabilities", Health::kWarn, "missing from the bounding set: " + optional,
            "containers that ask for these do not get them"};
  }
  return Ok("capabilities", "the bounding set is whole");
}

// The controllers a container's limits need, of those the host offers.
std::string MissingControllers(const cgroup::Host& host) {
  std::vector<std::string> offered;
  for (const cgroup::Hierarchy& hierarchy : host.hierarchies) {
    std::vector<std::string> names = hierarchy.controllers;
    if (hierarchy.unified()) {
      const auto text = base::ReadFile(hierarchy.mount_point + "/cgroup.controllers");
      const std::string all = text ? " " + text->substr(0, text->find('\n')) + " " : "";
      for (const char* name : {"cpu", "cpuset", "io", "memory", "pids"}) {
        if (all.find(std::string(" ") + name + " ") != std::string::npos) {
          names.emplace_back(name);
        }
      }
    }
    offered.insert(offered.end(), names.begin(), names.end());
  }
  const bool v1 = host.layout != cgroup::Layout::kV2;
  std::string missing;
  for (const char* name : {"cpu", "cpuset", v1 ? "blkio" : "io", "memory", "pids"}) {
    if (std::find(offered.begin(), offered.end(), name) == offered.end()) {
      Append(&missing, name);
    }
  }
  return missing;
}

Finding CheckCgroups() {
  const auto host = cgroup::DetectHost();
  if (!host) {
    return {"cgroups", Health::kFail, host.error().text(), "mount the cgroup file system"};
  }
  std::string layout;
  switch (host->layout) {
    case cgroup::Layout::kNone:
      return {"cgroups", Health::kFail, "none is mounted", "mount -t cgroup2 none /sys/fs/cgroup"};
    case cgroup::Layout::kV1:
      layout = "v1";
      break;
    case cgroup::Layout::kHybrid:
      layout = "hybrid (v1 controllers, v2 tree)";
      break;
    case cgroup::Layout::kV2:
      layout = "v2";
      break;
  }
  const std::string missing = MissingControllers(*host);
  if (!missing.empty()) {
    return {
        "cgroups", Health::kWarn, layout + ", without " + missing,
        "limits of these controllers are refused; enable them in the kernel or its parent group"};
  }
  return Ok("cgroups", layout + ", with cpu cpuset io memory pids");
}

Finding CheckSeccomp() {
  if (!base::PathExists("/proc/sys/kernel/seccomp/actions_avail")) {
    return {"seccomp", Health::kWarn, "the kernel has no seccomp filters",
            "use a kernel with CONFIG_SECCOMP_FILTER"};
  }
  return Ok("seccomp", "filters are offered by the kernel");
}

// Engines reserve address space far beyond what they use (Wasmtime 4 GiB for each memory), and code
// that is not cached lies in a memory file.
Finding CheckMemory() {
  constexpr rlim_t kLeast = 8ULL << 30;
  rlimit space{};
  if (::getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur < kLeast) {
    return {"memory", Health::kFail,
            fmt::format("address space is limited to {} bytes", space.rlim_cur),
            "raise RLIMIT_AS (ulimit -v unlimited): a module's memory reserves 4 GiB"};
  }
  if (const auto file = engine::MakeMemoryFile(); !file) {
    return {"memory", Health::kFail, file.error().text(),
            "allow memfd_create(2): sysctl vm.memfd_noexec=0"};
  }
  return Ok("memory", "address space is not limited, memory files work");
}

// The closest directory of a path that exists.
std::string Existing(std::string path) {
  while (!path.empty() && !base::PathExists(path)) {
    path.resize(path.find_last_of('/') == std::string::npos ? 0 : path.find_last_of('/'));
  }
  return path.empty() ? "/" : path;
}

Finding CheckStateRoot(const std::string& root) {
  const std::string place = Existing(root);
  if (::access(place.c_str(), W_OK | X_OK) != 0) {
    return {"state", Health::kFail, fmt::format("{} cannot be written", place),
            "choose another directory with --root"};
  }
  return Ok("state", root + (place == root ? "" : " (is made when it is needed)"));
}

}  // namespace

std::vector<Finding> CheckHost(const std::string& state_root) {
  return {CheckKernel(),  CheckNamespaces(),   CheckFileSystems(),
          CheckUser(),    CheckCapabilities(), CheckCgroups(),
          CheckSeccomp(), CheckMemory(),       CheckStateRoot(state_root)};
}

Finding CheckContainerd() {
  constexpr const char* kConfig = "/etc/containerd/config.toml";
  if (!base::PathExists("/run/containerd/containerd.sock")) {
    return Ok("containerd", "not running; mayfly works without it");
  }
  const auto config = base::ReadFile(kConfig);
  if (!config || config->find("mayfly") == std::string::npos) {
    return {"containerd", Health::kWarn, fmt::format("runs, and {} does not name mayfly", kConfig),
            "see docs/guide/containerd.md; `ctr run --runc-binary` works without it"};
  }
  return Ok("containerd", fmt::format("runs, and {} names mayfly", kConfig));
}

}  // namespace mayfly::cli
