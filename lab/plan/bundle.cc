#include "lab/plan/bundle.h"

#include <fcntl.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/file.h"
#include "base/json.h"

namespace mayfly::lab {
namespace {

using base::ErrorKind;
using base::Fail;
using base::Result;
using nlohmann::json;
namespace fs = std::filesystem;

struct Bundle {
  std::string name;
  std::string program;  // on the host
  json annotations = json::object();
};

struct Entry {
  std::string name;
  std::string runtime;
  std::string bundle;
  std::string strategy;
};

json Mount(const char* target, const char* type, const char* source,
           std::vector<std::string> options) {
  return {
      {"destination", target}, {"type", type}, {"source", source}, {"options", std::move(options)}};
}

json Mounts() {
  return {
      Mount("/proc", "proc", "proc", {}),
      Mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
      Mount("/dev/pts", "devpts", "devpts",
            {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}),
      Mount("/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}),
      Mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}),
      Mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}),
      Mount("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"})};
}

json Process(const std::string& program) {
  const json capabilities = {"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"};
  return {{"terminal", false},
          {"user", {{"uid", 0}, {"gid", 0}}},
          {"args", {program}},
          {"env", {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}},
          {"cwd", "/"},
          {"capabilities",
           {{"bounding", capabilities}, {"effective", capabilities}, {"permitted", capabilities}}},
          {"rlimits", {{{"type", "RLIMIT_NOFILE"}, {"hard", 1024}, {"soft", 1024}}}},
          {"noNewPrivileges", true}};
}

json Linux() {
  json namespaces = json::array();
  for (const char* type : {"pid", "network", "ipc", "uts", "mount"}) {
    namespaces.push_back({{"type", type}});
  }
  return {{"resources", {{"devices", {{{"allow", false}, {"access", "rwm"}}}}}},
          {"namespaces", namespaces},
          {"maskedPaths",
           {"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
            "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware",
            "/proc/scsi"}},
          {"readonlyPaths",
           {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}}};
}

Result<void> WriteNew(const std::string& path, const std::string& bytes, mode_t mode) {
  MAYFLY_ASSIGN(const base::UniqueFd fd, base::Open(path, O_WRONLY | O_CREAT | O_TRUNC, mode));
  return base::WriteAll(fd.get(), bytes, path);
}

Result<void> MakeBundle(const std::string& out, const Bundle& bundle) {
  const std::string file = fs::path(bundle.program).filename().string();
  const std::string root = fmt::format("{}/{}/rootfs", out, bundle.name);
  // runc needs the mount points to be makeable or there; the rootfs is read-only inside.
  for (const char* directory : {"/proc", "/dev", "/sys"}) {
    MAYFLY_TRY(base::MakeDirs(root + directory, 0755));
  }
  std::error_code error;
  fs::copy_file(bundle.program, root + "/" + file, fs::copy_options::overwrite_existing, error);
  if (error) {
    return Fail(ErrorKind::kNotFound, "copy {} to {}: {}", bundle.program, root, error.message());
  }
  fs::permissions(root + "/" + file, fs::perms(0755), error);
  return WriteNew(fmt::format("{}/{}/config.json", out, bundle.name),
                  base::JsonText(BundleConfig("/" + file, bundle.annotations), 2) + "\n", 0644);
}

std::string EntryText(const Entry& entry) {
  // JSON strings are TOML basic strings as long as nothing exotic is in them.
  const auto quoted = [](const std::string& text) { return base::JsonText(json(text)); };
  return fmt::format(
      "\n[[command]]\nname = {}\nfunction = \"hello\"\nstrategy = {}\n"
      "argv = [{}, \"run\", \"--bundle\", {}, \"{{id}}\"]\n"
      "cleanup = [{}, \"delete\", \"--force\", \"{{id}}\"]\nexpected_exit = 0\nexpected_stdout = "
      "\"\"\n",
      quoted(entry.name), quoted(entry.strategy), quoted(entry.runtime),
      quoted("{dir}/" + entry.bundle), quoted(entry.runtime));
}

