#include "shim/task_service.h"

#include <events.pb.h>
#include <options.pb.h>
#include <signal.h>
#include <sys/epoll.h>
#include <task.pb.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "container/update.h"
#include "oci/spec_parse.h"
#include "shim/messages.h"
#include "shim/rootfs.h"

namespace mayfly::shim {

using base::ErrorKind;
using base::Fail;
using base::Result;

namespace task = containerd::task::v2;
namespace events = containerd::events;

namespace {

constexpr int kLastEventsMs = 2000;

bool IsTaskService(const std::string& service) {
  return service == "containerd.task.v2.Task" || service == "containerd.task.v3.Task";
}

task::ProcessStatus StatusOf(const Container& container, const Process& process) {
  switch (process.state) {
    case ProcessState::kCreated:
      return task::CREATED;
    case ProcessState::kStopped:
      return task::STOPPED;
    case ProcessState::kRunning:
      break;
  }
  return process.exec_id.empty() && cgroup::IsFrozen(container.cgroup) ? task::PAUSED
                                                                       : task::RUNNING;
}

}  // namespace

const std::map<std::string, TaskService::Method, std::less<>>& TaskService::Methods() {
  static const std::map<std::string, Method, std::less<>> methods = {
      {"Create", &TaskService::Create},       {"Start", &TaskService::Start},
      {"State", &TaskService::State},         {"Delete", &TaskService::Delete},
      {"Pids", &TaskService::Pids},           {"Pause", &TaskService::Pause},
      {"Resume", &TaskService::Resume},       {"Checkpoint", &TaskService::Checkpoint},
      {"Kill", &TaskService::Kill},           {"Exec", &TaskService::Exec},
      {"ResizePty", &TaskService::ResizePty}, {"CloseIO", &TaskService::CloseIo},
      {"Update", &TaskService::Update},       {"Stats", &TaskService::Stats},
      {"Connect", &TaskService::Connect},     {"Shutdown", &TaskService::Shutdown}};
  return methods;
}

void TaskService::Handle(const ttrpc::Call& call, Responder respond) {
  if (!IsTaskService(call.service)) {
    respond({ttrpc::Code::kUnimplemented, "unknown service " + call.service}, "");
    return;
  }
  if (call.method == "Wait") {
    Wait(call.payload, std::move(respond));
    return;
  }
  const auto found = Methods().find(call.method);
  if (found == Methods().end()) {
    respond({ttrpc::Code::kUnimplemented, "unknown method " + call.method}, "");
    return;
  }
  traceparent_ = call.traceparent;
  Answer answer = (this->*found->second)(call.payload);
  if (!answer) {
    log_->Debug("{}: {}", call.method, answer.error().text());
    respond(ttrpc::StatusOf(answer.error()), "");
    return;
  }
  respond({}, std::move(*answer));
}

Result<Container*> TaskService::Find(const std::string& id) const {
  const auto found = containers_.find(id);
  if (found == containers_.end()) {
    return Fail(ErrorKind::kNotFound, "container {}: not created", id);
  }
  return found->second.get();
}

Result<Process*> TaskService::FindProcess(Container* container, const std::string& exec_id) const {
  if (exec_id.empty()) {
    return &container->init;
  }
  const auto found = container->execs.find(exec_id);
  if (found == container->execs.end()) {
    return Fail(ErrorKind::kNotFound, "process {} of container {}: does not exist", exec_id,
                container->id);
  }
  return found->second.get();
}

TaskService::Answer TaskService::Create(const std::string& payload) {
  MAYFLY_ASSIGN(const auto request, Parse<task::CreateTaskRequest>(payload));
  if (containers_.contains(request.id())) {
    return Fail(ErrorKind::kExists, "container {}: exists", request.id());
  }
  if (!request.checkpoint().empty()) {
    return Fail(ErrorKind::kUnsupported, "create {}: checkpoints are not supported", request.id());
  }
  MAYFLY_ASSIGN(const Options options, ParseOptions(request.options()));
  if (!options.binary_name.empty()) {
    log_->Warning("options: BinaryName {}: this shim runs containers itself", options.binary_name);
  }
  const std::string root = StateRoot(options, name_space_);
  MAYFLY_ASSIGN(auto store, container::Store::Open(root));
  if (!options.root.empty()) {
    MAYFLY_TRY(RememberStateRoot(request.bundle(), root));
  }
  auto owned = std::make_unique<Container>(request.id(), request.bundle(), std::move(store));
  Container* container = owned.get();
  container->options = options;
  container->init.paths = {request.stdin(), request.stdout(), request.stderr(), request.terminal()};
  tracer_->Begin(container->id, traceparent_);
  phases_->Restart();
  phases_->Mark(base::Phase::kBegin);
  MAYFLY_TRY(MountRootfs(MountsOf(request), container->rootfs()));
  auto launched = Launch(container);
  phases_->Mark(base::Phase::kEnd);
  phases_->Write(container->id, "create");
  if (!launched) {
    tracer_->Export(container->id, name_space_, launched.error().text());
    (void)UnmountRootfs(container->rootfs());
    return std::unexpected(std::move(launched).error());
  }
  containers_[container->id] = std::move(owned);
  WatchOom(container);

  events::TaskCreate event;
  event.set_container_id(container->id);
  event.set_bundle(container->bundle);
  *event.mutable_rootfs() = request.rootfs();
  event.mutable_io()->set_stdin(request.stdin());
  event.mutable_io()->set_stdout(request.stdout());
  event.mutable_io()->set_stderr(request.stderr());
  event.mutable_io()->set_terminal(request.terminal());
  event.set_pid(static_cast<uint32_t>(container->init.pid));
  publisher_->Publish("/tasks/create", "containerd.events.TaskCreate", event.SerializeAsString());

  task::CreateTaskResponse response;
  response.set_pid(static_cast<uint32_t>(container->init.pid));
  return response.SerializeAsString();
}

TaskService::Answer TaskService::Start(const std::string& payload) {
  MAYFLY_ASSIGN(const auto request, Parse<task::StartRequest>(payload));
  MAYFLY_ASSIGN(Container * container, Find(request.id()));
  MAYFLY_ASSIGN(Process * process, FindProcess(container, request.exec_id()));
  if (process->state != ProcessState::kCreated) {
    return Fail(ErrorKind::kState, "cannot start a process that has been started: {} {}",
                request.id(), request.exec_id());
  }
  if (request.exec_id().empty()) {
    MAYFLY_TRY(StartInit(container));
  } else if (auto started = StartExec(container, process); !started) {
    MarkEnded(process, 128 + SIGKILL);
    return std::unexpected(std::move(started).error());
  }
  task::StartResponse response;
  response.set_pid(static_cast<uint32_t>(process->pid));
  return response.SerializeAsString();
}

TaskService::Answer TaskService::Exec(const std::string& payload) {
  MAYFLY_ASSIGN(const auto request, Parse<task::ExecProcessRequest>(payload));
  MAYFLY_ASSIGN(Container * container, Find(request.id()));
  if (request.exec_id().empty()) {
    return Fail(ErrorKind::kInvalid, "exec in {}: the process needs an id", request.id());
  }
  if (container->execs.contains(request.exec_id())) {
    return Fail(ErrorKind::kExists, "id {}: exists in container {}", request.exec_id(),
                request.id());
  }
  if (container->init.state == ProcessState::kStopped) {
    return Fail(ErrorKind::kState, "cannot exec in a stopped container: {}", request.id());
  }
  auto process = std::make_unique<Process>();
  MAYFLY_ASSIGN(process->spec, oci::ParseProcessDocument(request.spec().value(), "process"));
  process->exec_id = request.exec_id();
  process->paths = {request.stdin(), request.stdout(), request.stderr(), request.terminal()};
  process->spec.terminal = request.terminal();
  container->execs[request.exec_id()] = std::move(process);
  events::TaskExecAdded event;
  event.set_container_id(container->id);
  event.set_exec_id(request.exec_id());
  publisher_->Publish("/tasks/exec-added", "containerd.events.TaskExecAdded",
                      event.SerializeAsString());
  return std::string();
}

TaskService::Answer TaskService::State(const std::string& payload) {
  MAYFLY_ASSIGN(const auto request, Parse<task::StateRequest>(payload));
  MAYFLY_ASSIGN(Container * container, Find(request.id()));
  MAYFLY_ASSIGN(const Process* process, FindProcess(container, request.exec_id()));
  task::StateResponse response;
  response.set_id(process->exec_id.empty() ? container->id : process->exec_id);
  response.set_bundle(container->bundle);
  response.set_pid(static_cast<uint32_t>(process->pid));
  response.set_status(StatusOf(*container, *process));
  response.set_stdin(process->paths.in);
  response.set_stdout(process->paths.out);
  response.set_stderr(process->paths.err);
  response.set_terminal(process->paths.terminal);
  if (process->state == ProcessState::kStopped) {
    response.set_exit_status(process->exit_status);
    SetTime(response.mutable_exited_at(), process->exited_at);
  }
  response.set_exec_id(process->exec_id);
  return response.SerializeAsString();
}

TaskService::Answer TaskService::Delete(const std::string& payload) {
  MAYFLY_ASSIGN(const auto request, Parse<task::DeleteRequest>(payload));
  MAYFLY_ASSIGN(Container * container, Find(request.id()));
  MAYFLY_ASSIGN(Process * process, FindProcess(container, request.exec_id()));
  if (process->state == ProcessState::kRunning) {
    return Fail(ErrorKind::kState, "cannot delete a running process: {} {}", request.id(),
                request.exec_id());
  }
  if (request.exec_id().empty()) {
    return DeleteContainer(container);
  }
  std::string response = EncodeDelete(*process);
  std::ranges::move(process->relays, std::back_inserter(container->leftovers));
  container->execs.erase(request.exec_id());
  return response;
}

TaskService::Answer TaskService::Pids(const std::string& payload) {
  MAYFLY_ASSIGN(const auto request, Parse<task::ContainerRequest>(payload));
  MAYFLY_ASSIGN(const Container* container, Find(request.id()));
  MAYFLY_ASSIGN(const auto pids, container::ProcessesOf(RuntimeOf(*container), request.id()));
  task::PidsResponse response;
  for (const pid_t pid : pids) {
    task::ProcessInfo* info = response.add_processes();
    info->set_pid(static_cast<uint32_t>(pid));
    for (const auto& [exec_id, process] : container->execs) {
      if (process->pid == pid) {
        containerd::runc::v1::ProcessDetails details;
        details.set_exec_id(exec_id);
        info->mutable_info()->set_type_url("containerd.runc.v1.ProcessDetails");
        info->mutable_info()->set_value(details.SerializeAsString());
      }
    }
  }
  return response.SerializeAsString();
}

TaskService::Answer TaskService::Pause(const std::string& payload) {
  MAYFLY_ASSIGN(const auto request, Parse<task::ContainerRequest>(payload));
  MAYFLY_ASSIGN(const Container* container, Find(request.id()));
  MAYFLY_TRY(container::Pause(RuntimeOf(*container), request.id()));
  events::TaskPaused event;
  event.set_container_id(request.id());
  publisher_->Publish("/tasks/paused", "containerd.events.TaskPaused", event.SerializeAsString());
  return std::string();
}

TaskService::Answer TaskService::Resume(const std::string& payload) {
  MAYFLY_ASSIGN(const auto request, Parse<task::ContainerRequest>(payload));
  MAYFLY_ASSIGN(const Container* container, Find(request.id()));
  MAYFLY_TRY(container::Resume(RuntimeOf(*container), request.id()));
  events::TaskResumed event;
  event.set_container_id(request.id());
  publisher_->Publish("/tasks/resumed", "containerd.events.TaskResumed", event.SerializeAsString());
  return std::string();
}

TaskService::Answer TaskService::Checkpoint(const std::string&) {
  return Fail(ErrorKind::kUnsupported, "checkpoints are not supported");
}

TaskService::Answer TaskService::Kill(const std::string& payload) {
  MAYFLY_ASSIGN(const auto request, Parse<task::KillRequest>(payload));
  MAYFLY_ASSIGN(Container * container, Find(request.id()));
  MAYFLY_ASSIGN(const Process* process, FindProcess(container, request.exec_id()));
  if (process->state == ProcessState::kStopped) {
    return Fail(ErrorKind::kNotFound, "process already finished: {} {}", request.id(),
                request.exec_id());
  }
  if (process->pid == 0) {
    return Fail(ErrorKind::kState, "process not created: {} {}", request.id(), request.exec_id());
  }
  const int signal = static_cast<int>(request.signal());
  auto sent = request.exec_id().empty()
                  ? container::Kill(
                        RuntimeOf(*container), request.id(), signal,
                        request.all() ? container::Processes::kAll : container::Processes::kInit)
                  : base::SendSignal(process->pidfd.get(), signal);
  // It has ended, and this process has not heard of it yet.
  if (!sent && (sent.error().sys_errno() == ESRCH || sent.error().kind() == ErrorKind::kState)) {
    return Fail(ErrorKind::kNotFound, "process already finished: {} {}", request.id(),
                request.exec_id());
  }
  MAYFLY_TRY(std::move(sent));
  return std::string();
}

TaskService::Answer TaskService::ResizePty(const std::string& payload) {
  MAYFLY_ASSIGN(const auto request, Parse<task::ResizePtyRequest>(payload));
  MAYFLY_ASSIGN(Container * container, Find(request.id()));
  MAYFLY_ASSIGN(const Process* process, FindProcess(container, request.exec_id()));
  if (process->console != nullptr && process->state != ProcessState::kStopped) {
    MAYFLY_TRY(process->console->Resize(static_cast<uint16_t>(request.width()),
                                        static_cast<uint16_t>(request.height())));
  }
  return std::string();
}

TaskService::Answer TaskService::CloseIo(const std::string& payload) {
  MAYFLY_ASSIGN(const auto request, Parse<task::CloseIORequest>(payload));
  MAYFLY_ASSIGN(Container * container, Find(request.id()));
  MAYFLY_ASSIGN(Process * process, FindProcess(container, request.exec_id()));
  if (request.stdin()) {
    if (process->console != nullptr) {
      process->console->CloseInput();
    }
    process->streams.CloseInput();
  }
  return std::string();
}

TaskService::Answer TaskService::Update(const std::string& payload) {
  MAYFLY_ASSIGN(const auto request, Parse<task::UpdateTaskRequest>(payload));
  MAYFLY_ASSIGN(const Container* container, Find(request.id()));
  MAYFLY_ASSIGN(nlohmann::json resources,
                base::ParseJson(request.resources().value(), "resources"));
  // The CRI sends the container's own device rules along; they stay what they are.
  if (resources.is_object()) {
    resources.erase("devices");
  }
  MAYFLY_TRY(container::Update(RuntimeOf(*container), request.id(), base::JsonText(resources),
                               "resources"));
  return std::string();
}

TaskService::Answer TaskService::Stats(const std::string& payload) {
  MAYFLY_ASSIGN(const auto request, Parse<task::ContainerRequest>(payload));
  MAYFLY_ASSIGN(const Container* container, Find(request.id()));
  return EncodeStats(container->cgroup);
}

TaskService::Answer TaskService::Connect(const std::string& payload) {
  MAYFLY_ASSIGN(const auto request, Parse<task::ConnectRequest>(payload));
  task::ConnectResponse response;
  response.set_shim_pid(static_cast<uint32_t>(::getpid()));
  if (const auto container = Find(request.id())) {
    response.set_task_pid(static_cast<uint32_t>((*container)->init.pid));
  }
  response.set_version("mayfly " MAYFLY_VERSION);
  return response.SerializeAsString();
}

TaskService::Answer TaskService::Shutdown(const std::string&) {
  if (containers_.empty()) {
    // After the answer has gone.
    loop_->After(0, [this] { publisher_->WhenSent(kLastEventsMs, [this] { loop_->Stop(); }); });
  }
  return std::string();
}

void TaskService::Wait(const std::string& payload, Responder respond) {
  auto process = [&]() -> Result<Process*> {
    MAYFLY_ASSIGN(const auto request, Parse<task::WaitRequest>(payload));
    MAYFLY_ASSIGN(Container * container, Find(request.id()));
    return FindProcess(container, request.exec_id());
  }();
  if (!process) {
    respond(ttrpc::StatusOf(process.error()), "");
  } else if ((*process)->state == ProcessState::kStopped) {
    respond({}, EncodeWait(**process));
  } else {
    (*process)->waiters.push_back(std::move(respond));
  }
}

}  // namespace mayfly::shim
