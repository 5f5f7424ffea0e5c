#include "isolate/namespaces.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "base/file.h"

namespace mayfly::isolate {

using base::ErrorKind;
using base::Fail;
using base::FailErrno;
using base::Result;

namespace {

int CloneFlag(oci::NamespaceType type) {
  switch (type) {
    case oci::NamespaceType::kPid:
      return CLONE_NEWPID;
    case oci::NamespaceType::kNetwork:
      return CLONE_NEWNET;
    case oci::NamespaceType::kMount:
      return CLONE_NEWNS;
    case oci::NamespaceType::kIpc:
      return CLONE_NEWIPC;
    case oci::NamespaceType::kUts:
      return CLONE_NEWUTS;
    case oci::NamespaceType::kCgroup:
      return CLONE_NEWCGROUP;
    case oci::NamespaceType::kUser:
      return CLONE_NEWUSER;
    case oci::NamespaceType::kTime:
      return CLONE_NEWTIME;
  }
  return 0;
}

}  // namespace

uint64_t NewNamespaceFlags(const oci::Spec& spec) {
  uint64_t flags = 0;
  for (const oci::Namespace& ns : spec.linux.namespaces) {
    if (ns.path.empty() && ns.type != oci::NamespaceType::kCgroup &&
        ns.type != oci::NamespaceType::kTime) {
      flags |= static_cast<uint64_t>(CloneFlag(ns.type));
    }
  }
  return flags;
}

bool WantsNewCgroupNamespace(const oci::Spec& spec) {
  const oci::Namespace* ns = spec.FindNamespace(oci::NamespaceType::kCgroup);
  return ns != nullptr && ns->path.empty();
}

Result<std::vector<JoinTarget>> OpenJoinTargets(const oci::Spec& spec) {
  std::vector<JoinTarget> targets;
  for (size_t i = 0; i < spec.linux.namespaces.size(); ++i) {
    const oci::Namespace& ns = spec.linux.namespaces[i];
    if (ns.path.empty()) {
      continue;
    }
    JoinTarget target;
    target.clone_flag = CloneFlag(ns.type);
    target.path = ns.path;
    auto fd = base::Open(ns.path, O_RDONLY);
    if (!fd) {
      return std::unexpected(
          std::move(fd).error().Wrap(fmt::format("linux.namespaces[{}].path", i)));
    }
    if (::ioctl(fd->get(), NS_GET_NSTYPE) != target.clone_flag) {
      return Fail(ErrorKind::kInvalid,
                  "linux.namespaces[{}].path: {} is not a namespace of that type", i, ns.path);
    }
    target.fd = std::move(*fd);
    targets.push_back(std::move(target));
  }
  return targets;
}

Result<ChildPidNamespace> ChildPidNamespace::Join(const std::vector<JoinTarget>& targets) {
  ChildPidNamespace joined;
  for (const JoinTarget& target : targets) {
    if (target.clone_flag != CLONE_NEWPID) {
      continue;
    }
    MAYFLY_ASSIGN(joined.own_, base::Open("/proc/self/ns/pid", O_RDONLY));
    if (::setns(target.fd.get(), CLONE_NEWPID) != 0) {
      return FailErrno("join the pid namespace {}", target.path);
    }
  }
  return joined;
}

ChildPidNamespace::~ChildPidNamespace() {
  if (own_.valid()) {
    ::setns(own_.get(), CLONE_NEWPID);
  }
}

Result<void> JoinOtherNamespaces(const std::vector<JoinTarget>& targets) {
  for (const JoinTarget& target : targets) {
    if (target.clone_flag != CLONE_NEWPID && target.clone_flag != CLONE_NEWUSER &&
        ::setns(target.fd.get(), target.clone_flag) != 0) {
      return FailErrno("join the namespace {}", target.path);
    }
  }
  return {};
}

Result<void> UnshareCgroupNamespace() {
  if (::unshare(CLONE_NEWCGROUP) != 0) {
    return FailErrno("make a cgroup namespace");
  }
  return {};
}

Result<void> BringUpLoopback() {
  const base::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", sizeof "lo");
  if (!socket.valid() || ::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) {
    return FailErrno("find the loopback interface");
  }
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) {
    return FailErrno("bring up the loopback interface");
  }
  return {};
}

Result<void> SetNames(const std::string& hostname, const std::string& domainname) {
  if (!hostname.empty() && ::sethostname(hostname.data(), hostname.size()) != 0) {
    return FailErrno("hostname \"{}\"", hostname);
  }
  if (!domainname.empty() && ::setdomainname(domainname.data(), domainname.size()) != 0) {
    return FailErrno("domainname \"{}\"", domainname);
  }
  return {};
}

Result<void> SetSysctls(const std::map<std::string, std::string>& sysctls) {
  for (const auto& [key, value] : sysctls) {
    std::string path = "/proc/sys/" + key;
    for (size_t i = sizeof("/proc/sys/") - 1; i < path.size(); ++i) {
      // A "/" in a dotted name stands for a dot in a file's name (sysctl(8)).
      path[i] = path[i] == '.' ? '/' : (path[i] == '/' ? '.' : path[i]);
    }
    MAYFLY_TRY_AS(base::WriteExisting(path, value), "linux.sysctl.{}", key);
  }
  return {};
}

}  // namespace mayfly::isolate
