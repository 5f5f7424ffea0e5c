#include "shim/start.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/unix_socket.h"
#include "cgroup/cgroup.h"
#include "engine/sha256.h"
#include "shim/daemon.h"

namespace mayfly::shim {

using base::ErrorKind;
using base::Fail;
using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

constexpr size_t kMaxConfigBytes = 16U << 20;
constexpr int kMaxOomScore = 1000;

// Another `start` of the same pod waits until this one's socket listens.
Result<UniqueFd> LockSockets(const std::string& directory) {
  MAYFLY_TRY(base::MakeDirs(directory, 0711));
  MAYFLY_ASSIGN(UniqueFd lock, base::Open(directory, O_RDONLY | O_DIRECTORY));
  if (::flock(lock.get(), LOCK_EX) != 0) {
    return FailErrno("lock {}", directory);
  }
  return lock;
}

Result<UniqueFd> Listen(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Fail(ErrorKind::kInvalid, "{}: too long for a socket", path);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) {
    return FailErrno("socket");
  }
  // No moment at which others than its owner may connect.
  const mode_t before = ::umask(0177);
  const bool bound =
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int why = errno;
  ::umask(before);
  errno = why;
  if (!bound || ::listen(socket.get(), SOMAXCONN) != 0) {
    return FailErrno("listen at {}", path);
  }
  return socket;
}

Result<void> EnterCgroup(const std::string& path, pid_t pid) {
  MAYFLY_ASSIGN(const cgroup::Host host, cgroup::DetectHost());
  for (const cgroup::Hierarchy& hierarchy : host.hierarchies) {
    const std::string file = hierarchy.mount_point + "/" + path + "/cgroup.procs";
    if (base::PathExists(file)) {
      MAYFLY_TRY_AS(base::WriteExisting(file, std::to_string(pid)), "ShimCgroup {}", path);
    }
  }
  return {};
}

// The kernel, short of memory, takes the shim before containerd and both after the guests. Lowering
// a score needs CAP_SYS_RESOURCE: without it the score stays.
void AdjustOomScore(pid_t pid) {
  const auto parent = base::ReadFile(fmt::format("/proc/{}/oom_score_adj", ::getppid()), 64);
  if (parent) {
    const int score = std::min(std::atoi(parent->c_str()) + 1, kMaxOomScore);
    (void)base::WriteExisting(fmt::format("/proc/{}/oom_score_adj", pid), std::to_string(score));
  }
}

void PrintAddress(const CommandLine& line, const std::string& path) {
  if (line.bootstrap) {
    fmt::print(R"({{"version":3,"address":"unix://{}","protocol":"ttrpc"}})", path);
  } else {
    fmt::print("unix://{}", path);
  }
  std::fflush(stdout);
}

}  // namespace

std::string SocketPath(const CommandLine& line, const std::string& group) {
  const std::string key = line.address + "/" + line.name_space + "/" + group + "/mayfly";
  return line.socket_dir + "/" + engine::ToHex(engine::Sha256(std::string_view(key)));
}

Result<std::string> GroupOf(const std::string& bundle) {
  const std::string path = bundle + "/config.json";
  MAYFLY_ASSIGN(const std::string text, base::ReadFile(path, kMaxConfigBytes));
  MAYFLY_ASSIGN(const nlohmann::json document, base::ParseJson(text, path));
  const base::JsonView annotations = base::JsonView(document, path)["annotations"];
  for (const char* key : {"io.containerd.runc.v2.group", "io.kubernetes.cri.sandbox-id"}) {
    MAYFLY_ASSIGN(const auto group, annotations[key].String());
    if (group && !group->empty()) {
      return *group;
    }
  }
  return std::string();
}

Result<int> Start(const CommandLine& line) {
  const std::string bundle = line.bundle.empty() ? "." : line.bundle;
  MAYFLY_ASSIGN(const std::string group, GroupOf(bundle));
  const std::string path = SocketPath(line, group.empty() ? line.id : group);
  MAYFLY_ASSIGN(const UniqueFd bundle_dir, base::Open(bundle, O_RDONLY | O_DIRECTORY));
  MAYFLY_TRY(base::ReplaceFileAt(bundle_dir.get(), "address", "unix://" + path, 0600));
  MAYFLY_ASSIGN(const UniqueFd lock, LockSockets(line.socket_dir));
  if (base::ConnectUnix(path)) {
    PrintAddress(line, path);
    return 0;
  }
  ::unlink(path.c_str());  // of a shim that is gone
  MAYFLY_ASSIGN(UniqueFd listener, Listen(path));
  MAYFLY_ASSIGN(const base::Child daemon, base::Spawn(0, -1, [&] {
                  ::flock(lock.get(), LOCK_UN);
                  return RunDaemon(line, path, std::move(listener));
                }));
  if (!line.options.shim_cgroup.empty()) {
    if (auto entered = EnterCgroup(line.options.shim_cgroup, daemon.pid); !entered) {
      (void)base::SendSignal(daemon.pidfd.get(), SIGKILL);
      ::unlink(path.c_str());
      return std::unexpected(std::move(entered).error());
    }
  }
  AdjustOomScore(daemon.pid);
  PrintAddress(line, path);
  return 0;
}

}  // namespace mayfly::shim
