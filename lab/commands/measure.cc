#include "lab/commands/measure.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.h"
#include "lab/commands/publish.h"
#include "lab/exec/interrupt.h"
#include "lab/record/machine.h"
#include "lab/run/cell_runner.h"
#include "lab/run/session.h"

namespace mayfly::lab {
namespace {

using base::ErrorKind;
using base::Fail;
using base::Result;

constexpr int64_t kListTimeoutMs = 30'000;

// Standard output of a command that must succeed.
Result<std::string> OutputOf(const Argv& argv) {
  ProcessRunner runner;
  MAYFLY_ASSIGN(ProcessOutcome outcome, runner.Run({.argv = argv, .env = {}}, kListTimeoutMs));
  if (outcome.end != ProcessEnd::kExited || outcome.exit_code != 0) {
    return Fail(ErrorKind::kSystem, "{}: exit code {}: {}", fmt::join(argv, " "), outcome.exit_code,
                outcome.stderr_tail);
  }
  return std::move(outcome.stdout_head);
}

std::string DefaultOut(const std::string& kind) {
  const time_t now = ::time(nullptr);
  tm utc{};
  ::gmtime_r(&now, &utc);
  char text[32];
  const size_t length = ::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc);
  return fmt::format("results/{}-{}", kind, std::string_view(text, length));
}

Result<void> RefuseMissing(const std::vector<std::string>& missing) {
  if (missing.empty()) {
    return {};
  }
  return Fail(ErrorKind::kNotFound, "{}", fmt::join(missing, "\n"));
}

// Waits for the daemon, checks that all that the plan names is there, and describes it.
Result<nlohmann::json> Inspect(const Plan& plan, const MeasureOptions& options,
                               const Interrupt& interrupt) {
  MAYFLY_TRY(RefuseMissing(MissingPrograms(plan)));
  RecordRequest request;
  request.command_line = options.command_line;
  request.programs = plan.programs;
  request.files = plan.files;
  request.git_directory = plan.source_directory;
  if (!plan.ready.empty()) {
    CellRunner waiter(plan, interrupt);
    MAYFLY_TRY(waiter.WaitReady());
    MAYFLY_ASSIGN(request.versions["daemon"], OutputOf(plan.ready));
  }
  if (!plan.list_images.empty()) {
    MAYFLY_ASSIGN(const std::string list, OutputOf(plan.list_images));
    const auto images = ParseImageList(list);
    MAYFLY_TRY(RefuseMissing(MissingImages(plan, images)));
    for (const Cell& cell : plan.cells) {
      request.images[cell.image] = images.at(cell.image);
    }
  }
  return DescribeSession(request);
}

// The part that new and resumed measurements share.
Result<int> Carry(const Plan& plan, const MeasureOptions& options, SampleWriter& writer,
                  std::vector<Sample>& samples, const Interrupt& interrupt) {
  const std::string& out = options.out;
  MAYFLY_ASSIGN(const auto left, RunsLeft(plan, samples));
  const SessionSettings settings = {.failures_path = out + "/failures.txt",
                                    .terminal = options.progress || ::isatty(STDERR_FILENO) == 1};
  auto result = RunSession(plan, left, settings, interrupt, writer, samples);
  // Whatever happened, what has been measured is described.
  MAYFLY_TRY(EndSession(out + "/machine.json", samples.size()));
  MAYFLY_TRY(Publish(out, samples, LayoutOf(plan), options.json));
  MAYFLY_ASSIGN(const auto session, std::move(result));
  if (session.interrupted) {
    fmt::print(stderr, "mayfly-lab: interrupted; go on with: mayfly-lab resume {}\n", out);
    return kExitInterrupted;
  }
  const bool failed =
      std::any_of(samples.begin(), samples.end(), [](const Sample& s) { return !s.ok; });
  if (failed) {
    fmt::print(stderr, "mayfly-lab: runs failed: see {}/failures.txt\n", out);
    return kExitRunsFailed;
  }
  return kExitOk;
}

}  // namespace

