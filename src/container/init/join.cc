#include "container/init/join.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/unix_socket.h"
#include "container/init/messages.h"
#include "container/init/restrict.h"
#include "isolate/labels.h"
#include "isolate/scheduling.h"
#include "isolate/terminal.h"

namespace mayfly::container {

using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

constexpr int kSetupFailed = 127;

Result<void> JoinNamespaces(const JoinConfig& config) {
  if (config.namespaces != 0 && ::setns(config.pidfd, static_cast<int>(config.namespaces)) != 0) {
    return FailErrno("join the container's namespaces");
  }
  // With a mount namespace comes its root (setns(2)).
  if ((config.namespaces & CLONE_NEWNS) == 0 &&
      (::fchdir(config.root) != 0 || ::chroot(".") != 0 || ::chdir("/") != 0)) {
    return FailErrno("enter the container's root");
  }
  // In a user namespace this process is nobody until it says who it is.
  if ((config.namespaces & CLONE_NEWUSER) != 0 &&
      (::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0)) {
    return FailErrno("become root in the container's user namespace");
  }
  return {};
}

Result<void> SetUpTerminal(const JoinConfig& config) {
  if (config.terminal_socket < 0) {
    return {};
  }
  MAYFLY_ASSIGN(const UniqueFd root, base::Open("/", O_PATH | O_DIRECTORY));
  MAYFLY_ASSIGN(const isolate::Terminal terminal, isolate::OpenTerminal(root.get()));
  MAYFLY_TRY(isolate::TakeTerminal(terminal.slave.get(), config.spec.process));
  return base::SendDescriptor(config.terminal_socket, terminal.master.get(), "/dev/ptmx");
}

Restrictions RestrictionsOf(const JoinConfig& config) {
  std::vector<int> kept = config.workload.KeptDescriptors();
  kept.push_back(config.socket);
  return {.spec = config.spec,
          .keyring = config.keyring,
          .preserved_fds = config.preserved_fds,
          .kept_fds = std::move(kept),
          .seccomp = config.seccomp,
          .handover = config.handover};
}

// The processors of this process until it is in the container's cgroup, and from then on.
Result<void> EnterCgroup(const JoinConfig& config) {
  const oci::CpuAffinity affinity =
      config.spec.process.exec_cpu_affinity.value_or(oci::CpuAffinity{});
  if (!affinity.initial.empty()) {
    MAYFLY_TRY(isolate::SetCpuAffinity(affinity.initial, "process.execCPUAffinity.initial"));
  }
  MAYFLY_TRY(config.cgroup->JoinSelf());
  if (!affinity.final.empty()) {
    MAYFLY_TRY(isolate::SetCpuAffinity(affinity.final, "process.execCPUAffinity.final"));
  }
  return {};
}

Result<void> SetUp(const JoinConfig& config) {
  MAYFLY_TRY(TakeStreams(config.streams));
  MAYFLY_TRY(LeaveParent(config.parent_only));
  const oci::Process& process = config.spec.process;
  if (process.oom_score_adj) {
    MAYFLY_TRY_AS(
        base::WriteExisting("/proc/self/oom_score_adj", std::to_string(*process.oom_score_adj)),
        "process.oomScoreAdj");
  }
  MAYFLY_TRY(config.workload.Load());
  MAYFLY_TRY(EnterCgroup(config));
  MAYFLY_TRY(isolate::SetProcessLabel(process, config.workload.AllowsProcfs()
                                                   ? isolate::LabelFrom::kExec
                                                   : isolate::LabelFrom::kNow));
  MAYFLY_TRY(JoinNamespaces(config));
  MAYFLY_TRY(SetUpTerminal(config));
  MAYFLY_TRY(Restrict(RestrictionsOf(config)));
  MAYFLY_TRY(config.workload.Verify());
  if (::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) != 0) {
    return FailErrno("prctl");
  }
  return {};
}

}  // namespace

int RunJoined(const JoinConfig& config) {
  UniqueFd socket(config.socket);
  if (auto ready = SetUp(config); !ready) {
    (void)SendError(socket.get(), ready.error());
    return kSetupFailed;
  }
  if (!SendMessage(socket.get(), MessageType::kReady)) {
    return kSetupFailed;
  }
  auto status = [&]() -> Result<int> {
    MAYFLY_TRY(LoadFilter(RestrictionsOf(config)));
    return config.workload.Run([&socket] { socket.Reset(); });
  }();
  if (!status) {
    if (socket.valid()) {
      (void)SendError(socket.get(), status.error());
    }
    return kSetupFailed;
  }
  return *status;
}

}  // namespace mayfly::container
