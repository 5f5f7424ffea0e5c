// TaskService: containerd's task API, containerd.task.v2.Task and containerd.task.v3.Task, which
// differ in name only: a method a function.
//
// Requests are carried out one after another; only Wait is answered later. Every process's end
// comes in by OnChildEnded(). Events go out in the order of docs/guide/containerd-shim.md.
//
// Errors: base::Error, mapped to gRPC codes by ttrpc/status.h; containerd reads some by their text.
// Threads: one. Fork: create, start of an exec fork.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "container/container.h"
#include "shim/container.h"
#include "shim/event_loop.h"
#include "shim/publisher.h"
#include "shim/server.h"
#include "shim/tracer.h"

namespace mayfly::shim {

class TaskService {
 public:
  TaskService(EventLoop* loop, base::Log* log, Publisher* publisher, std::string name_space,
              container::WorkloadFactory make_workload, base::PhaseClock* phases, Tracer* tracer)
      : loop_(loop),
        log_(log),
        publisher_(publisher),
        name_space_(std::move(name_space)),
        make_workload_(std::move(make_workload)),
        phases_(phases),
        tracer_(tracer) {}
  TaskService(const TaskService&) = delete;
  TaskService& operator=(const TaskService&) = delete;

  void Handle(const ttrpc::Call& call, Responder respond);
  // A child of this process has been reaped; `status` is what a shell would show.
  void OnChildEnded(pid_t pid, int status);
  bool empty() const { return containers_.empty(); }

 private:
  using Answer = base::Result<std::string>;
  using Method = Answer (TaskService::*)(const std::string& payload);
  static const std::map<std::string, Method, std::less<>>& Methods();

  Answer Create(const std::string& payload);
  Answer Start(const std::string& payload);
  Answer State(const std::string& payload);
  Answer Delete(const std::string& payload);
  Answer Pids(const std::string& payload);
  Answer Pause(const std::string& payload);
  Answer Resume(const std::string& payload);
  Answer Checkpoint(const std::string& payload);
  Answer Kill(const std::string& payload);
  Answer Exec(const std::string& payload);
  Answer ResizePty(const std::string& payload);
  Answer CloseIo(const std::string& payload);
  Answer Update(const std::string& payload);
  Answer Stats(const std::string& payload);
  Answer Connect(const std::string& payload);
  Answer Shutdown(const std::string& payload);
  void Wait(const std::string& payload, Responder respond);

  base::Result<Container*> Find(const std::string& id) const;
  base::Result<Process*> FindProcess(Container* container, const std::string& exec_id) const;
  container::Runtime RuntimeOf(const Container& container) const {
    return {container.store, *log_, make_workload_, phases_, container.options.systemd_cgroup};
  }
  base::Result<void> OpenStreams(Container* container, Process* process) const;
  base::Result<void> Attach(Process* process, base::UniqueFd terminal) const;
  base::Result<void> Launch(Container* container);
  void WatchOom(Container* container);
  void TellOom(Container* container);
  base::Result<void> StartInit(Container* container);
  base::Result<void> StartExec(Container* container, Process* process);
  Answer DeleteContainer(Container* container);
  void TracePart(const Container& container, const char* part);
  void EndInit(Container* container, uint32_t status);
  void EndProcess(Container* container, Process* process, uint32_t status);
  void MarkEnded(Process* process, uint32_t status) const;

  EventLoop* loop_;
  base::Log* log_;
  Publisher* publisher_;
  std::string name_space_;
  container::WorkloadFactory make_workload_;
  base::PhaseClock* phases_;
  Tracer* tracer_;
  std::string traceparent_;  // of the request that is being carried out
  std::map<std::string, std::unique_ptr<Container>> containers_;
};

}  // namespace mayfly::shim
