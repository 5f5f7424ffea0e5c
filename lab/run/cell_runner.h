// One run of one cell, from preparation to a checked sample.
//
// A run fails when its preparation fails, its time is up, its exit code or its output is not the
// expected one. A failed run is a sample like any other, with the reason in its note, and is
// followed by the cell's clean-up so that no container stays.
//
// Threads: one object, one thread.
#pragma once

#include <string>

#include "lab/exec/interrupt.h"
#include "lab/exec/process.h"
#include "lab/plan/plan.h"
#include "lab/record/sample.h"
#include "lab/run/observer.h"

namespace mayfly::lab {

struct CellRun {
  Sample sample;  // run, block, order, warm_up are the caller's to fill in
  std::string stderr_tail;
  bool interrupted = false;  // the user stopped it: not a sample
};

class CellRunner {
 public:
  // Borrows all for its life; without an observer only the command is seen.
  CellRunner(const Plan& plan, const Interrupt& interrupt, Observer* observer = nullptr)
      : plan_(plan), interrupt_(interrupt), observer_(observer), processes_(interrupt.fd()) {}

  // Runs the cell once; `id` replaces "{id}".
  CellRun Run(const Cell& cell, const std::string& id);

  // Waits until the plan's ready command succeeds; fails after 20 s.
  base::Result<void> WaitReady();

 private:
  base::Result<void> Prepare(const Cell& cell, const std::string& id);
  void CleanUp(const Cell& cell, const std::string& id);

  const Plan& plan_;
  const Interrupt& interrupt_;
  Observer* observer_;
  ProcessRunner processes_;
};

// Every "{id}" in the words replaced.
Argv WithId(const Argv& argv, const std::string& id);

// Why an outcome is not the expected one; empty when it is.
std::string Mismatch(const Expectation& expected, const ProcessOutcome& outcome,
                     int64_t timeout_ms);

}  // namespace mayfly::lab
