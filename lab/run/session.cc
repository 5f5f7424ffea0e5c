#include "lab/run/session.h"

#include <fcntl.h>
#include <time.h>

#include "base/file.h"
#include "lab/run/cell_runner.h"

namespace mayfly::lab {
namespace {

using base::ErrorKind;
using base::Fail;
using base::Result;

// An id that no other session on this machine has used: the session's start to the millisecond, the
// run.
std::string SessionPrefix() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return fmt::format("lab-{:x}", int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000);
}

Result<void> KeepFailure(const std::string& path, const CellRun& run) {
  MAYFLY_ASSIGN(const base::UniqueFd fd, base::Open(path, O_WRONLY | O_CREAT | O_APPEND, 0644));
  const Sample& s = run.sample;
  return base::WriteAll(fd.get(),
                        fmt::format("== run {}: {}, {}: {}\n{}\n", s.run, s.function, s.environment,
                                    s.note, run.stderr_tail),
                        path);
}

}  // namespace

Result<std::vector<ScheduledRun>> RunsLeft(const Plan& plan, const std::vector<Sample>& samples) {
  const std::vector<ScheduledRun> schedule =
      MakeSchedule(plan.cells.size(), plan.warm_up_blocks, plan.runs, plan.seed);
  if (samples.size() > schedule.size()) {
    return Fail(ErrorKind::kInvalid, "{} samples are there, the plan has {} runs", samples.size(),
                schedule.size());
  }
  // Runs are made in the schedule's order, so those that are there are its beginning.
  for (size_t i = 0; i < samples.size(); ++i) {
    const Cell& cell = plan.cells[schedule[i].cell];
    if (samples[i].run != schedule[i].run || samples[i].function != cell.function ||
        samples[i].environment != cell.environment) {
      return Fail(ErrorKind::kInvalid, "sample {} ({}, {}) is not the plan's run {} ({}, {})", i,
                  samples[i].function, samples[i].environment, schedule[i].run, cell.function,
                  cell.environment);
    }
  }
  return std::vector<ScheduledRun>(schedule.begin() + static_cast<std::ptrdiff_t>(samples.size()),
                                   schedule.end());
}

Result<SessionResult> RunSession(const Plan& plan, const std::vector<ScheduledRun>& left,
                                 const SessionSettings& settings, const Interrupt& interrupt,
                                 SampleWriter& writer, std::vector<Sample>& samples) {
  const std::string prefix = SessionPrefix();
  CellRunner runner(plan, interrupt);
  const auto done = static_cast<int64_t>(samples.size());
  Progress progress(settings.terminal, done + static_cast<int64_t>(left.size()), done);
  SessionResult result;
  for (size_t i = 0; i < left.size(); ++i) {
    const ScheduledRun& scheduled = left[i];
    if (interrupt.Wait(i == 0 ? 0 : plan.pause_ms)) {
      result.interrupted = true;
      break;
    }
    CellRun run =
        runner.Run(plan.cells[scheduled.cell], fmt::format("{}-{}", prefix, scheduled.run));
    if (run.interrupted) {
      result.interrupted = true;
      break;
    }
    run.sample.run = scheduled.run;
    run.sample.block = scheduled.block;
    run.sample.order = scheduled.order;
    run.sample.warm_up = scheduled.warm_up;
    MAYFLY_TRY(writer.Append(run.sample));
    if (!run.sample.ok) {
      ++result.failed;
      MAYFLY_TRY(KeepFailure(settings.failures_path, run));
    }
    const bool last_of_block = i + 1 == left.size() || left[i + 1].block != scheduled.block;
    progress.RunEnded(scheduled, run.sample, last_of_block);
    samples.push_back(std::move(run.sample));
  }
  progress.Finish();
  return result;
}

}  // namespace mayfly::lab