std::map<std::string, std::string> ParseImageList(std::string_view text) {
  std::map<std::string, std::string> images;
  std::istringstream lines{std::string(text)};
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string name;
    std::string type;
    std::string digest;
    if (words >> name >> type >> digest && digest.starts_with("sha256:")) {
      images[name] = digest;
    }
  }
  return images;
}

std::vector<std::string> MissingPrograms(const Plan& plan) {
  std::vector<std::string> missing;
  for (const auto& [name, path] : plan.programs) {
    if (FindProgram(path).empty()) {
      missing.push_back(path.find('/') == std::string::npos
                            ? fmt::format("{} is not on PATH", path)
                            : fmt::format("{} is not a program that can be run", path));
    }
  }
  return missing;
}

std::vector<std::string> MissingImages(const Plan& plan,
                                       const std::map<std::string, std::string>& images) {
  std::vector<std::string> missing;
  for (const Cell& cell : plan.cells) {
    const std::string text = fmt::format(
        "image {} is not there: make and import it with ./dev images && ./dev "
        "containerd import",
        cell.image);
    if (!images.contains(cell.image) &&
        std::find(missing.begin(), missing.end(), text) == missing.end()) {
      missing.push_back(text);
    }
  }
  return missing;
}

int ExitCodeOf(const base::Error& error) {
  return error.kind() == ErrorKind::kInvalid ? kExitUsage : kExitFailure;
}

Result<int> Measure(const Plan& plan, const MeasureOptions& given) {
  MeasureOptions options = given;
  if (options.dry_run) {
    fmt::print("{}", options.json ? PlanToJson(plan).dump(2) + "\n" : DescribePlan(plan));
    return kExitOk;
  }
  if (options.out.empty()) {
    options.out = DefaultOut(options.kind);
  }
  const std::string samples_path = options.out + "/samples.csv";
  if (base::PathExists(samples_path)) {
    return Fail(ErrorKind::kExists,
                "{} is there already: choose another --out, or go on with mayfly-lab resume {}",
                samples_path, options.out);
  }
  MAYFLY_ASSIGN(const Interrupt interrupt, Interrupt::Create());
  MAYFLY_ASSIGN(const nlohmann::json session, Inspect(plan, options, interrupt));
  MAYFLY_TRY(base::MakeDirs(options.out, 0755));
  MAYFLY_TRY(WriteFile(options.out + "/plan.json", PlanToJson(plan).dump(2) + "\n"));
  MAYFLY_TRY(BeginSession(options.out + "/machine.json", session));
  MAYFLY_ASSIGN(SampleWriter writer, SampleWriter::Create(samples_path));
  std::vector<Sample> samples;
  return Carry(plan, options, writer, samples, interrupt);
}

Result<int> Resume(const MeasureOptions& options) {
  const std::string samples_path = options.out + "/samples.csv";
  MAYFLY_ASSIGN(const Plan plan, ReadPlan(options.out + "/plan.json"));
  MAYFLY_ASSIGN(const std::string bytes, base::ReadFile(samples_path, size_t{1} << 30));
  size_t complete_bytes = 0;
  MAYFLY_ASSIGN(std::vector<Sample> samples, ParseCsv(bytes, samples_path, &complete_bytes));
  MAYFLY_ASSIGN(const auto left, RunsLeft(plan, samples));
  if (options.dry_run) {
    fmt::print("{} of {} runs are left\n", left.size(), left.size() + samples.size());
    return kExitOk;
  }
  MAYFLY_ASSIGN(const Interrupt interrupt, Interrupt::Create());
  MAYFLY_ASSIGN(const nlohmann::json session, Inspect(plan, options, interrupt));
  MAYFLY_TRY(BeginSession(options.out + "/machine.json", session));
  MAYFLY_ASSIGN(SampleWriter writer, SampleWriter::Continue(samples_path, complete_bytes));
  return Carry(plan, options, writer, samples, interrupt);
}

}  // namespace mayfly::lab
