#include "lab/report/document.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "lab/record/csv.h"
#include "lab/report/grid.h"
#include "lab/report/render.h"
#include "lab/report/verdict.h"

namespace mayfly::lab {
namespace {

using nlohmann::json;

constexpr double kAlpha = 0.05;

json OptionalJson(const std::optional<double>& value) { return value ? json(*value) : json(); }

json IntervalJson(const std::optional<Interval>& interval) {
  return interval ? json::array({interval->low, interval->high}) : json();
}

json RatioJson(const std::optional<Ratio>& ratio) {
  if (!ratio) {
    return nullptr;
  }
  return {{"ratio", ratio->value}, {"interval", IntervalJson(ratio->interval)}};
}

json CellJson(const EvaluatedCell& cell) {
  json modes = json::array();
  for (const Mode& mode : cell.modes) {
    modes.push_back({{"median_ms", mode.median}, {"share", mode.share}});
  }
  json over = json::object();
  for (const auto& [baseline, ratio] : cell.over) {
    over[baseline] = RatioJson(ratio);
  }
  json times = json::array();
  for (const double time : cell.times_ms) {
    times.push_back(std::round(time * 1000) / 1000);  // to the microsecond
  }
  return {{"function", cell.function},
          {"environment", cell.environment},
          {"size", cell.size},
          {"n", cell.n},
          {"failed", cell.failed},
          {"median_ms", OptionalJson(cell.median_ms)},
          {"interval_ms", IntervalJson(cell.interval_ms)},
          {"mean_ms", OptionalJson(cell.mean_ms)},
          {"stdev_ms", OptionalJson(cell.stdev_ms)},
          {"min_ms", OptionalJson(cell.min_ms)},
          {"max_ms", OptionalJson(cell.max_ms)},
          {"p95_ms", OptionalJson(cell.p95_ms)},
          {"over", over},
          {"modes", modes},
          {"drift",
           {{"flagged", cell.drift.flagged},
            {"autocorrelation", cell.drift.autocorrelation},
            {"halves_delta", cell.drift.halves_delta},
            {"halves_p", cell.drift.halves_p}}},
          {"phases_ms", cell.phases_ms},
          {"resources", cell.resources},
          {"times_ms", times}};
}

json PairJson(const PairTest& pair) {
  return {{"family", pair.family}, {"function", pair.function}, {"a", pair.a},
          {"b", pair.b},           {"h", pair.test.h},          {"p", pair.test.p},
          {"holm", pair.holm},     {"delta", pair.delta},       {"ratio", RatioJson(pair.ratio)}};
}

json WinsJson(const std::vector<Win>& wins) {
  json items = json::array();
  for (const Win& win : wins) {
    items.push_back({{"function", win.function},
                     {"wasm", win.wasm},
                     {"wasm_ms", win.wasm_ms},
                     {"container", win.container},
                     {"container_ms", win.container_ms}});
  }
  return items;
}

json EnvironmentsJson(const Evaluation& evaluation) {
  json items = json::array();
  for (const EnvironmentTraits& traits : evaluation.environments) {
    items.push_back({{"name", traits.name},
                     {"runtime", traits.runtime},
                     {"engine", traits.engine},
                     {"strategy", traits.strategy},
                     {"image", traits.image},
                     {"published", traits.published}});
  }
  return items;
}

json PublishedJson(const Published& published) {
  json cells = json::array();
  for (const PublishedCell& cell : published.cells) {
    if (cell.n > 0) {
      cells.push_back({{"function", cell.function},
                       {"environment", cell.environment},
                       {"n", cell.n},
                       {"median_ms", OptionalJson(cell.median_ms)},
                       {"mean_ms", OptionalJson(cell.mean_ms)}});
    }
  }
  json sizes = json::array();
  for (const PublishedSize& size : published.sizes) {
    sizes.push_back({{"function", size.function},
                     {"environment", size.environment},
                     {"size_kb", size.size_kb}});
  }
  return {{"cells", cells}, {"sizes", sizes}};
}

json DensityJson(const Results& results) {
  json items = json::array();
  for (const DensityStep& step : results.density) {
    items.push_back({{"environment", step.environment},
                     {"image", step.image},
                     {"containers", step.containers},
                     {"pss_per_container_kib", OptionalJson(step.pss_per_container_kib)},
                     {"memory_used_kib", OptionalJson(step.memory_used_kib)},
                     {"start_ms", OptionalJson(step.start_ms)},
                     {"end_reason", step.end_reason}});
  }
  return items;
}

json ThroughputJson(const Results& results) {
  json items = json::array();
  for (const ThroughputRun& run : results.throughput) {
    items.push_back({{"environment", run.environment},
                     {"image", run.image},
                     {"concurrency", run.concurrency},
                     {"finished", run.finished},
                     {"failed", run.failed},
                     {"per_second", static_cast<double>(run.finished) * 1e9 /
                                        static_cast<double>(run.elapsed_ns)}});
  }
  return items;
}

json ImagesJson(const Results& results) {
  json items = json::array();
  for (const ImageRecord& image : results.images) {
    items.push_back({{"function", image.function},
                     {"environment", image.environment},
                     {"reference", image.reference},
                     {"compressed_bytes", OptionalJson(image.compressed_bytes)},
                     {"unpacked_bytes", OptionalJson(image.unpacked_bytes)},
                     {"module_bytes", OptionalJson(image.module_bytes)},
                     {"pull_ms", OptionalJson(image.pull_ms)},
                     {"unpack_ms", OptionalJson(image.unpack_ms)}});
  }
  return items;
}

// The plan without its cells' repetitions: what was set, and each cell's command.
json PlanJson(const Results& results) {
  if (!results.plan) {
    return nullptr;
  }
  json plan = PlanToJson(*results.plan);
  json commands = json::array();
  for (const Cell& cell : results.plan->cells) {
    commands.push_back({{"function", cell.function},
                        {"environment", cell.environment},
                        {"image", cell.image},
                        {"argv", cell.command.argv}});
  }
  plan["cells"] = commands;
  plan["preset"] = results.preset;
  return plan;
}

std::string Number(const std::optional<double>& value) {
  return value ? fmt::format("{:.6g}", *value) : "";
}

Grid WinsGrid(const std::vector<Win>& wins) {
  Grid grid({"function", "best AOT", "ms", "best container", "ms", "ratio"});
  for (const Win& win : wins) {
    const double ratio = win.wasm_ms / win.container_ms;
    grid.Add({{win.function},
              {win.wasm},
              {FormatMs(win.wasm_ms)},
              {win.container},
              {FormatMs(win.container_ms)},
              {fmt::format("{:.2f}", ratio), ratio < 1 ? Tone::kGood : Tone::kBad}});
  }
  return grid;
}

Grid QualityGrid(const Evaluation& evaluation) {
  Grid grid({"function", "environment", "modes in ms", "autocorrelation", "second half"});
  for (const EvaluatedCell& cell : evaluation.cells) {
    if (cell.modes.size() < 2 && !cell.drift.flagged) {
      continue;
    }
    std::string modes;
    for (const Mode& mode : cell.modes) {
      modes += fmt::format("{}{} ({:.0f} %)", modes.empty() ? "" : ", ", FormatMs(mode.median),
                           mode.share * 100);
    }
    grid.Add({{cell.function},
              {cell.environment},
              {modes},
              {fmt::format("{:.2f}", cell.drift.autocorrelation)},
              {fmt::format("{:+.2f}", cell.drift.halves_delta)}});
  }
  return grid;
}

std::string TestsSummary(const Evaluation& evaluation) {
  size_t plain = 0;
  size_t corrected = 0;
  for (const PairTest& pair : evaluation.pairs) {
    plain += pair.test.p < kAlpha ? 0 : 1;
    corrected += pair.holm < kAlpha ? 0 : 1;
  }
  return fmt::format(
      "{} tests (Kruskal-Wallis, corrected for ties) at alpha {}: {} show no difference, {} with "
      "Holm's correction.\n",
      evaluation.pairs.size(), kAlpha, plain, corrected);
}

Grid OpenGrid(const Evaluation& evaluation) {
  Grid grid({"function", "first", "second", "p", "Holm", "delta"});
  for (const PairTest& pair : evaluation.pairs) {
    if (pair.holm >= kAlpha) {
      grid.Add({{pair.function},
                {pair.a},
                {pair.b},
                {fmt::format("{:.3g}", pair.test.p)},
                {fmt::format("{:.3g}", pair.holm)},
                {fmt::format("{:+.2f}", pair.delta)}});
    }
  }
  return grid;
}

Grid PublishedGrid(const Evaluation& evaluation, const Published& published) {
  Grid grid({"function", "environment", "published ms", "here ms", "here / published"});
  for (const EvaluatedCell& cell : evaluation.cells) {
    const auto traits = std::find_if(evaluation.environments.begin(), evaluation.environments.end(),
                                     [&](const auto& e) { return e.name == cell.environment; });
    for (const PublishedCell& old : published.cells) {
      if (old.n > 0 && old.function == cell.function && old.environment == traits->published &&
          cell.median_ms && (cell.size.empty() || cell.size == "parity")) {
        grid.Add({{cell.function},
                  {cell.environment},
                  {FormatMs(*old.median_ms)},
                  {FormatMs(*cell.median_ms)},
                  {fmt::format("{:.3f}", *cell.median_ms / *old.median_ms)}});
      }
    }
  }
  return grid;
}

}  // namespace

json ReportJson(const Evaluation& evaluation, const Results& results, const Published& published) {
  json cells = json::array();
  for (const EvaluatedCell& cell : evaluation.cells) {
    cells.push_back(CellJson(cell));
  }
  json pairs = json::array();
  for (const PairTest& pair : evaluation.pairs) {
    pairs.push_back(PairJson(pair));
  }
  const Table& table = evaluation.table;
  const Summary summary = Summarise(table);
  return {{"format", "mayfly-lab-report/1"},
          {"lab_version", MAYFLY_VERSION},
          {"title", table.title},
          {"details", table.details},
          {"baselines", evaluation.baselines},
          {"confidence", kConfidence},
          {"alpha", kAlpha},
          {"measured_runs", table.measured_runs},
          {"warm_up_runs", table.warm_up_runs},
          {"failed_runs", table.failed_runs},
          {"failures", table.failures},
          {"counts", summary.counts},
          {"functions", evaluation.functions},
          {"sizes", evaluation.sizes},
          {"environments", EnvironmentsJson(evaluation)},
          {"phases", kPhaseNames},
          {"cells", cells},
          {"tests", pairs},
          {"wins_by_mean", WinsJson(evaluation.wins_by_mean)},
          {"wins_by_median", WinsJson(evaluation.wins_by_median)},
          {"published", PublishedJson(published)},
          {"density", DensityJson(results)},
          {"throughput", ThroughputJson(results)},
          {"images", ImagesJson(results)},
          {"plan", PlanJson(results)},
          {"machine", results.machine}};
}

std::string CellsCsv(const Evaluation& evaluation) {
  std::string text =
      "function,environment,size,n,failed,median_ms,low_ms,high_ms,mean_ms,stdev_ms,min_ms,p95_ms,"
      "max_ms,modes,drift\n";
  for (const EvaluatedCell& cell : evaluation.cells) {
    const auto& interval = cell.interval_ms;
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", CsvField(cell.function),
                        CsvField(cell.environment), CsvField(cell.size), cell.n, cell.failed,
                        Number(cell.median_ms), interval ? Number(interval->low) : "",
                        interval ? Number(interval->high) : "", Number(cell.mean_ms),
                        Number(cell.stdev_ms), Number(cell.min_ms), Number(cell.p95_ms),
                        Number(cell.max_ms), cell.modes.size(), cell.drift.flagged ? 1 : 0);
  }
  return text;
}

