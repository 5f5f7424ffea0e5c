#include "lab/commands/measure.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.h"
#include "base/json.h"
#include "lab/commands/places.h"
#include "lab/commands/publish.h"
#include "lab/exec/interrupt.h"
#include "lab/record/machine.h"
#include "lab/run/cell_runner.h"
#include "lab/run/conditions.h"
#include "lab/run/context.h"
#include "lab/run/loads.h"
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

Result<std::map<std::string, std::string>> ListImages(const Plan& plan) {
  if (plan.list_images.empty()) {
    return std::map<std::string, std::string>();
  }
  MAYFLY_ASSIGN(const std::string list, OutputOf(plan.list_images));
  return ParseImageList(list);
}

// Refuses a plan whose images are not there, or leaves out the cells that need them.
Result<void> CheckImages(bool leave_out, Plan& plan) {
  if (plan.list_images.empty()) {
    return {};
  }
  MAYFLY_ASSIGN(const auto images, ListImages(plan));
  const auto missing = MissingImages(plan, images);
  const auto is_gone = [&](const Cell& cell) {
    return !cell.image.empty() && !images.contains(cell.image);
  };
  if (!leave_out || std::all_of(plan.cells.begin(), plan.cells.end(), is_gone)) {
    return RefuseMissing(missing);
  }
  for (const std::string& text : missing) {
    fmt::print(stderr, "mayfly-lab: left out: {}\n", text);
  }
  for (const Cell& cell : plan.cells) {
    if (is_gone(cell)) {
      plan.skipped.push_back({.environment = cell.environment,
                              .function = cell.function,
                              .reason = fmt::format("image {} is not there", cell.image)});
    }
  }
  std::erase_if(plan.cells, is_gone);
  if (plan.density) {
    std::erase_if(plan.density->cells, is_gone);
  }
  if (plan.throughput) {
    std::erase_if(plan.throughput->cells, is_gone);
  }
  const std::vector<std::string> names = EnvironmentsOf(plan);
  std::erase_if(plan.baselines, [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) == names.end();
  });
  if (plan.baselines.empty()) {
    plan.baselines = {names.front()};
  }
  return {};
}

// "{out}" in what a plan runs.
void SettleOut(const std::string& out, Plan& plan, std::vector<FunctionBundle>& bundles) {
  const auto settle = [&out](std::string& word) {
    constexpr std::string_view kPlaceholder = "{out}";
    if (const size_t at = word.find(kPlaceholder); at != std::string::npos) {
      word.replace(at, kPlaceholder.size(), out);
    }
  };
  const auto settle_cells = [&settle](std::vector<Cell>& cells) {
    for (Cell& cell : cells) {
      std::for_each(cell.command.argv.begin(), cell.command.argv.end(), settle);
      settle(cell.context.path);
    }
  };
  settle_cells(plan.cells);
  if (plan.density) {
    settle_cells(plan.density->cells);
  }
  if (plan.throughput) {
    settle_cells(plan.throughput->cells);
  }
  for (FunctionBundle& bundle : bundles) {
    settle(bundle.path);
    settle(bundle.context);
  }
}

nlohmann::json EndOf(const SessionResult& session) {
  nlohmann::json missing = nlohmann::json::array();
  for (const Missing& item : session.missing) {
    missing.push_back({{"function", item.function},
                       {"environment", item.environment},
                       {"size", item.size},
                       {"runs", item.runs},
                       {"wanted", item.wanted},
                       {"reason", item.reason}});
  }
  return {{"end_reason", session.interrupted   ? "interrupted"
                         : session.out_of_time ? "time"
                                               : "complete"},
          {"missing", missing}};
}

// What cells have no runs at all, for people; the rest is in machine.json.
void SayWhatIsMissing(const SessionResult& session) {
  for (const Missing& item : session.missing) {
    if (item.runs == 0) {
      fmt::print(stderr, "mayfly-lab: no run of {} {}, {}: {}\n", item.function, item.size,
                 item.environment, item.reason);
    }
  }
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
  MAYFLY_ASSIGN(const auto images, ListImages(plan));
  for (const Cell& cell : plan.cells) {
    if (const auto found = images.find(cell.image); found != images.end()) {
      request.images[cell.image] = found->second;
    }
  }
  return DescribeSession(request);
}

