// What Linux tells a process of itself: identity, capabilities, limits, namespaces, mounts,
// descriptors.
#include <dirent.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <sstream>

#include "commands.h"

namespace mayfly::probe {

namespace {

// The value of a line "Key:\tvalue" of /proc/self/status, "" when there is no /proc.
std::string StatusLine(const std::string& key) {
  int error = 0;
  std::istringstream lines(ReadWhole("/proc/self/status", &error));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(key + ":")) {
      const size_t at = line.find_first_not_of(" \t", key.size() + 1);
      return at == std::string::npos ? "" : line.substr(at);
    }
  }
  return "";
}

nlohmann::json LookProcess() {
  std::vector<gid_t> groups(static_cast<size_t>(std::max(0, ::getgroups(0, nullptr))));
  ::getgroups(static_cast<int>(groups.size()), groups.data());
  uid_t real_uid = 0, uid = 0, saved_uid = 0;
  gid_t real_gid = 0, gid = 0, saved_gid = 0;
  ::getresuid(&real_uid, &uid, &saved_uid);
  ::getresgid(&real_gid, &gid, &saved_gid);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  int error = 0;
  return {{"pid", ::getpid()},
          {"ppid", ::getppid()},
          {"sid", ::getsid(0)},
          {"uids", {real_uid, uid, saved_uid}},
          {"gids", {real_gid, gid, saved_gid}},
          {"groups", groups},
          {"umask", static_cast<unsigned>(mask)},
          {"no_new_privs", ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1},
          {"dumpable", ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)},
          {"parent_death_signal",
           [] {
             int signal = 0;
             ::prctl(PR_GET_PDEATHSIG, &signal);
             return signal;
           }()},
          {"oom_score_adj", std::atoi(ReadWhole("/proc/self/oom_score_adj", &error).c_str())},
          {"blocked_signals", StatusLine("SigBlk")},
          {"ignored_signals", StatusLine("SigIgn")},
          {"seccomp", StatusLine("Seccomp")},
          {"threads", StatusLine("Threads")}};
}

// The five sets as lists of capability numbers.
nlohmann::json LookCapabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  ::syscall(SYS_capget, &header, data.data());
  nlohmann::json sets;
  for (const char* name : {"bounding", "effective", "permitted", "inheritable", "ambient"}) {
    sets[name] = nlohmann::json::array();
  }
  for (unsigned number = 0; ::prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; ++number) {
    const uint32_t bit = 1U << (number % 32);
    const auto& word = data[number / 32];
    const auto note = [&](const char* set, bool present) {
      if (present) {
        sets[set].push_back(number);
      }
    };
    note("bounding", ::prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1);
    note("effective", (word.effective & bit) != 0);
    note("permitted", (word.permitted & bit) != 0);
    note("inheritable", (word.inheritable & bit) != 0);
    note("ambient", ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, number, 0, 0) == 1);
  }
  return sets;
}

nlohmann::json LookLimits() {
  constexpr std::array<std::pair<const char*, int>, 16> kLimits = {{
      {"RLIMIT_AS", RLIMIT_AS},
      {"RLIMIT_CORE", RLIMIT_CORE},
      {"RLIMIT_CPU", RLIMIT_CPU},
      {"RLIMIT_DATA", RLIMIT_DATA},
      {"RLIMIT_FSIZE", RLIMIT_FSIZE},
      {"RLIMIT_LOCKS", RLIMIT_LOCKS},
      {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
      {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
      {"RLIMIT_NICE", RLIMIT_NICE},
      {"RLIMIT_NOFILE", RLIMIT_NOFILE},
      {"RLIMIT_NPROC", RLIMIT_NPROC},
      {"RLIMIT_RSS", RLIMIT_RSS},
      {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
      {"RLIMIT_RTTIME", RLIMIT_RTTIME},
      {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
      {"RLIMIT_STACK", RLIMIT_STACK},
  }};
  nlohmann::json limits;
  for (const auto& [name, number] : kLimits) {
    rlimit limit{};
    ::getrlimit(static_cast<__rlimit_resource_t>(number), &limit);
    limits[name] = {{"soft", limit.rlim_cur}, {"hard", limit.rlim_max}};
  }
  return limits;
}

std::string LinkTarget(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
  return length < 0 ? "" : std::string(target.data(), static_cast<size_t>(length));
}

nlohmann::json LookNamespaces() {
  nlohmann::json seen;
  for (const std::string name : {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"}) {
    seen[name] = LinkTarget("/proc/self/ns/" + name);
  }
  return seen;
}

// /proc/self/mountinfo by field: proc(5).
nlohmann::json LookMounts() {
  nlohmann::json mounts = nlohmann::json::array();
  int error = 0;
  std::istringstream lines(ReadWhole("/proc/self/mountinfo", &error));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string id, parent, device, root, mount_point, options, field, type, source, super_options;
    fields >> id >> parent >> device >> root >> mount_point >> options;
    std::vector<std::string> propagation;
    while (fields >> field && field != "-") {
      propagation.push_back(field.substr(0, field.find(':')));
    }
    fields >> type >> source >> super_options;
    mounts.push_back({{"root", root},
                      {"mount_point", mount_point},
                      {"options", options},
                      {"type", type},
                      {"source", source},
                      {"super_options", super_options},
                      {"propagation", propagation}});
  }
  return mounts;
}

nlohmann::json LookNames() {
  utsname names{};
  ::uname(&names);
  return {{"hostname", names.nodename}, {"domainname", names.domainname}};
}

// Every open descriptor with what it refers to, found without /proc too.
nlohmann::json LookDescriptors() {
  nlohmann::json open = nlohmann::json::array();
  for (int fd = 0; fd < 1024; ++fd) {
    struct stat status{};
    if (::fstat(fd, &status) == 0) {
      open.push_back({{"fd", fd}, {"target", LinkTarget("/proc/self/fd/" + std::to_string(fd))}});
    }
  }
  return open;
}

nlohmann::json LookCgroups() {
  nlohmann::json paths;
  int error = 0;
  std::istringstream lines(ReadWhole("/proc/self/cgroup", &error));
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    paths[line.substr(first + 1, second - first - 1)] = line.substr(second + 1);
  }
  return paths;
}

nlohmann::json LookInterfaces() {
  nlohmann::json seen = nlohmann::json::object();
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) == 0) {
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
      seen[entry->ifa_name] = (entry->ifa_flags & IFF_UP) != 0 ? "up" : "down";
    }
    ::freeifaddrs(list);
  }
  return seen;
}

