// Spec: the parts of an OCI runtime configuration (config.json) that Mayfly acts on, as plain
// structs.
//
// ParseSpec (spec_parse.h) fills it and refuses what this version cannot honour, so whatever is in
// a Spec can be carried out. Field names follow the runtime-spec's in snake_case.
//
// Units: as the spec has them: bytes, microseconds for cpu periods and quotas, octal file modes as
// numbers. Sources: OCI runtime-spec 1.2, config.md and config-linux.md. Threads: plain values.
// Fork: the child reads the parent's copy.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "oci/seccomp.h"

namespace mayfly::oci {

struct Rlimit {
  int resource = 0;  // RLIMIT_*
  std::string name;  // "RLIMIT_NOFILE"
  uint64_t soft = 0;
  uint64_t hard = 0;
};

// Bit n of a mask is capability number n (linux/capability.h).
struct Capabilities {
  uint64_t bounding = 0;
  uint64_t effective = 0;
  uint64_t inheritable = 0;
  uint64_t permitted = 0;
  uint64_t ambient = 0;
};

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::optional<mode_t> umask;
  std::vector<gid_t> additional_gids;
};

// sched_setattr(2); policy is a SCHED_* number, flags SCHED_FLAG_*.
struct Scheduler {
  uint32_t policy = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t flags = 0;
  uint64_t runtime_ns = 0;
  uint64_t deadline_ns = 0;
  uint64_t period_ns = 0;
};

// ioprio_set(2).
struct IoPriority {
  int io_class = 0;  // IOPRIO_CLASS_*
  int priority = 0;  // 0 to 7
};

// Lists of processors ("0-3,7") for processes that `exec` starts; "" leaves the affinity as it is.
struct CpuAffinity {
  std::string initial;
  std::string final;
};

struct Process {
  User user;
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::string cwd;
  std::optional<Capabilities> capabilities;
  std::vector<Rlimit> rlimits;
  bool no_new_privileges = false;
  std::optional<int> oom_score_adj;
  bool terminal = false;
  // process.consoleSize; 0 and 0: as the kernel has it
  uint16_t console_rows = 0;
  uint16_t console_columns = 0;
  std::optional<Scheduler> scheduler;
  std::optional<IoPriority> io_priority;
  std::optional<CpuAffinity> exec_cpu_affinity;
  std::string apparmor_profile;
  std::string selinux_label;
};

// A program that the runtime runs at a point of the container's life.
struct Hook {
  std::string path;
  std::vector<std::string> args;  // args[0] included; empty: the path alone
  std::vector<std::string> env;   // all of its environment
  std::optional<int> timeout_seconds;
};

struct Hooks {
  std::vector<Hook> prestart;
  std::vector<Hook> create_runtime;
  std::vector<Hook> create_container;
  std::vector<Hook> start_container;
  std::vector<Hook> poststart;
  std::vector<Hook> poststop;

  // Whether any runs between the making of the namespaces and pivot_root(2).
  bool any_before_pivot() const {
    return !prestart.empty() || !create_runtime.empty() || !create_container.empty();
  }
};

// `size` ids from container_id in the user namespace are those from host_id outside.
struct IdMapping {
  uint32_t container_id = 0;
  uint32_t host_id = 0;
  uint32_t size = 0;
};
struct IdMappings {
  std::vector<IdMapping> uids;
  std::vector<IdMapping> gids;
  bool empty() const { return uids.empty() && gids.empty(); }
};

// How far a clock of a time namespace is ahead of the host's.
struct TimeOffset {
  int64_t seconds = 0;
  uint32_t nanoseconds = 0;
};

// set_mempolicy(2): mode is MPOL_* with its MPOL_F_* flags.
struct MemoryPolicy {
  int mode = 0;
  std::string nodes;  // "0-1,3"
};

enum class IdMap : unsigned char { kNone, kTop, kTree };

struct Mount {
  std::string destination;
  std::string type;                  // "bind" for bind mounts, whatever config.json says
  std::string source;                // bind sources relative to the bundle are made absolute
  std::vector<std::string> options;  // as given
  uint64_t flags = 0;                // MS_* from the options
  uint64_t cleared_flags = 0;        // MS_* that an option such as "rw" or "exec" switches off
  uint64_t propagation = 0;  // MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE, with MS_REC; 0: none
  uint64_t recursive_attr_set =
      0;  // MOUNT_ATTR_* from "rro", "rnosuid", … (mount_setattr, AT_RECURSIVE)
  uint64_t recursive_attr_clear = 0;
  bool copy_up = false;         // "tmpcopyup"
  IdMap id_map = IdMap::kNone;  // "idmap", "ridmap"
  IdMappings id_mappings;       // empty: the container's own user namespace's
  std::string data;             // what is left for the file system, comma separated
};

