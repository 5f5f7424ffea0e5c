// The life of a task's processes: how they are born, what is told of them, and how they end.
#include <events.pb.h>
#include <signal.h>
#include <sys/epoll.h>

#include <utility>

#include "shim/messages.h"
#include "shim/rootfs.h"
#include "shim/task_service.h"

namespace mayfly::shim {

using base::ErrorKind;
using base::Fail;
using base::Result;

namespace events = containerd::events;

namespace {

constexpr uint32_t kKilledStatus = 128 + SIGKILL;

}  // namespace

Result<void> TaskService::Launch(Container* container) {
  Process* init = &container->init;
  MAYFLY_TRY(OpenStreams(container, init));
  container::CreateOptions options;
  options.id = container->id;
  options.bundle = container->bundle;
  options.pivot = !container->options.no_pivot_root;
  options.new_keyring = !container->options.no_new_keyring;
  options.streams = init->paths.terminal ? container::kOwnStreams : init->streams.given();
  MAYFLY_ASSIGN(auto draft,
                container::Read(RuntimeOf(*container), options, container::RunMode::kForeground));
  auto launched = container::Launch(RuntimeOf(*container), options, std::move(draft),
                                    container::StartChannel::kSocket);
  if (!launched) {
    return std::unexpected(std::move(launched).error());
  }
  base::UniqueFd terminal = launched->TakeTerminal();
  if (terminal.valid() != init->paths.terminal) {
    return Fail(ErrorKind::kInvalid, "create {}: process.terminal and the request differ",
                container->id);
  }
  MAYFLY_TRY(Attach(init, std::move(terminal)));
  MAYFLY_ASSIGN(const container::State state, launched->entry().ReadState());
  container->cgroup = state.cgroup;
  container->shares_pids = !state.own_pid_namespace;
  MAYFLY_ASSIGN(init->pidfd, base::OpenPidfd(launched->init().pid));
  init->pid = launched->init().pid;
  launched->ReleaseLock();
  container->launched = std::make_unique<container::Launched>(std::move(*launched));
  return {};
}

void TaskService::WatchOom(Container* container) {
  const auto host = cgroup::DetectHost();
  if (!host) {
    return;
  }
  auto watch = cgroup::OomWatch::Begin(*host, container->cgroup);
  if (!watch || watch->fd() < 0) {
    return;
  }
  container->oom.emplace(std::move(*watch));
  if (auto watched = loop_->Watch(container->oom->fd(), EPOLLIN,
                                  [this, container](uint32_t) { TellOom(container); });
      !watched) {
    log_->Warning("oom events of {}: {}", container->id, watched.error().text());
  }
}

void TaskService::TellOom(Container* container) {
  if (container->oom && container->oom->Take() > 0) {
    events::TaskOOM event;
    event.set_container_id(container->id);
    publisher_->Publish("/tasks/oom", "containerd.events.TaskOOM", event.SerializeAsString());
  }
}

Result<void> TaskService::StartInit(Container* container) {
  phases_->Restart();
  phases_->Mark(base::Phase::kBegin);
  MAYFLY_TRY(container->launched->Start());
  phases_->Mark(base::Phase::kEnd);
  TracePart(*container, "start");
  container->init.state = ProcessState::kRunning;
  container->launched->RunPoststartHooks();
  container->launched->Keep();
  container->launched.reset();
  events::TaskStart event;
  event.set_container_id(container->id);
  event.set_pid(static_cast<uint32_t>(container->init.pid));
  publisher_->Publish("/tasks/start", "containerd.events.TaskStart", event.SerializeAsString());
  return {};
}

Result<void> TaskService::StartExec(Container* container, Process* process) {
  MAYFLY_TRY(OpenStreams(container, process));
  container::ExecOptions options;
  options.id = container->id;
  options.process = [process](const oci::Spec&) -> Result<oci::Process> { return process->spec; };
  if (!process->paths.terminal) {
    MAYFLY_ASSIGN(process->relays, process->streams.RelayOutputs(loop_));
    options.streams = process->streams.given();
  }
  auto executed = container::StartExec(RuntimeOf(*container), options);
  if (!executed) {
    return std::unexpected(std::move(executed).error());
  }
  process->pid = executed->child.pid;
  process->pidfd = std::move(executed->child.pidfd);
  process->state = ProcessState::kRunning;
  MAYFLY_TRY(Attach(process, std::move(executed->terminal)));
  for (const auto& relay : process->relays) {
    relay->Begin();
  }
  events::TaskExecStarted event;
  event.set_container_id(container->id);
  event.set_exec_id(process->exec_id);
  event.set_pid(static_cast<uint32_t>(process->pid));
  publisher_->Publish("/tasks/exec-started", "containerd.events.TaskExecStarted",
                      event.SerializeAsString());
  return {};
}

Result<void> TaskService::OpenStreams(Container* container, Process* process) const {
  const std::string& id = process->exec_id.empty() ? container->id : process->exec_id;
  MAYFLY_ASSIGN(process->streams,
                process->paths.terminal
                    ? ProcessStreams::OpenForTerminal(process->paths, id, name_space_)
                    : ProcessStreams::Open(process->paths, id, name_space_));
  return {};
}

// After the birth of a process: its terminal's bytes are carried, or its streams are its own.
Result<void> TaskService::Attach(Process* process, base::UniqueFd terminal) const {
  if (!terminal.valid()) {
    process->streams.DropGiven();
    return {};
  }
  process->console =
      std::make_unique<Console>(loop_, std::move(terminal), std::move(process->streams));
  return process->console->Begin();
}

// For spans only: who reads MAYFLY_PHASES knows the lines of docs/formats/phases.md.
void TaskService::TracePart(const Container& container, const char* part) {
  if (tracer_->on()) {
    phases_->Write(container.id, part);
  }
}

TaskService::Answer TaskService::DeleteContainer(Container* container) {
  Process* init = &container->init;
  phases_->Restart();
  phases_->Mark(base::Phase::kBegin);
  if (container->launched != nullptr) {
    container->launched->Keep();
    container->launched.reset();
  }
  MAYFLY_TRY(container::Delete(RuntimeOf(*container), container->id, container::Force::kYes));
  if (container->oom) {
    loop_->Forget(container->oom->fd());
  }
  if (init->state != ProcessState::kStopped) {
    MarkEnded(init, kKilledStatus);
  }
  MAYFLY_TRY(UnmountRootfs(container->rootfs()));
  events::TaskDelete event;
  event.set_container_id(container->id);
  event.set_pid(static_cast<uint32_t>(init->pid));
  event.set_exit_status(init->exit_status);
  SetTime(event.mutable_exited_at(), init->exited_at);
  publisher_->Publish("/tasks/delete", "containerd.events.TaskDelete", event.SerializeAsString());
  std::string response = EncodeDelete(*init);
  phases_->Mark(base::Phase::kEnd);
  TracePart(*container, "delete");
  tracer_->Export(container->id, name_space_, "");
  containers_.erase(container->id);
  return response;
}

void TaskService::OnChildEnded(pid_t pid, int status) {
  for (const auto& [id, container] : containers_) {
    if (container->init.pid == pid && container->init.state != ProcessState::kStopped) {
      EndInit(container.get(), static_cast<uint32_t>(status));
      return;
    }
    for (const auto& [exec_id, process] : container->execs) {
      if (process->pid == pid && process->state == ProcessState::kRunning) {
        EndProcess(container.get(), process.get(), static_cast<uint32_t>(status));
        return;
      }
    }
  }
}

// The end of an init is told after that of every process that was added: clients rely on it.
void TaskService::EndInit(Container* container, uint32_t status) {
  if (container->launched != nullptr) {
    container->launched->Keep();
    container->launched.reset();
  }
  if (container->shares_pids) {
    (void)container::Kill(RuntimeOf(*container), container->id, SIGKILL,
                          container::Processes::kAll);
  }
  for (const auto& [exec_id, process] : container->execs) {
    if (process->state == ProcessState::kRunning) {
      container->held_exit_status = status;
      return;
    }
  }
  TellOom(container);
  EndProcess(container, &container->init, status);
}

void TaskService::EndProcess(Container* container, Process* process, uint32_t status) {
  if (process->exec_id.empty()) {
    phases_->Restart();
    phases_->Mark(base::Phase::kGuestEnd);
    TracePart(*container, "exit");
  }
  MarkEnded(process, status);
  events::TaskExit event;
  event.set_container_id(container->id);
  event.set_id(process->exec_id.empty() ? container->id : process->exec_id);
  event.set_pid(static_cast<uint32_t>(process->pid));
  event.set_exit_status(process->exit_status);
  SetTime(event.mutable_exited_at(), process->exited_at);
  publisher_->Publish("/tasks/exit", "containerd.events.TaskExit", event.SerializeAsString());
  if (!process->exec_id.empty() && container->held_exit_status) {
    EndInit(container, *std::exchange(container->held_exit_status, std::nullopt));
  }
}

// All that the process wrote is with its readers, or in their pipes, before anybody hears of its
// end.
void TaskService::MarkEnded(Process* process, uint32_t status) const {
  process->state = ProcessState::kStopped;
  process->exit_status = status;
  ::clock_gettime(CLOCK_REALTIME, &process->exited_at);
  if (process->console != nullptr) {
    process->console->Drain();
  }
  process->streams.CloseAll();
  for (const auto& relay : process->relays) {
    relay->Drain();
  }
  for (const Responder& respond : std::exchange(process->waiters, {})) {
    respond({}, EncodeWait(*process));
  }
}

}  // namespace mayfly::shim
