#include "shim/remove.h"

#include <signal.h>
#include <task.pb.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>

#include "base/file.h"
#include "base/log.h"
#include "base/unix_socket.h"
#include "container/container.h"
#include "shim/messages.h"
#include "shim/rootfs.h"

namespace mayfly::shim {

using base::Result;

namespace {

constexpr uint32_t kKilledStatus = 128 + SIGKILL;

// The pid that the task had, 0 when that is not known any more.
Result<pid_t> DeleteContainer(const std::string& root, const std::string& id) {
  if (!base::PathExists(root + "/" + id)) {
    return 0;
  }
  MAYFLY_ASSIGN(const auto store, container::Store::Open(root));
  base::Log silent;
  const container::WorkloadFactory none;
  const container::Runtime runtime{store, silent, none};
  pid_t pid = 0;
  if (const auto entry = store.Find(id)) {
    if (const auto state = entry->ReadState()) {
      pid = state->pid;
    }
  }
  MAYFLY_TRY(container::Delete(runtime, id, container::Force::kYes));
  return pid;
}

// Of a shim that was killed; one that lives keeps it, for the other containers of its pod.
void RemoveSocket(const std::string& bundle) {
  const auto address = base::ReadFile(bundle + "/address", PATH_MAX);
  const std::string prefix = "unix://";
  if (!address || !address->starts_with(prefix)) {
    return;
  }
  const std::string path = address->substr(prefix.size());
  const auto connected = base::ConnectUnix(path);
  if (!connected && connected.error().sys_errno() == ECONNREFUSED) {
    ::unlink(path.c_str());
  }
}

}  // namespace

Result<int> Remove(const CommandLine& line) {
  std::string bundle = line.bundle;
  if (bundle.empty()) {
    bundle.resize(PATH_MAX);
    if (::getcwd(bundle.data(), bundle.size()) == nullptr) {
      return base::FailErrno("the working directory");
    }
    bundle.resize(bundle.find('\0'));
  }
  MAYFLY_ASSIGN(const pid_t pid,
                DeleteContainer(RecallStateRoot(bundle, line.name_space), line.id));
  MAYFLY_TRY(UnmountRootfs(bundle + "/rootfs"));
  RemoveSocket(bundle);
  containerd::task::v2::DeleteResponse response;
  response.set_pid(static_cast<uint32_t>(pid));
  response.set_exit_status(kKilledStatus);
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  SetTime(response.mutable_exited_at(), now);
  const std::string bytes = response.SerializeAsString();
  MAYFLY_TRY(base::WriteAll(STDOUT_FILENO, bytes, "standard output"));
  return 0;
}

}  // namespace mayfly::shim
