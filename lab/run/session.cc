#include "lab/run/session.h"

#include <fcntl.h>
#include <time.h>

#include <chrono>

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

using Clock = std::chrono::steady_clock;

// One session at work.
class Session {
 public:
  Session(const Plan& plan, const SessionSettings& settings, const Interrupt& interrupt,
          SampleWriter& writer, std::vector<Sample>& samples, int64_t left)
      : plan_(plan),
        settings_(settings),
        interrupt_(interrupt),
        writer_(writer),
        samples_(samples),
        quota_(plan),
        observer_(plan),
        runner_(plan, interrupt, &observer_),
        progress_(settings.terminal, static_cast<int64_t>(samples.size()) + left,
                  static_cast<int64_t>(samples.size())) {
    if (plan.budget_ms > 0) {
      end_ = begin_ + std::chrono::milliseconds(plan.budget_ms);
      progress_.EndsBy(end_);
    }
    const auto schedule =
        MakeSchedule(plan.cells.size(), plan.warm_up_blocks, plan.runs, plan.seed);
    for (const Sample& sample : samples) {
      quota_.Add(schedule[static_cast<size_t>(sample.run)].cell, sample);
    }
  }

  Result<SessionResult> Run(const std::vector<ScheduledRun>& left) {
    SessionResult result;
    for (size_t i = 0; i < left.size(); ++i) {
      const bool new_block = i == 0 || left[i - 1].block != left[i].block;
      if (new_block && !FitsAnotherBlock(left[i].warm_up)) {
        result.out_of_time = true;
        break;
      }
      if (!quota_.Wants(left[i].cell, left[i].warm_up)) {
        progress_.LeftOut(1);
        continue;
      }
      if (Clock::now() >= end_) {
        result.out_of_time = true;
        break;
      }
      const bool last_of_block = i + 1 == left.size() || left[i + 1].block != left[i].block;
      MAYFLY_ASSIGN(const bool goes_on, RunOne(left[i], last_of_block, result));
      if (!goes_on) {
        result.interrupted = true;
        break;
      }
    }
    progress_.Finish();
    result.missing = quota_.WhatIsMissing(result.interrupted   ? "interrupted"
                                          : result.out_of_time ? "the time was over"
                                                               : "not run");
    return result;
  }

 private:
  // By the last block's time; the first counted block is always begun.
  bool FitsAnotherBlock(bool warm_up) {
    const auto now = Clock::now();
    const auto last = now - block_begin_;
    const bool fits =
        end_ == Clock::time_point::max() || blocks_ == 0 || warm_up || now + last <= end_;
    block_begin_ = now;
    ++blocks_;
    return fits;
  }

  // False when the user interrupted it.
  Result<bool> RunOne(const ScheduledRun& scheduled, bool last_of_block, SessionResult& result) {
    if (interrupt_.Wait(runs_++ == 0 ? 0 : plan_.pause_ms)) {
      return false;
    }
    const Cell& cell = plan_.cells[scheduled.cell];
    CellRun run = runner_.Run(cell, fmt::format("{}-{}", prefix_, scheduled.run));
    if (run.interrupted) {
      return false;
    }
    run.sample.run = scheduled.run;
    run.sample.block = scheduled.block;
    run.sample.order = scheduled.order;
    run.sample.warm_up = scheduled.warm_up;
    MAYFLY_TRY(writer_.Append(run.sample));
    quota_.Add(scheduled.cell, run.sample);
    if (!run.sample.ok) {
      ++result.failed;
      MAYFLY_TRY(KeepFailure(settings_.failures_path, run));
      CheckDaemon(cell);
    }
    progress_.RunEnded(scheduled, run.sample, last_of_block);
    samples_.push_back(std::move(run.sample));
    return true;
  }

  // A daemon that does not answer any more costs its own cells, not those without it.
  void CheckDaemon(const Cell& failed) {
    if (failed.start != "ctr" || !failed.prepare.empty()) {
      return;
    }
    const auto ready = runner_.WaitReady();
    if (ready || interrupt_.Pending()) {
      return;
    }
    const std::string reason = fmt::format("containerd is gone: {}", ready.error().text());
    progress_.Say(reason);
    for (size_t i = 0; i < plan_.cells.size(); ++i) {
      if (plan_.cells[i].start == "ctr") {
        quota_.GiveUp(i, reason);
      }
    }
  }

  const Plan& plan_;
  const SessionSettings& settings_;
  const Interrupt& interrupt_;
  SampleWriter& writer_;
  std::vector<Sample>& samples_;
  const std::string prefix_ = SessionPrefix();
  Quota quota_;
  Observer observer_;
  CellRunner runner_;
  Progress progress_;
  const Clock::time_point begin_ = Clock::now();
  Clock::time_point end_ = Clock::time_point::max();
  Clock::time_point block_begin_ = begin_;
  int64_t blocks_ = 0;
  int64_t runs_ = 0;
};

}  // namespace

Result<std::vector<ScheduledRun>> RunsLeft(const Plan& plan, const std::vector<Sample>& samples) {
  const std::vector<ScheduledRun> schedule =
      MakeSchedule(plan.cells.size(), plan.warm_up_blocks, plan.runs, plan.seed);
  // Runs are made in the schedule's order; some are left out on the way.
  int64_t last = -1;
  for (size_t i = 0; i < samples.size(); ++i) {
    const Sample& sample = samples[i];
    if (sample.run <= last || static_cast<size_t>(sample.run) >= schedule.size()) {
      return Fail(ErrorKind::kInvalid, "sample {}: run {} is not the plan's next of {}", i,
                  sample.run, schedule.size());
    }
    last = sample.run;
    const Cell& cell = plan.cells[schedule[static_cast<size_t>(last)].cell];
    if (sample.function != cell.function || sample.environment != cell.environment ||
        sample.size != cell.size) {
      return Fail(ErrorKind::kInvalid, "sample {} ({}, {}) is not the plan's run {} ({}, {})", i,
                  sample.function, sample.environment, last, cell.function, cell.environment);
    }
  }
  return std::vector<ScheduledRun>(schedule.begin() + last + 1, schedule.end());
}

Result<SessionResult> RunSession(const Plan& plan, const std::vector<ScheduledRun>& left,
                                 const SessionSettings& settings, const Interrupt& interrupt,
                                 SampleWriter& writer, std::vector<Sample>& samples) {
  Session session(plan, settings, interrupt, writer, samples, static_cast<int64_t>(left.size()));
  return session.Run(left);
}

}  // namespace mayfly::lab
