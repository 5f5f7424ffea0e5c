#include "shim/pause_workload.h"

#include <signal.h>
#include <sys/wait.h>

namespace mayfly::shim {

base::Result<int> PauseWorkload::Run(const std::function<void()>& on_started) {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGCHLD}) {
    ::sigaddset(&signals, number);
  }
  // Blocked signals reach the first process of a pid namespace, too, where a default action would
  // not.
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  on_started();
  while (true) {
    const int number = ::sigwaitinfo(&signals, nullptr);
    if (number == SIGTERM || number == SIGINT) {
      return 0;
    }
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
  }
}

std::vector<std::pair<std::string, std::string>> PauseWorkload::Describe() const {
  return {{"dev.mayfly.workload", "sandbox"}};
}

bool IsPodSandbox(const oci::Spec& spec) {
  const auto found = spec.annotations.find("io.kubernetes.cri.container-type");
  return found != spec.annotations.end() && found->second == "sandbox";
}

}  // namespace mayfly::shim