std::string TestsCsv(const Evaluation& evaluation) {
  std::string text = "family,function,first,second,h,p,holm,delta,ratio,low,high\n";
  for (const PairTest& pair : evaluation.pairs) {
    const bool has_interval = pair.ratio && pair.ratio->interval;
    text +=
        fmt::format("{},{},{},{},{:.10g},{:.10g},{:.10g},{:.4f},{},{},{}\n", pair.family,
                    CsvField(pair.function), CsvField(pair.a), CsvField(pair.b), pair.test.h,
                    pair.test.p, pair.holm, pair.delta, pair.ratio ? Number(pair.ratio->value) : "",
                    has_interval ? Number(pair.ratio->interval->low) : "",
                    has_interval ? Number(pair.ratio->interval->high) : "");
  }
  return text;
}

std::string ReportMarkdown(const Evaluation& evaluation, const Published& published) {
  std::string text = RenderMarkdown(evaluation.table);
  if (!evaluation.wins_by_mean.empty()) {
    const auto won = std::count_if(evaluation.wins_by_mean.begin(), evaluation.wins_by_mean.end(),
                                   [](const Win& win) { return win.wasm_ms < win.container_ms; });
    text += fmt::format(
        "\n## Wins by the paper's rule\n\nBest mean of the AOT environments below the best mean of "
        "the container images: {} of {} (published: 10 of 13).\n\n{}",
        won, evaluation.wins_by_mean.size(), WinsGrid(evaluation.wins_by_mean).ForMarkdown());
  }
  text += fmt::format("\n## Tests\n\n{}\n{}", TestsSummary(evaluation),
                      OpenGrid(evaluation).ForMarkdown());
  text += fmt::format("\n## Beside the published medians\n\n{}",
                      PublishedGrid(evaluation, published).ForMarkdown());
  text += fmt::format("\n## Several modes, or drift\n\n{}", QualityGrid(evaluation).ForMarkdown());
  return text;
}

}  // namespace mayfly::lab
