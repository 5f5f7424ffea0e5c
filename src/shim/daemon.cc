#include "shim/daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/phases.h"
#include "container/native_workload.h"
#include "engine/workload_factory.h"
#include "shim/pause_workload.h"
#include "shim/publisher.h"
#include "shim/server.h"
#include "shim/task_service.h"
#include "shim/tracer.h"

namespace mayfly::shim {

using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

using WorkloadPtr = std::unique_ptr<container::Workload>;

container::WorkloadFactory MakeWorkloads() {
  auto programs = engine::MakeWorkloadFactory(
      [](const container::PrepareContext& context) -> Result<WorkloadPtr> {
        return container::MakeNativeWorkload(context.spec);
      });
  return [programs = std::move(programs)](
             const container::PrepareContext& context) -> Result<WorkloadPtr> {
    if (IsPodSandbox(context.spec)) {
      return std::make_unique<PauseWorkload>();
    }
    return programs(context);
  };
}

// containerd reads it and makes it a part of its own log. Opened for both directions it never
// waits, and a containerd that is away is no SIGPIPE.
base::Log OpenLog(const CommandLine& line) {
  auto fifo = base::Open("log", O_RDWR | O_NONBLOCK);
  if (!fifo) {
    return {};
  }
  return base::Log::ToDescriptor(std::move(*fifo), base::LogFormat::kText,
                                 line.debug ? base::LogLevel::kDebug : base::LogLevel::kInfo);
}

void LeaveCaller() {
  ::setsid();
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    ::dup2(null.get(), fd);
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  ::prctl(PR_SET_NAME, "mayfly-shim", 0, 0, 0);
}

Result<UniqueFd> BlockSignals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGPIPE}) {
    ::sigaddset(&set, number);
  }
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  ::sigdelset(&set, SIGPIPE);  // a write says so itself
  UniqueFd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.valid()) {
    return FailErrno("signalfd");
  }
  return signals;
}

void Reap(TaskService* tasks) {
  int status = 0;
  pid_t pid;
  while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
    tasks->OnChildEnded(pid, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
  }
}

Result<void> Serve(const CommandLine& line, base::Log* log, Tracer* tracer, UniqueFd listener) {
  MAYFLY_ASSIGN(const UniqueFd signals, BlockSignals());
  MAYFLY_ASSIGN(EventLoop loop, EventLoop::Make());
  Publisher publisher(&loop, log, line.ttrpc_address, line.name_space);
  base::PhaseClock phases =
      tracer->on() ? tracer->MakeClock() : base::PhaseClock::FromEnvironment();
  TaskService tasks(&loop, log, &publisher, line.name_space, MakeWorkloads(), &phases, tracer);
  Server server(&loop, log, std::move(listener),
                [&tasks](const ttrpc::Call& call, Responder respond) {
                  tasks.Handle(call, std::move(respond));
                });
  MAYFLY_TRY(server.Begin());
  MAYFLY_TRY(loop.Watch(signals.get(), EPOLLIN, [&](uint32_t) {
    signalfd_siginfo info{};
    while (::read(signals.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      if (info.ssi_signo != SIGCHLD && tasks.empty()) {
        loop.Stop();  // with containers it stays: they are containerd's to end
      }
    }
    Reap(&tasks);
  }));
  return loop.Run();
}

}  // namespace

int RunDaemon(const CommandLine& line, const std::string& path, UniqueFd listener) {
  LeaveCaller();
  base::Log log = OpenLog(line);
  auto fifo = base::Open("log", O_RDWR | O_NONBLOCK);
  Tracer tracer = Tracer::FromEnvironment(fifo ? std::move(*fifo) : UniqueFd(), &log);
  if (::chdir("/") != 0) {
    return 1;
  }
  const auto served = Serve(line, &log, &tracer, std::move(listener));
  ::unlink(path.c_str());
  if (!served) {
    log.Write(base::LogLevel::kError, served.error().text());
    return 1;
  }
  return 0;
}

}  // namespace mayfly::shim