// The part that new and resumed measurements share.
Result<int> Carry(const Plan& plan, const MeasureOptions& options, SampleWriter& writer,
                  std::vector<Sample>& samples, const Interrupt& interrupt) {
  const std::string& out = options.out;
  MAYFLY_TRY(CheckContexts(plan, AbsolutePath(out)));
  MAYFLY_ASSIGN(const auto left, RunsLeft(plan, samples));
  const SessionSettings settings = {.failures_path = out + "/failures.txt",
                                    .terminal = options.progress || ::isatty(STDERR_FILENO) == 1};
  auto result = RunSession(plan, left, settings, interrupt, writer, samples);
  // Whatever happened, what has been measured is described.
  MAYFLY_TRY(EndSession(out + "/machine.json", samples.size(),
                        result ? EndOf(*result) : nlohmann::json::object()));
  if (result && !interrupt.Pending()) {
    MAYFLY_TRY(RunLoads({.plan = plan, .out = AbsolutePath(out), .interrupt = interrupt}));
  }
  // The table is of the paper's work; others are for the report.
  std::vector<Sample> parity = samples;
  std::erase_if(parity, [](const Sample& sample) { return sample.size != "parity"; });
  MAYFLY_TRY(Publish(out, parity, LayoutOf(plan), options.json));
  MAYFLY_ASSIGN(auto session, std::move(result));
  session.interrupted = session.interrupted || interrupt.Pending();
  SayWhatIsMissing(session);
  std::error_code error;
  std::filesystem::remove_all(out + "/context", error);
  if (!session.interrupted && !session.out_of_time) {
    std::filesystem::remove_all(out + "/bundles", error);
  }
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
    if (!cell.image.empty() && !images.contains(cell.image) &&
        std::find(missing.begin(), missing.end(), text) == missing.end()) {
      missing.push_back(text);
    }
  }
  return missing;
}

int ExitCodeOf(const base::Error& error) {
  return error.kind() == ErrorKind::kInvalid ? kExitUsage : kExitFailure;
}

Result<int> Measure(const Plan& made, const MeasureOptions& given) {
  MeasureOptions options = given;
  Plan plan = made;
  if (options.dry_run) {
    fmt::print("{}",
               options.json ? base::JsonText(PlanToJson(plan), 2) + "\n" : DescribePlan(plan));
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
  MAYFLY_TRY(EnterConditions(plan));
  MAYFLY_TRY(RefuseMissing(MissingPrograms(plan)));
  CellRunner waiter(plan, interrupt);
  MAYFLY_TRY(waiter.WaitReady());
  MAYFLY_TRY(CheckImages(options.leave_out, plan));
  SettleOut(AbsolutePath(options.out), plan, options.bundles);
  MAYFLY_ASSIGN(const nlohmann::json session, Inspect(plan, options, interrupt));
  MAYFLY_TRY(base::MakeDirs(options.out, 0755));
  for (const FunctionBundle& bundle : options.bundles) {
    MAYFLY_TRY(MakeFunctionBundle(bundle));
  }
  MAYFLY_TRY(WriteFile(options.out + "/plan.json", base::JsonText(PlanToJson(plan), 2) + "\n"));
  MAYFLY_TRY(BeginSession(options.out + "/machine.json", session));
  MAYFLY_ASSIGN(SampleWriter writer, SampleWriter::Create(samples_path));
  std::vector<Sample> samples;
  return Carry(plan, options, writer, samples, interrupt);
}

Result<int> Resume(const MeasureOptions& options) {
  const std::string samples_path = options.out + "/samples.csv";
  MAYFLY_ASSIGN(Plan plan, ReadPlan(options.out + "/plan.json"));
  plan.budget_ms = options.budget_ms.value_or(plan.budget_ms);
  MAYFLY_ASSIGN(const std::string bytes, base::ReadFile(samples_path, size_t{1} << 30));
  size_t complete_bytes = 0;
  MAYFLY_ASSIGN(std::vector<Sample> samples, ParseCsv(bytes, samples_path, &complete_bytes));
  MAYFLY_ASSIGN(const auto left, RunsLeft(plan, samples));
  if (options.dry_run) {
    fmt::print("{} of {} runs are left\n", left.size(), left.size() + samples.size());
    return kExitOk;
  }
  MAYFLY_ASSIGN(const Interrupt interrupt, Interrupt::Create());
  MAYFLY_TRY(EnterConditions(plan));
  MAYFLY_ASSIGN(const nlohmann::json session, Inspect(plan, options, interrupt));
  MAYFLY_TRY(BeginSession(options.out + "/machine.json", session));
  MAYFLY_ASSIGN(SampleWriter writer, SampleWriter::Continue(samples_path, complete_bytes));
  return Carry(plan, options, writer, samples, interrupt);
}

}  // namespace mayfly::lab
