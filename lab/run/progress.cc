#include "lab/run/progress.h"

#include <fmt/format.h>

#include <cstdio>

namespace mayfly::lab {

std::string FormatDuration(std::chrono::seconds duration) {
  const int64_t seconds = duration.count();
  if (seconds < 60) {
    return fmt::format("{} s", seconds);
  }
  if (seconds < 3600) {
    return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  }
  return fmt::format("{} h {:02} min", seconds / 3600, seconds / 60 % 60);
}

Progress::Progress(bool terminal, int64_t total, int64_t done)
    : terminal_(terminal), total_(total), done_(done), begin_(std::chrono::steady_clock::now()) {}

std::string Progress::Line(const ScheduledRun& scheduled) const {
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begin_);
  auto left = std::chrono::duration_cast<std::chrono::seconds>(elapsed * (total_ - done_) /
                                                               std::max<int64_t>(1, done_here_));
  if (end_ != std::chrono::steady_clock::time_point::max()) {
    left = std::min(left, std::chrono::duration_cast<std::chrono::seconds>(
                              end_ - std::chrono::steady_clock::now()));
  }
  return fmt::format("{}{} of {} runs, {}{} left", scheduled.warm_up ? "warm-up, " : "", done_,
                     total_, failed_ == 0 ? "" : fmt::format("{} failed, ", failed_),
                     FormatDuration(left));
}

void Progress::RunEnded(const ScheduledRun& scheduled, const Sample& sample, bool last_of_block) {
  ++done_;
  ++done_here_;
  if (!sample.ok) {
    ++failed_;
    Say(fmt::format("run {} failed: {}, {}: {}", sample.run, sample.function, sample.environment,
                    sample.note));
  }
  if (terminal_) {
    fmt::print(stderr, "\r\033[K{}  {}, {}: {:.1f} ms", Line(scheduled), sample.function,
               sample.environment, static_cast<double>(sample.total_ns) / 1e6);
    std::fflush(stderr);
  } else if (last_of_block) {
    fmt::print(stderr, "block {} done: {}\n", scheduled.block, Line(scheduled));
  }
}

void Progress::Say(std::string_view line) {
  fmt::print(stderr, "{}{}\n", terminal_ ? "\r\033[K" : "", line);
}

void Progress::Finish() {
  if (terminal_) {
    fmt::print(stderr, "\r\033[K");
    std::fflush(stderr);
  }
}

}  // namespace mayfly::lab
