// Session: carries out what is left of a plan, run by run, and writes every sample as it comes.
//
// Errors: only what makes going on pointless (the samples file cannot be written); failed runs are
// samples. Threads: none.
#pragma once

#include <string>
#include <vector>

#include "lab/exec/interrupt.h"
#include "lab/plan/plan.h"
#include "lab/plan/schedule.h"
#include "lab/record/sample.h"
#include "lab/run/progress.h"
#include "lab/run/quota.h"

namespace mayfly::lab {

struct SessionSettings {
  std::string failures_path;  // receives the stderr of failed runs
  bool terminal = false;      // progress in one rewritten line
};

struct SessionResult {
  int64_t failed = 0;
  bool interrupted = false;
  bool out_of_time = false;      // the plan's budget is used up
  std::vector<Missing> missing;  // cells without all their runs
};

// The runs of the plan's schedule that `samples` does not have yet, in the schedule's order.
base::Result<std::vector<ScheduledRun>> RunsLeft(const Plan& plan,
                                                 const std::vector<Sample>& samples);

// Runs what of `left` the quota wants, appending to the file and to `samples`.
base::Result<SessionResult> RunSession(const Plan& plan, const std::vector<ScheduledRun>& left,
                                       const SessionSettings& settings, const Interrupt& interrupt,
                                       SampleWriter& writer, std::vector<Sample>& samples);

}  // namespace mayfly::lab
