#include "lab/report/render.h"

#include <stdlib.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "lab/report/grid.h"
#include "lab/report/verdict.h"

namespace mayfly::lab {
namespace {

using nlohmann::json;

constexpr std::string_view kStatistics =
    "Time: the whole command, CLOCK_MONOTONIC. Interval of a median: exact order-statistic "
    "interval, at least "
    "95 %. Ratio: medians, 95 % percentile bootstrap over whole blocks, 10,000 resamples; faster "
    "or slower is "
    "said only where the interval leaves out 1.";

Tone ToneOf(Finding finding) {
  switch (finding) {
    case Finding::kFaster:
      return Tone::kGood;
    case Finding::kSlower:
      return Tone::kBad;
    case Finding::kNoDifference:
    case Finding::kUnknown:
      break;
  }
  return Tone::kPlain;
}

Field RatioField(const CellSummary& cell, const Comparison& comparison) {
  if (cell.environment == comparison.baseline) {
    return {.text = "1", .tone = Tone::kQuiet};
  }
  if (!comparison.ratio) {
    return {.text = "-", .tone = Tone::kQuiet};
  }
  return {.text = FormatRatio(*comparison.ratio), .tone = ToneOf(FindingOf(comparison))};
}

std::string MsOrDash(const std::optional<double>& ms) { return ms ? FormatMs(*ms) : "-"; }

std::string IntervalText(const std::optional<Interval>& interval) {
  return interval ? fmt::format("[{}, {}]", FormatMs(interval->low), FormatMs(interval->high))
                  : "-";
}

// One function: a row per environment.
Grid FunctionGrid(const Table& table, const FunctionSummary& function) {
  std::vector<std::string> header = {"environment", "median ms", "95 % interval", "n", "failed",
                                     "min",         "p95"};
  for (const std::string& baseline : table.baselines) {
    header.push_back("/ " + baseline);
  }
  Grid grid(std::move(header));
  for (const CellSummary& cell : function.cells) {
    std::vector<Field> row = {
        {cell.environment},
        {MsOrDash(cell.median_ms)},
        {IntervalText(cell.interval_ms)},
        {fmt::format("{}", cell.n)},
        {fmt::format("{}", cell.failed), cell.failed == 0 ? Tone::kQuiet : Tone::kBad},
        {MsOrDash(cell.min_ms), Tone::kQuiet},
        {MsOrDash(cell.p95_ms), Tone::kQuiet}};
    for (const Comparison& comparison : cell.comparisons) {
      row.push_back(RatioField(cell, comparison));
    }
    grid.Add(std::move(row));
  }
  return grid;
}

// All functions: the median of each cell, and its ratio to the first baseline.
Grid Overview(const Table& table) {
  std::vector<std::string> header = {"median ms (ratio)"};
  header.insert(header.end(), table.environments.begin(), table.environments.end());
  Grid grid(std::move(header));
  for (const FunctionSummary& function : table.functions) {
    std::vector<Field> row = {{function.function}};
    for (const std::string& environment : table.environments) {
      Field field{.text = "-", .tone = Tone::kQuiet};
      for (const CellSummary& cell : function.cells) {
        if (cell.environment != environment || !cell.median_ms) {
          continue;
        }
        field = {.text = FormatMs(*cell.median_ms), .tone = Tone::kPlain};
        if (!cell.comparisons.empty() && cell.comparisons.front().ratio) {
          field.text += fmt::format(" ({:.2f})", cell.comparisons.front().ratio->value);
          field.tone = ToneOf(FindingOf(cell.comparisons.front()));
        }
      }
      row.push_back(std::move(field));
    }
    grid.Add(std::move(row));
  }
  return grid;
}

std::string RunsLine(const Table& table) {
  return fmt::format("{} measured runs and {} warm-up runs; {} failed", table.measured_runs,
                     table.warm_up_runs, table.failed_runs);
}

// "title:" and its lines with `bullet`; `nothing` when there are none.
std::string Section(std::string_view title, const std::vector<std::string>& lines,
                    std::string_view bullet, std::string_view nothing) {
  std::string text = fmt::format("{}\n", title);
  if (lines.empty()) {
    return text + fmt::format("{}{}\n", bullet, nothing);
  }
  for (const std::string& line : lines) {
    text += fmt::format("{}{}\n", bullet, line);
  }
  return text;
}

json IntervalJson(const std::optional<Interval>& interval) {
  return interval ? json::array({interval->low, interval->high}) : json(nullptr);
}

json OptionalJson(const std::optional<double>& value) {
  return value ? json(*value) : json(nullptr);
}

std::string_view FindingName(Finding finding) {
  switch (finding) {
    case Finding::kFaster:
      return "faster";
    case Finding::kSlower:
      return "slower";
    case Finding::kNoDifference:
      return "no difference shown";
    case Finding::kUnknown:
      break;
  }
  return "unknown";
}

json CellJson(const CellSummary& cell) {
  json ratios = json::object();
  for (const Comparison& comparison : cell.comparisons) {
    if (comparison.ratio) {
      ratios[comparison.baseline] = {{"ratio", comparison.ratio->value},
                                     {"interval", IntervalJson(comparison.ratio->interval)},
                                     {"finding", FindingName(FindingOf(comparison))}};
    }
  }
  return {{"environment", cell.environment},
          {"n", cell.n},
          {"failed", cell.failed},
          {"median_ms", OptionalJson(cell.median_ms)},
          {"interval_ms", IntervalJson(cell.interval_ms)},
          {"min_ms", OptionalJson(cell.min_ms)},
          {"p95_ms", OptionalJson(cell.p95_ms)},
          {"ratios", ratios}};
}

}  // namespace

Colours ColoursOfStdout() {
  const char* no_color = ::getenv("NO_COLOR");
  const bool refused = no_color != nullptr && *no_color != '\0';
  return !refused && ::isatty(STDOUT_FILENO) == 1 ? Colours::kOn : Colours::kOff;
}

std::string RenderTerminal(const Table& table, Colours colours) {
  std::string text = table.title + "\n";
  for (const std::string& line : table.details) {
    text += line + "\n";
  }
  text += RunsLine(table) + "\n";
  for (const FunctionSummary& function : table.functions) {
    text += fmt::format("\n{}\n{}", function.function,
                        FunctionGrid(table, function).ForTerminal(colours));
  }
  if (table.functions.size() > 1) {
    text += fmt::format("\nall, ratio to {}\n{}",
                        table.baselines.empty() ? "-" : table.baselines.front(),
                        Overview(table).ForTerminal(colours));
  }
  if (!table.failures.empty()) {
    text += '\n';
    text += Section("Failed runs", table.failures, "  ", "");
  }
  const Summary summary = Summarise(table);
  text += '\n';
  text += Section("Slower", summary.losses, "  ", "nowhere that the intervals show");
  text += Section("Faster", summary.wins, "  ", "nowhere that the intervals show");
  if (!summary.open.empty()) {
    text += Section("Not decided", summary.open, "  ", "");
  }
  text += Section("Count", summary.counts, "  ", "nothing to compare");
  return text;
}

std::string RenderMarkdown(const Table& table) {
  std::string text = fmt::format("# {}\n\n", table.title);
  for (const std::string& line : table.details) {
    text += line + ".\n";
  }
  text += fmt::format("{}.\n{}\n\n", RunsLine(table), kStatistics);
  if (table.functions.size() > 1) {
    text += fmt::format(
        "## All functions\n\nMedian in ms, in brackets the ratio to {}; bold is slower.\n\n{}\n",
        table.baselines.empty() ? "-" : table.baselines.front(), Overview(table).ForMarkdown());
  }
  for (const FunctionSummary& function : table.functions) {
    text += fmt::format("## {}\n\n{}\n", function.function,
                        FunctionGrid(table, function).ForMarkdown());
  }
  if (!table.failures.empty()) {
    text += Section("## Failed runs\n", table.failures, "- ", "");
    text += '\n';
  }
  const Summary summary = Summarise(table);
  text += Section("## Slower\n", summary.losses, "- ", "nowhere that the intervals show");
  text += '\n';
  text += Section("## Faster\n", summary.wins, "- ", "nowhere that the intervals show");
  text += '\n';
  if (!summary.open.empty()) {
    text += Section("## Not decided\n", summary.open, "- ", "");
    text += '\n';
  }
  text += Section("## Count\n", summary.counts, "- ", "nothing to compare");
  return text;
}

json RenderJson(const Table& table) {
  json functions = json::array();
  for (const FunctionSummary& function : table.functions) {
    json cells = json::array();
    for (const CellSummary& cell : function.cells) {
      cells.push_back(CellJson(cell));
    }
    functions.push_back({{"function", function.function}, {"cells", cells}});
  }
  const Summary summary = Summarise(table);
  return {{"format", "mayfly-lab-table/1"},     {"title", table.title},
          {"details", table.details},           {"baselines", table.baselines},
          {"confidence", kConfidence},          {"measured_runs", table.measured_runs},
          {"warm_up_runs", table.warm_up_runs}, {"failed_runs", table.failed_runs},
          {"failures", table.failures},         {"functions", functions},
          {"slower", summary.losses},           {"faster", summary.wins},
          {"not_decided", summary.open},        {"counts", summary.counts}};
}

}  // namespace mayfly::lab
