#include "lab/report/table.h"

#include <algorithm>
#include <map>
#include <set>

#include "lab/plan/environment.h"
#include "lab/stats/resampled.h"

namespace mayfly::lab {
namespace {

// Names that occur, those of `first` in that order, then the others by name.
std::vector<std::string> Arrange(const std::set<std::string>& occurring,
                                 const std::vector<std::string>& first) {
  std::vector<std::string> arranged;
  for (const std::string& name : first) {
    if (occurring.contains(name) &&
        std::find(arranged.begin(), arranged.end(), name) == arranged.end()) {
      arranged.push_back(name);
    }
  }
  for (const std::string& name : occurring) {
    if (std::find(first.begin(), first.end(), name) == first.end()) {
      arranged.push_back(name);
    }
  }
  return arranged;
}

struct CellData {
  std::vector<Observation> times_ms;
  std::optional<ResampledMedians> resampled;
  int64_t failed = 0;
  int64_t failed_in_warm_up = 0;
  std::string first_failure;
};

using CellKey = std::pair<std::string, std::string>;  // function, environment
using CellMap = std::map<CellKey, CellData>;

CellSummary Summarise(const std::string& function, const std::string& environment,
                      const CellMap& cells, const std::vector<std::string>& baselines) {
  const CellData& data = cells.at({function, environment});
  CellSummary summary;
  summary.environment = environment;
  summary.n = static_cast<int64_t>(data.times_ms.size());
  summary.failed = data.failed;
  if (!data.times_ms.empty()) {
    std::vector<double> sorted;
    sorted.reserve(data.times_ms.size());
    for (const Observation& observation : data.times_ms) {
      sorted.push_back(observation.value);
    }
    std::sort(sorted.begin(), sorted.end());
    summary.median_ms = Quantile(sorted, 0.5);
    summary.interval_ms = MedianInterval(sorted, kConfidence);
    summary.min_ms = sorted.front();
    summary.p95_ms = Quantile(sorted, 0.95);
  }
  for (const std::string& baseline : baselines) {
    Comparison comparison{.baseline = baseline, .ratio = std::nullopt};
    const auto found = cells.find({function, baseline});
    if (baseline != environment && found != cells.end()) {
      comparison.ratio = data.resampled->Over(*found->second.resampled);
    }
    summary.comparisons.push_back(std::move(comparison));
  }
  return summary;
}

void AddFailures(const std::string& function, const std::string& environment, const CellData& data,
                 Table& table) {
  if (data.failed + data.failed_in_warm_up > 0) {
    table.failures.push_back(fmt::format("{}, {}: {} measured and {} warm-up runs, first {}",
                                         function, environment, data.failed, data.failed_in_warm_up,
                                         data.first_failure));
  }
}

}  // namespace

Table MakeTable(const std::vector<Sample>& samples, const Layout& layout) {
  Table table;
  table.title = layout.title;
  table.details = layout.details;
  table.baselines = layout.baselines;
  CellMap cells;
  std::set<std::string> functions;
  std::set<std::string> environments;
  for (const Sample& sample : samples) {
    functions.insert(sample.function);
    environments.insert(sample.environment);
    CellData& cell = cells[{sample.function, sample.environment}];
    (sample.warm_up ? table.warm_up_runs : table.measured_runs)++;
    if (!sample.ok) {
      ++table.failed_runs;
      cell.failed += sample.warm_up ? 0 : 1;
      cell.failed_in_warm_up += sample.warm_up ? 1 : 0;
      if (cell.first_failure.empty()) {
        cell.first_failure = fmt::format("run {}: {}", sample.run, sample.note);
      }
    } else if (!sample.warm_up) {
      cell.times_ms.push_back(
          {.block = sample.block, .value = static_cast<double>(sample.total_ns) / 1e6});
    }
  }
  BlockDraws draws({.confidence = kConfidence});
  for (auto& entry : cells) {
    entry.second.resampled.emplace(entry.second.times_ms, draws);
  }
  table.environments = Arrange(environments, layout.environments);
  for (const std::string& function : Arrange(functions, layout.functions)) {
    FunctionSummary summary{.function = function, .cells = {}};
    for (const std::string& environment : table.environments) {
      if (cells.contains({function, environment})) {
        summary.cells.push_back(Summarise(function, environment, cells, table.baselines));
        AddFailures(function, environment, cells.at({function, environment}), table);
      }
    }
    table.functions.push_back(std::move(summary));
  }
  return table;
}

Layout LayoutOf(const Plan& plan) {
  Layout layout;
  layout.title = plan.title;
  layout.details = {
      fmt::format(
          "{}; {} runs per cell in randomised interleaved blocks, seed {}, {} warm-up block{}",
          plan.protocol, plan.runs, plan.seed, plan.warm_up_blocks,
          plan.warm_up_blocks == 1 ? "" : "s"),
      plan.pause_ms == 0 ? "one run straight after the other"
                         : fmt::format("{} ms of rest before each run", plan.pause_ms)};
  layout.functions = FunctionsOf(plan);
  layout.environments = EnvironmentsOf(plan);
  layout.baselines = plan.baselines;
  return layout;
}

Layout DefaultLayout(const std::vector<Sample>& samples) {
  Layout layout;
  layout.title = "Run times";
  layout.functions = {"noop"};
  for (const Environment& environment : AllEnvironments()) {
    layout.environments.push_back(environment.name);
  }
  std::set<std::string> occurring;
  for (const Sample& sample : samples) {
    occurring.insert(sample.environment);
  }
  const std::vector<std::string> arranged = Arrange(occurring, layout.environments);
  if (!arranged.empty()) {
    layout.baselines = {arranged.front()};
  }
  return layout;
}

}  // namespace mayfly::lab
