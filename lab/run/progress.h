// Progress: what a measurement is at, for people.
//
// On a terminal one line is rewritten after every run; elsewhere a plain line comes with every
// block, so that a log stays readable. Goes to standard error: standard output is for the table.
//
// Threads: none.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "lab/plan/schedule.h"
#include "lab/record/sample.h"

namespace mayfly::lab {

class Progress {
 public:
  // `total` runs, of which `done` were made by an earlier session.
  Progress(bool terminal, int64_t total, int64_t done);

  void RunEnded(const ScheduledRun& scheduled, const Sample& sample, bool last_of_block);
  // A line that stays, whatever is shown after it.
  void Say(std::string_view line);
  // Runs that will not be made after all.
  void LeftOut(int64_t runs) { total_ -= runs; }
  // The session ends then at the latest.
  void EndsBy(std::chrono::steady_clock::time_point end) { end_ = end; }
  // Takes the rewritten line away.
  void Finish();

 private:
  std::string Line(const ScheduledRun& scheduled) const;

  bool terminal_;
  int64_t total_;
  int64_t done_;
  int64_t done_here_ = 0;
  int64_t failed_ = 0;
  std::chrono::steady_clock::time_point begin_;
  std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::time_point::max();
};

// "42 s", "3 min 05 s", "2 h 04 min"
std::string FormatDuration(std::chrono::seconds duration);

}  // namespace mayfly::lab
