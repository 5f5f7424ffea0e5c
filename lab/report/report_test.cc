#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lab/report/grid.h"
#include "lab/report/render.h"
#include "lab/report/table.h"
#include "lab/report/verdict.h"

namespace mayfly::lab {
namespace {

// `ms` per block for one cell; a negative time is a run that failed.
void AddRuns(std::vector<Sample>& samples, const std::string& function,
             const std::string& environment, const std::vector<double>& ms) {
  for (size_t block = 0; block < ms.size(); ++block) {
    Sample sample;
    sample.run = static_cast<int64_t>(samples.size());
    sample.block = static_cast<int64_t>(block);
    sample.warm_up = block == 0;
    sample.function = function;
    sample.environment = environment;
    sample.total_ns = static_cast<int64_t>(std::abs(ms[block]) * 1e6);
    sample.ok = ms[block] > 0;
    sample.note = sample.ok ? "" : "exit code 1 instead of 0";
    samples.push_back(sample);
  }
}

// Ten blocks after a slow warm-up: base 100..109, ours at half of it, other with one failure at 1.5
// times.
std::vector<Sample> SomeSamples() {
  std::vector<double> base = {900};
  std::vector<double> half = {900};
  std::vector<double> more = {900};
  for (int i = 0; i < 10; ++i) {
    base.push_back(100 + i);
    half.push_back((100 + i) / 2.0);
    more.push_back((100 + i) * 1.5);
  }
  more[3] = -1;
  std::vector<Sample> samples;
  AddRuns(samples, "noop", "runc-distroless", base);
  AddRuns(samples, "noop", "mayfly-wasm-aot", half);
  AddRuns(samples, "noop", "mayfly-wasm-jit", more);
  AddRuns(samples, "noop", "runc-debian", base);
  return samples;
}

TEST(Table, CountsWarmUpAndFailedRunsApart) {
  const auto samples = SomeSamples();
  const Table table = MakeTable(samples, DefaultLayout(samples));
  EXPECT_EQ(table.measured_runs, 40);
  EXPECT_EQ(table.warm_up_runs, 4);
  EXPECT_EQ(table.failed_runs, 1);
  EXPECT_EQ(table.failures.front(),
            "noop, mayfly-wasm-jit: 1 measured and 0 warm-up runs, first run 25: exit code 1 "
            "instead of 0");
  ASSERT_EQ(table.functions.size(), 1U);
  const auto& cells = table.functions[0].cells;
  ASSERT_EQ(cells.size(), 4U);
  EXPECT_EQ(cells[0].environment, "runc-distroless");  // the table's usual order
  EXPECT_EQ(cells[1].environment, "runc-debian");
  EXPECT_EQ(cells[0].n, 10);
  EXPECT_DOUBLE_EQ(*cells[0].median_ms, 104.5);
  EXPECT_DOUBLE_EQ(cells[0].interval_ms->low, 101);  // ranks 2 and 9 of 10
  EXPECT_DOUBLE_EQ(cells[0].interval_ms->high, 108);
  EXPECT_DOUBLE_EQ(*cells[0].min_ms, 100);
  EXPECT_EQ(cells[3].n, 9);
  EXPECT_EQ(cells[3].failed, 1);
}

TEST(Table, ComparesWithTheBaselineOnly) {
  const auto samples = SomeSamples();
  const Table table = MakeTable(samples, DefaultLayout(samples));
  const auto& cells = table.functions[0].cells;
  EXPECT_FALSE(cells[0].comparisons[0].ratio);
  EXPECT_DOUBLE_EQ(cells[2].comparisons[0].ratio->value, 0.5);
  EXPECT_DOUBLE_EQ(cells[2].comparisons[0].ratio->interval->low, 0.5);
  EXPECT_EQ(FindingOf(cells[2].comparisons[0]), Finding::kFaster);
  EXPECT_EQ(FindingOf(cells[3].comparisons[0]), Finding::kSlower);
  EXPECT_EQ(FindingOf(cells[1].comparisons[0]), Finding::kNoDifference);
}

TEST(Table, HasCellsWithoutAnyGoodRun) {
  std::vector<Sample> samples;
  AddRuns(samples, "noop", "runc-distroless", {1, 2, 3, 4, 5, 6, 7, 8});
  AddRuns(samples, "noop", "mayfly-wasm-aot", {-1, -1, -1, -1, -1, -1, -1, -1});
  const Table table = MakeTable(samples, DefaultLayout(samples));
  const CellSummary& cell = table.functions[0].cells[1];
  EXPECT_EQ(cell.n, 0);
  EXPECT_EQ(cell.failed, 7);
  EXPECT_FALSE(cell.median_ms);
  EXPECT_EQ(FindingOf(cell.comparisons[0]), Finding::kUnknown);
  EXPECT_EQ(Summarise(table).open.front(),
            "too few good runs to compare mayfly-wasm-aot with runc-distroless on noop");
  EXPECT_EQ(Summarise(table).counts.front(),
            "mayfly-wasm-aot against runc-distroless: faster on 0 of 1, slower on 0, no difference "
            "shown on 0, too few runs on 1");
  EXPECT_NE(RenderTerminal(table, Colours::kOff).find("mayfly-wasm-aot"), std::string::npos);
  EXPECT_TRUE(RenderJson(table)["functions"][0]["cells"][1]["median_ms"].is_null());
}

TEST(Verdict, SpeaksOfLossesAndWinsFromTheNumbers) {
  const auto samples = SomeSamples();
  const Summary summary = Summarise(MakeTable(samples, DefaultLayout(samples)));
  ASSERT_EQ(summary.losses.size(), 1U);
  EXPECT_TRUE(
      summary.losses[0].starts_with("mayfly-wasm-jit is slower than runc-distroless on noop: 1.5"))
      << summary.losses[0];
  EXPECT_EQ(summary.wins,
            std::vector<std::string>{
                "mayfly-wasm-aot is faster than runc-distroless on noop: 0.50 [0.50, 0.50]"});
  EXPECT_EQ(summary.counts[0],
            "mayfly-wasm-aot against runc-distroless: faster on 1 of 1, slower on 0, no difference "
            "shown on 0");
}

TEST(Verdict, CountsOnlyWhatTheIntervalSupports) {
  const auto finding = [](double low, double high) {
    return FindingOf(
        {.baseline = "b", .ratio = Ratio{.value = 1, .interval = Interval{low, high}}});
  };
  EXPECT_EQ(finding(0.8, 0.999), Finding::kFaster);
  EXPECT_EQ(finding(0.8, 1.0), Finding::kNoDifference);
  EXPECT_EQ(finding(0.8, 1.2), Finding::kNoDifference);
  EXPECT_EQ(finding(1.0, 1.2), Finding::kNoDifference);
  EXPECT_EQ(finding(1.001, 1.2), Finding::kSlower);
  EXPECT_EQ(FindingOf({.baseline = "b", .ratio = Ratio{.value = 0.5, .interval = {}}}),
            Finding::kUnknown);
}

TEST(Verdict, ShowsTheSideOfOneThatABoundLiesOn) {
  EXPECT_EQ(FormatRatio({.value = 1.123, .interval = Interval{1.084, 1.15}}), "1.12 [1.08, 1.15]");
  EXPECT_EQ(FormatRatio({.value = 0.98, .interval = Interval{0.95, 0.998}}),
            "0.980 [0.950, 0.998]");
  EXPECT_EQ(FormatRatio({.value = 1, .interval = Interval{1, 1}}), "1.00 [1.00, 1.00]");
  EXPECT_EQ(FormatRatio({.value = 0.5, .interval = {}}), "0.50");
  EXPECT_EQ(FormatMs(1.234), "1.23");
  EXPECT_EQ(FormatMs(83.47), "83.5");
  EXPECT_EQ(FormatMs(2443.4), "2443");
}

TEST(Grid, AlignsAndColoursOnlyWhenAsked) {
  Grid grid({"name", "ms"});
  grid.Add({{.text = "a"}, {.text = "10.5", .tone = Tone::kBad}});
  grid.Add({{.text = "longer"}, {.text = "1", .tone = Tone::kGood}});
  EXPECT_EQ(grid.ForTerminal(Colours::kOff), "  name       ms\n  a        10.5\n  longer      1\n");
  EXPECT_NE(grid.ForTerminal(Colours::kOn).find("\033[31m10.5\033[0m"), std::string::npos);
  EXPECT_EQ(grid.ForMarkdown(), "| name | ms |\n|---|---:|\n| a | **10.5** |\n| longer | 1 |\n");
}

TEST(Render, MarkdownAndJsonSayTheSame) {
  const auto samples = SomeSamples();
  const Table table = MakeTable(samples, DefaultLayout(samples));
  const nlohmann::json json = RenderJson(table);
  EXPECT_EQ(json["format"], "mayfly-lab-table/1");
  const auto& cell = json["functions"][0]["cells"][2];
  EXPECT_EQ(cell["environment"], "mayfly-wasm-aot");
  EXPECT_DOUBLE_EQ(cell["ratios"]["runc-distroless"]["ratio"], 0.5);
  EXPECT_EQ(cell["ratios"]["runc-distroless"]["finding"], "faster");
  const std::string markdown = RenderMarkdown(table);
  EXPECT_NE(markdown.find("| mayfly-wasm-aot | 52.2 |"), std::string::npos) << markdown;
  EXPECT_NE(markdown.find("0.50 [0.50, 0.50]"), std::string::npos);
}

}  // namespace
}  // namespace mayfly::lab
