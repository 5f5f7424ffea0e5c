#include "lab/run/cell_runner.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "base/file.h"
#include "lab/run/context.h"

namespace mayfly::lab {
namespace {

using base::ErrorKind;
using base::Fail;
using base::Result;

constexpr int64_t kPrepareTimeoutMs = 600'000;  // restoring a store of gigabytes
constexpr int64_t kCleanUpTimeoutMs = 20'000;

constexpr int64_t kReadyPollMs = 50;

// The last line with words on it, at most 200 characters.
std::string LastLine(std::string_view text) {
  const size_t end = text.find_last_not_of(" \n\r\t");
  if (end == std::string_view::npos) {
    return "";
  }
  text = text.substr(0, end + 1);
  const size_t line = text.find_last_of('\n');
  text = line == std::string_view::npos ? text : text.substr(line + 1);
  return std::string(text.substr(0, 200));
}

Sample SampleOf(const Cell& cell, const ProcessOutcome& outcome) {
  Sample sample;
  sample.start_unix_ns = outcome.start_unix_ns;
  sample.total_ns = outcome.total_ns;
  sample.user_us = outcome.user_us;
  sample.sys_us = outcome.sys_us;
  sample.max_rss_kib = outcome.max_rss_kib;
  sample.exit_code = outcome.exit_code;
  sample.stdout_bytes = outcome.stdout_bytes;
  sample.stdout_sha256 = outcome.stdout_sha256;
  sample.function = cell.function;
  sample.environment = cell.environment;
  sample.image = cell.image;
  sample.strategy = cell.strategy;
  sample.size = cell.size;
  return sample;
}

// A sample for a command that could not be run at all.
Sample FailedSample(const Cell& cell, std::string why) {
  ProcessOutcome nothing;
  nothing.exit_code = -1;
  nothing.start_unix_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                              std::chrono::system_clock::now().time_since_epoch())
                              .count();
  Sample sample = SampleOf(cell, nothing);
  sample.note = std::move(why);
  return sample;
}

}  // namespace

Argv WithId(const Argv& argv, const std::string& id) {
  constexpr std::string_view kPlaceholder = "{id}";
  Argv replaced = argv;
  for (std::string& word : replaced) {
    for (size_t at = word.find(kPlaceholder); at != std::string::npos;
         at = word.find(kPlaceholder, at + id.size())) {
      word.replace(at, kPlaceholder.size(), id);
    }
  }
  return replaced;
}

std::string Mismatch(const Expectation& expected, const ProcessOutcome& outcome,
                     int64_t timeout_ms) {
  if (outcome.end == ProcessEnd::kTimedOut) {
    return fmt::format("timed out after {} ms", timeout_ms);
  }
  if (outcome.exit_code != expected.exit_code) {
    const std::string said = LastLine(outcome.stderr_tail);
    return fmt::format("exit code {} instead of {}{}{}", outcome.exit_code, expected.exit_code,
                       said.empty() ? "" : ": ", said);
  }
  if (expected.stdout_bytes && *expected.stdout_bytes != outcome.stdout_bytes) {
    return fmt::format("{} bytes on stdout instead of {}", outcome.stdout_bytes,
                       *expected.stdout_bytes);
  }
  if (expected.stdout_sha256 && *expected.stdout_sha256 != outcome.stdout_sha256) {
    return fmt::format("stdout is not the golden output: sha256 {} instead of {}",
                       outcome.stdout_sha256, *expected.stdout_sha256);
  }
  return "";
}

Result<void> CellRunner::WaitReady() {
  if (plan_.ready.empty()) {
    return {};
  }
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(plan_.ready_timeout_ms);
  bool said = false;
  while (true) {
    MAYFLY_ASSIGN(const ProcessOutcome outcome,
                  processes_.Run({.argv = plan_.ready, .env = {}}, plan_.ready_timeout_ms));
    if (outcome.end == ProcessEnd::kExited && outcome.exit_code == 0) {
      return {};
    }
    if (!said) {
      said = true;
      fmt::print(stderr, "waiting for: {}\n", fmt::join(plan_.ready, " "));
    }
    if (interrupt_.Wait(kReadyPollMs) || std::chrono::steady_clock::now() >= deadline) {
      return Fail(ErrorKind::kState, "{} does not succeed within {} s: {}",
                  fmt::join(plan_.ready, " "), plan_.ready_timeout_ms / 1000,
                  LastLine(outcome.stderr_tail));
    }
  }
}

Result<void> CellRunner::Prepare(const Cell& cell, const std::string& id) {
  MAYFLY_TRY(MakeContext(cell.context));
  for (const Argv& argv : cell.prepare) {
    MAYFLY_ASSIGN(
        const ProcessOutcome outcome,
        processes_.Run({.argv = WithId(argv, id), .env = cell.command.env}, kPrepareTimeoutMs));
    if (outcome.end != ProcessEnd::kExited || outcome.exit_code != 0) {
      return Fail(ErrorKind::kSystem, "preparation failed with exit code {}: {}: {}",
                  outcome.exit_code, fmt::join(argv, " "), LastLine(outcome.stderr_tail));
    }
  }
  if (!cell.prepare.empty()) {
    MAYFLY_TRY(WaitReady());
  }
  if (plan_.sync || plan_.drop_caches) {
    ::sync();
  }
  return plan_.drop_caches ? base::WriteExisting("/proc/sys/vm/drop_caches", "3") : Result<void>();
}

void CellRunner::CleanUp(const Cell& cell, const std::string& id) {
  // Of a run that failed, an unknown part is there: each command removes its part or finds nothing.
  // The commands must run even when the user has just interrupted the lab, so they ignore that.
  ProcessRunner uninterrupted;
  for (const Argv& argv : cell.cleanup) {
    const auto outcome =
        uninterrupted.Run({.argv = WithId(argv, id), .env = cell.command.env}, kCleanUpTimeoutMs);
    static_cast<void>(outcome);
  }
}

CellRun CellRunner::Run(const Cell& cell, const std::string& id) {
  CellRun run;
  if (auto prepared = Prepare(cell, id); !prepared) {
    run.interrupted = interrupt_.Pending();
    run.sample = FailedSample(cell, prepared.error().text());
    return run;
  }
  if (observer_ != nullptr) {
    observer_->Begin(cell);
  }
  auto outcome = processes_.Run({.argv = WithId(cell.command.argv, id), .env = cell.command.env},
                                plan_.timeout_ms);
  if (!outcome) {
    run.sample = FailedSample(cell, outcome.error().text());
    return run;
  }
  run.sample = SampleOf(cell, *outcome);
  run.interrupted = outcome->end == ProcessEnd::kInterrupted;
  run.sample.note = Mismatch(cell.expected, *outcome, plan_.timeout_ms);
  if (run.sample.note.empty()) {
    run.sample.note = FilesMismatch(cell.expected, cell.context);
  }
  run.sample.ok = run.sample.note.empty();
  if (observer_ != nullptr) {
    observer_->End(cell, id, *outcome, run.sample);
  }
  run.stderr_tail = std::move(outcome->stderr_tail);
  if (run.sample.ok && outcome->output_left_open) {
    run.sample.note = "stdout or stderr was still open after the command's end";
  }
  if (!run.sample.ok || run.interrupted) {
    CleanUp(cell, id);
  }
  return run;
}

}  // namespace mayfly::lab