std::vector<Entry> Entries(const BundleOptions& options) {
  std::vector<Entry> entries = {
      {"runc-native", options.runc, "native", "native"},
      {"crun-native", options.crun, "native", "native"},
      {"mayfly-native", options.mayfly, "native", "native"},
  };
  if (!options.wasm_module.empty()) {
    entries.insert(entries.end(), {{"mayfly-wasm-aot", options.mayfly, "wasm-aot", "aot"},
                                   {"mayfly-wasm-jit", options.mayfly, "wasm-jit", "jit"},
                                   {"crun-wasm", options.crun_wasm, "wasm-crun", "handler"}});
  }
  std::erase_if(entries, [](const Entry& entry) { return entry.runtime.empty(); });
  return entries;
}

}  // namespace

json BundleConfig(const std::string& program, const json& annotations) {
  json config = {{"ociVersion", "1.0.2"},
                 {"process", Process(program)},
                 {"root", {{"path", "rootfs"}, {"readonly", true}}},
                 {"hostname", "lab"},
                 {"mounts", Mounts()},
                 {"linux", Linux()}};
  if (!annotations.empty()) {
    config["annotations"] = annotations;
  }
  return config;
}

Result<void> MakeFunctionBundle(const FunctionBundle& bundle) {
  const fs::path path(bundle.path);
  json annotations = json::object();
  for (const auto& [name, value] : bundle.annotations) {
    annotations[name] = value;
  }
  MAYFLY_TRY(MakeBundle(
      path.parent_path().string(),
      {.name = path.filename().string(), .program = bundle.program, .annotations = annotations}));
  const std::string file = fs::path(bundle.program).filename().string();
  json config = BundleConfig("/" + file, annotations);
  for (const std::string& argument : bundle.args) {
    config["process"]["args"].push_back(argument);
  }
  if (!bundle.context.empty()) {
    MAYFLY_TRY(base::MakeDirs(bundle.path + "/rootfs/context", 0755));
    config["mounts"].push_back(Mount("/context", "none", bundle.context.c_str(),
                                     {"rbind", bundle.writable ? "rw" : "ro"}));
  }
  return WriteNew(bundle.path + "/config.json", base::JsonText(config, 2) + "\n", 0644);
}

Result<void> MakeBundles(const BundleOptions& options) {
  const std::vector<Entry> entries = Entries(options);
  if (entries.empty()) {
    return Fail(ErrorKind::kInvalid, "no runtime is named: give --runc, --crun or --mayfly");
  }
  const std::vector<Bundle> bundles = {
      {"native", options.native_program, json::object()},
      {"wasm-aot", options.wasm_module, {{"dev.mayfly.strategy", "aot"}}},
      {"wasm-jit", options.wasm_module, {{"dev.mayfly.strategy", "jit"}}},
      {"wasm-crun", options.wasm_module, {{"run.oci.handler", "wasm"}}}};
  for (const Bundle& bundle : bundles) {
    if (std::any_of(entries.begin(), entries.end(),
                    [&](const Entry& entry) { return entry.bundle == bundle.name; })) {
      MAYFLY_TRY(MakeBundle(options.out, bundle));
    }
  }
  std::string plan = "title = \"OCI runtimes: run of a program that does nothing\"\nruns = 40\n";
  std::vector<std::string> baselines;
  for (const Entry& entry : entries) {
    if (entry.name == "runc-native" || entry.name.starts_with("crun-")) {
      baselines.push_back(fmt::format("\"{}\"", entry.name));
    }
  }
  if (!baselines.empty()) {
    plan += fmt::format("baselines = [{}]\n", fmt::join(baselines, ", "));
  }
  for (const Entry& entry : entries) {
    plan += EntryText(entry);
  }
  return WriteNew(options.out + "/compare.toml", plan, 0644);
}

}  // namespace mayfly::lab
