#include "isolate/id_maps.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "base/file.h"
#include "base/process.h"

namespace mayfly::isolate {

using base::ErrorKind;
using base::Fail;
using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

std::string MapText(const std::vector<oci::IdMapping>& map) {
  std::string text;
  for (const oci::IdMapping& line : map) {
    text += fmt::format("{} {} {}\n", line.container_id, line.host_id, line.size);
  }
  return text;
}

bool IsOnlyOwn(const std::vector<oci::IdMapping>& map, uint32_t own) {
  return map.size() == 1 && map[0].size == 1 && map[0].host_id == own;
}

// newuidmap PID CONTAINER HOST SIZE ...
Result<void> RunMapper(const char* program, pid_t pid, const std::vector<oci::IdMapping>& map) {
  std::vector<std::string> words = {program, std::to_string(pid)};
  for (const oci::IdMapping& line : map) {
    for (const uint32_t number : {line.container_id, line.host_id, line.size}) {
      words.push_back(std::to_string(number));
    }
  }
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  MAYFLY_ASSIGN(const base::Child child, base::Spawn(0, -1, [&] {
                  ::execvp(program, arguments.data());
                  return 127;
                }));
  MAYFLY_ASSIGN(const int status, base::WaitForExit(child.pid));
  if (status != 0) {
    return Fail(ErrorKind::kDenied, "{} ended with status {}{}", program, status,
                status == 127 ? " (is it installed?)" : "");
  }
  return {};
}

Result<void> WriteMap(pid_t pid, const char* file, const char* mapper, uint32_t own,
                      const std::vector<oci::IdMapping>& map) {
  if (::geteuid() != 0 && !IsOnlyOwn(map, own)) {
    return RunMapper(mapper, pid, map);
  }
  return base::WriteExisting(fmt::format("/proc/{}/{}", pid, file), MapText(map));
}

}  // namespace

Result<void> WriteIdMaps(pid_t pid, const oci::IdMappings& mappings) {
  // A process that may map its own group alone must first give up dropping groups
  // (user_namespaces(7)).
  if (::geteuid() != 0 && IsOnlyOwn(mappings.gids, ::getegid())) {
    MAYFLY_TRY_AS(base::WriteExisting(fmt::format("/proc/{}/setgroups", pid), "deny"),
                  "linux.gidMappings");
  }
  MAYFLY_TRY_AS(WriteMap(pid, "uid_map", "newuidmap", ::geteuid(), mappings.uids),
                "linux.uidMappings");
  MAYFLY_TRY_AS(WriteMap(pid, "gid_map", "newgidmap", ::getegid(), mappings.gids),
                "linux.gidMappings");
  return {};
}

Result<UniqueFd> MakeUserNamespace(const oci::IdMappings& mappings) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    return FailErrno("socketpair");
  }
  UniqueFd ours(pair[0]);
  UniqueFd theirs(pair[1]);
  const int own_side = ours.get();
  const int their_side = theirs.get();
  // A process that lives until its namespace is held by a descriptor.
  MAYFLY_ASSIGN(const base::Child child, base::Spawn(CLONE_NEWUSER, -1, [own_side, their_side] {
                  ::close(own_side);
                  char byte;
                  (void)!::read(their_side, &byte, 1);
                  return 0;
                }));
  theirs.Reset();
  auto made = [&]() -> Result<UniqueFd> {
    MAYFLY_TRY(WriteIdMaps(child.pid, mappings));
    return base::Open(fmt::format("/proc/{}/ns/user", child.pid), O_RDONLY);
  }();
  ours.Reset();
  MAYFLY_TRY(base::WaitForExit(child.pid));
  return made;
}

Result<void> BecomeNamespaceRoot() {
  // EINVAL: the namespace has no 0; EPERM: setgroups is denied to this user.
  if (::setgroups(0, nullptr) != 0 && errno != EPERM && errno != EINVAL) {
    return FailErrno("leave the caller's groups");
  }
  if ((::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0) && errno != EINVAL) {
    return FailErrno("become root of the user namespace");
  }
  return {};
}

bool IsHostRoot() {
  if (::geteuid() != 0) {
    return false;
  }
  const auto map = base::ReadFile("/proc/self/uid_map", 4096);
  return map && map->find("4294967295") != std::string::npos;
}

}  // namespace mayfly::isolate
