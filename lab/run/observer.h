// Observer: what is seen of a run besides its command: the phase clock's lines, containerd's
// events, the accounts of the cgroups. All of it is set up before and read after the run is timed.
//
// Ownership: makes the phase clock's file and removes it. Errors: none: what cannot be seen leaves
// its columns empty. Threads: none.
#pragma once

#include <optional>
#include <string>

#include "lab/exec/event_stream.h"
#include "lab/plan/plan.h"
#include "lab/record/sample.h"
#include "lab/run/accounts.h"

namespace mayfly::lab {

class Observer {
 public:
  // Borrows the plan.
  explicit Observer(const Plan& plan);
  ~Observer();
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  void Begin(const Cell& cell);
  void End(const Cell& cell, const std::string& id, const ProcessOutcome& outcome, Sample& sample);

 private:
  std::string TakePhases() const;

  const Plan& plan_;
  EventStream events_;
  std::optional<Accounts> accounts_;
  base::UniqueFd phases_;
};

}  // namespace mayfly::lab