nlohmann::json LookConfinement() {
  nlohmann::json seen;
  seen["seccomp"] = StatusLine("Seccomp");
  seen["filters"] = StatusLine("Seccomp_filters");
  seen["personality"] = ::personality(0xffffffff);
  seen["policy"] = ::sched_getscheduler(0);
  seen["nice"] = ::getpriority(PRIO_PROCESS, 0);
  seen["ioprio"] = ::syscall(SYS_ioprio_get, 1, 0);
  int mode = -1;
  ::syscall(SYS_get_mempolicy, &mode, nullptr, 0, nullptr, 0);
  seen["mempolicy"] = mode;
  int error = 0;
  seen["uid_map"] = ReadWhole("/proc/self/uid_map", &error);
  seen["gid_map"] = ReadWhole("/proc/self/gid_map", &error);
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  seen["boottime"] = now.tv_sec;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  seen["monotonic"] = now.tv_sec;
  return seen;
}

// The numbers that /proc lists as processes.
nlohmann::json LookProcesses() {
  std::vector<int> pids;
  if (DIR* directory = ::opendir("/proc"); directory != nullptr) {
    while (const dirent* entry = ::readdir(directory)) {
      if (const int pid = std::atoi(entry->d_name); pid > 0) {
        pids.push_back(pid);
      }
    }
    ::closedir(directory);
  }
  return pids;
}

// Of descriptor 0, and whether it is the one that /dev/tty and /dev/console stand for.
nlohmann::json LookTerminal() {
  struct stat own{};
  struct stat console{};
  ::fstat(STDIN_FILENO, &own);
  winsize size{};
  ::ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
  const int controlling = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
  if (controlling >= 0) {
    ::close(controlling);
  }
  return {{"streams", {::isatty(0) == 1, ::isatty(1) == 1, ::isatty(2) == 1}},
          {"uid", own.st_uid},
          {"gid", own.st_gid},
          {"rows", size.ws_row},
          {"columns", size.ws_col},
          {"controlling", controlling >= 0},
          {"foreground", ::tcgetpgrp(STDIN_FILENO) == ::getpgrp()},
          {"leader", ::getsid(0) == ::getpid()},
          {"console", ::stat("/dev/console", &console) == 0 && console.st_rdev == own.st_rdev}};
}

constexpr std::array kSections = {
    Section{"process", LookProcess},         Section{"capabilities", LookCapabilities},
    Section{"limits", LookLimits},           Section{"namespaces", LookNamespaces},
    Section{"mounts", LookMounts},           Section{"names", LookNames},
    Section{"descriptors", LookDescriptors}, Section{"cgroups", LookCgroups},
    Section{"interfaces", LookInterfaces},   Section{"processes", LookProcesses},
    Section{"terminal", LookTerminal},       Section{"confinement", LookConfinement},
};

}  // namespace

std::span<const Section> LinuxSections() { return kSections; }

}  // namespace mayfly::probe
