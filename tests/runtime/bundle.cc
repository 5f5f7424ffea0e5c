#include "bundle.h"

#include <fstream>
#include <iterator>

namespace mayfly::test {

namespace fs = std::filesystem;

namespace {

constexpr const char* kDefaultConfig = R"({
  "ociVersion": "1.0.2",
  "process": {
    "terminal": false,
    "user": {"uid": 0, "gid": 0},
    "args": ["/probe", "exit", "0"],
    "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/", "TERM=xterm"],
    "cwd": "/",
    "capabilities": {
      "bounding": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
      "effective": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
      "permitted": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
    },
    "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
    "noNewPrivileges": true
  },
  "root": {"path": "rootfs", "readonly": false},
  "hostname": "guest",
  "mounts": [
    {"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
     "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
    {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
     "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
    {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
     "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
    {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
    {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
     "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]}
  ],
  "linux": {
    "resources": {"devices": [{"allow": false, "access": "rwm"}]},
    "namespaces": [{"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}],
    "maskedPaths": ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
                    "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi"],
    "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
  }
})";

}  // namespace

Bundle::Bundle(fs::path directory, Guest guest)
    : config(nlohmann::json::parse(kDefaultConfig)), directory_(std::move(directory)) {
  for (const char* name : {"dev", "etc", "proc", "sys", "tmp"}) {
    fs::create_directories(rootfs() / name);
  }
  WriteFile(rootfs() / "etc/passwd",
            "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n");
  const fs::path program = guest == Guest::kNative ? MAYFLY_TEST_PROBE : MAYFLY_TEST_PROBE_WASM;
  fs::copy_file(program, rootfs() / (guest == Guest::kNative ? "probe" : "probe.wasm"));
  if (guest == Guest::kWasm) {
    fs::permissions(rootfs() / "probe.wasm",
                    fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec,
                    fs::perm_options::add);
    config["process"]["args"] = {"/probe.wasm", "exit", "0"};
  }
  Save();
}

void Bundle::Save() const { SaveText(config.dump(1)); }

void Bundle::SaveText(const std::string& text) const {
  WriteFile(directory_ / "config.json", text);
}

void Bundle::Probe(const std::vector<std::string>& args) {
  std::vector<std::string> argv = {config["process"]["args"][0].get<std::string>()};
  argv.insert(argv.end(), args.begin(), args.end());
  config["process"]["args"] = argv;
  Save();
}

void Bundle::Mount(const std::string& destination, const std::string& type,
                   const std::string& source, const std::vector<std::string>& options) {
  config["mounts"].push_back(
      {{"destination", destination}, {"type", type}, {"source", source}, {"options", options}});
  Save();
}

void Bundle::DropNamespace(const std::string& type) {
  nlohmann::json kept = nlohmann::json::array();
  for (const auto& entry : config["linux"]["namespaces"]) {
    if (entry["type"] != type) {
      kept.push_back(entry);
    }
  }
  config["linux"]["namespaces"] = kept;
  if (type == "uts") {
    config.erase("hostname");
  }
  Save();
}

void Bundle::JoinNamespace(const std::string& type, const std::string& path) {
  DropNamespace(type);
  config["linux"]["namespaces"].push_back({{"type", type}, {"path", path}});
  Save();
}

void Bundle::Capabilities(const std::vector<std::string>& names) {
  for (const char* set : {"bounding", "effective", "permitted", "inheritable", "ambient"}) {
    config["process"]["capabilities"][set] = names;
  }
  Save();
}

void WriteFile(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace mayfly::test