enum class NamespaceType : unsigned char {
  kPid,
  kNetwork,
  kMount,
  kIpc,
  kUts,
  kCgroup,
  kUser,
  kTime
};
struct Namespace {
  NamespaceType type = NamespaceType::kPid;
  std::string path;  // empty: create a new one
};

struct Device {
  std::string path;
  char type = 'c';  // c, b, p ("u" is read as c)
  int64_t major = 0;
  int64_t minor = 0;
  mode_t file_mode = 0666;
  uid_t uid = 0;
  gid_t gid = 0;
};

struct DeviceRule {
  bool allow = false;
  char type = 'a';               // a, b, c
  std::optional<int64_t> major;  // unset: all
  std::optional<int64_t> minor;
  std::string access;  // of "rwm"
};

// One limit of a block device: "8:16" and bytes, requests or a weight.
struct DeviceLimit {
  int64_t major = 0;
  int64_t minor = 0;
  uint64_t value = 0;
};
struct BlockIo {
  std::optional<uint64_t> weight;
  std::optional<uint64_t> leaf_weight;
  std::vector<DeviceLimit> device_weights;
  std::vector<DeviceLimit> device_leaf_weights;
  std::vector<DeviceLimit> read_bytes_per_second;
  std::vector<DeviceLimit> write_bytes_per_second;
  std::vector<DeviceLimit> reads_per_second;
  std::vector<DeviceLimit> writes_per_second;
};

struct HugepageLimit {
  std::string page_size;  // "2MB"
  uint64_t limit_bytes = 0;
};

struct RdmaLimit {
  std::optional<uint64_t> handles;
  std::optional<uint64_t> objects;
};

struct Resources {
  std::vector<DeviceRule> devices;
  // memory, bytes; -1 is "no limit"
  std::optional<int64_t> memory_limit_bytes;
  std::optional<int64_t> memory_reservation_bytes;
  std::optional<int64_t> memory_swap_bytes;        // memory plus swap, as the spec has it
  std::optional<int64_t> memory_kernel_tcp_bytes;  // buffers of TCP
  std::optional<uint64_t> memory_swappiness;
  std::optional<bool> memory_disable_oom_killer;
  // cpu
  std::optional<uint64_t> cpu_shares;
  std::optional<int64_t> cpu_quota_us;
  std::optional<uint64_t> cpu_period_us;
  std::optional<uint64_t> cpu_burst_us;
  std::optional<int64_t> cpu_idle;
  std::optional<int64_t> cpu_realtime_runtime_us;
  std::optional<uint64_t> cpu_realtime_period_us;
  std::string cpuset_cpus;
  std::string cpuset_mems;
  // pids; 0 and -1 are "no limit"
  std::optional<int64_t> pids_limit;
  BlockIo block_io;
  std::vector<HugepageLimit> hugepage_limits;
  std::optional<uint64_t> network_class_id;
  std::map<std::string, uint64_t> network_priorities;  // by interface
  std::map<std::string, RdmaLimit> rdma;               // by device
  // cgroup v2 files written as they are, e.g. "memory.high" -> "1048576"
  std::map<std::string, std::string> unified;
};

struct Linux {
  std::vector<Namespace> namespaces;
  std::vector<Device> devices;
  std::string cgroups_path;
  Resources resources;
  std::map<std::string, std::string> sysctl;
  std::vector<std::string> masked_paths;
  std::vector<std::string> readonly_paths;
  uint64_t rootfs_propagation = 0;  // MS_*; 0: the default, MS_SLAVE | MS_REC
  std::optional<Seccomp> seccomp;
  IdMappings id_mappings;
  std::map<std::string, TimeOffset> time_offsets;  // "monotonic", "boottime"
  std::optional<unsigned long> personality;        // PER_*
  std::optional<MemoryPolicy> memory_policy;
  std::string mount_label;
  std::map<std::string, std::string> net_devices;  // name on the host -> in the container
};

struct Spec {
  std::string oci_version;
  std::string bundle;  // absolute path of the bundle directory
  std::string rootfs;  // absolute path of the root file system
  bool rootfs_readonly = false;
  std::string hostname;
  std::string domainname;
  Process process;
  bool has_process = false;
  std::vector<Mount> mounts;
  Linux linux;
  Hooks hooks;
  std::map<std::string, std::string> annotations;

  // Whether the runtime acts between the container's mounts and its root: hooks, network devices.
  bool HasRuntimeSteps() const { return hooks.any_before_pivot() || !linux.net_devices.empty(); }
  // The namespace of that type, or nullptr when the container shares the caller's.
  const Namespace* FindNamespace(NamespaceType type) const;
  // The value of an environment variable of process.env, if set.
  std::optional<std::string> FindEnv(const std::string& name) const;
};

}  // namespace mayfly::oci
