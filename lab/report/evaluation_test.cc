#include "lab/report/evaluation.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "lab/report/document.h"
#include "lab/report/embedded.h"
#include "lab/report/html.h"

namespace mayfly::lab {
namespace {

std::string WithRuns(std::string_view columns, const std::vector<std::string>& lines) {
  std::string header = CsvHeader();
  header.erase(header.find(",size,"));  // an older file's
  std::string text = header + std::string(columns) + "\n";
  for (const std::string& line : lines) {
    text += line + "\n";
  }
  return text;
}

std::string Line(std::string_view end, std::string_view environment = "runc-debian") {
  return fmt::format(
      "0,1,0,0,noop,{},mayfly.dev/suite/noop:debian,native,1,2000000,0,0,0,0,0,,1,{}", environment,
      end);
}

TEST(ParseRuns, ReadsNewColumnsAndDoesWithoutThem) {
  const auto old = ParseRuns(WithRuns("", {Line("")}), "s.csv");
  ASSERT_TRUE(old) << old.error().text();
  EXPECT_EQ((*old)[0].size, "");
  EXPECT_FALSE((*old)[0].phases_ms[0]);
  const auto runs = ParseRuns(
      WithRuns(",size,phase_create_ns,cpu_us", {Line(",x10,1500000,"), Line(",x10,,7")}), "s.csv");
  ASSERT_TRUE(runs) << runs.error().text();
  EXPECT_EQ((*runs)[0].size, "x10");
  EXPECT_DOUBLE_EQ(*(*runs)[0].phases_ms[3], 1.5);
  EXPECT_FALSE((*runs)[0].resources[2]);
  EXPECT_DOUBLE_EQ(*(*runs)[1].resources[2], 7);
  EXPECT_EQ(ParseRuns(WithRuns(",cpu_us", {Line(",-1")}), "s.csv").error().text(),
            "s.csv: line 2: column cpu_us: is below 0");
  EXPECT_EQ(ParseRuns(WithRuns(",phase_guest_ns", {Line(",soon")}), "s.csv").error().text(),
            "s.csv: line 2: column phase_guest_ns: \"soon\" is not a whole number in range");
}

TEST(ParseFiles, OfDensityThroughputAndImages) {
  EXPECT_EQ((*ParseDensity("environment,containers\nruncrun,10\n", "d.csv"))[0].containers, 10);
  EXPECT_EQ((*ParseDensity("environment,containers,memory_used_kib\na,1,-26572\n", "d.csv"))[0]
                .memory_used_kib,
            -26572);
  EXPECT_EQ(ParseDensity("environment,containers\na,\n", "d.csv").error().text(),
            "d.csv: line 2: column containers: is not a number from 0 on");
  const std::string header = "environment,concurrency,finished,elapsed_ns\n";
  EXPECT_EQ((*ParseThroughput(header + "a,4,100,5000\n", "t.csv"))[0].failed, 0);
  EXPECT_EQ(ParseThroughput(header + "a,4,100,0\n", "t.csv").error().text(),
            "t.csv: line 2: column elapsed_ns: is 0");
  EXPECT_EQ(ParseImages("function\n", "i.csv").error().text(),
            "i.csv: line 1: the header has no column environment");
  const auto images = ParseImages("function,environment,pull_ms\nf,e,2.5\n", "i.csv");
  EXPECT_DOUBLE_EQ(*(*images)[0].pull_ms, 2.5);
  EXPECT_FALSE((*images)[0].compressed_bytes);
}

// Two functions, two containers and two engines; every environment has a level of its own.
Results SomeResults() {
  Results results;
  std::mt19937_64 engine(9);
  std::normal_distribution<double> noise(0, 1);
  const struct {
    const char* environment;
    const char* strategy;
    double ms[2];  // noop, matmul
  } rows[] = {{"runc-distroless", "native", {90, 120}},
              {"runc-debian", "native", {95, 125}},
              {"mayfly-wasm-aot", "aot", {45, 140}},
              {"mayfly-wasm-jit", "jit", {80, 170}},
              {"mayfly-wasmer-aot", "aot", {50, 130}}};
  for (int block = 0; block < 30; ++block) {
    for (const auto& row : rows) {
      for (int i = 0; i < 2; ++i) {
        lab::Run run{.sample = {}, .size = "", .phases_ms = {}, .resources = {}};
        run.sample.run = static_cast<int64_t>(results.runs.size());
        run.sample.block = block;
        run.sample.warm_up = block == 0;
        run.sample.function = i == 0 ? "noop" : "matmul";
        run.sample.environment = row.environment;
        run.sample.strategy = row.strategy;
        run.sample.total_ns = static_cast<int64_t>((row.ms[i] + noise(engine)) * 1e6);
        run.sample.ok = true;
        run.phases_ms[3] = 4;
        results.runs.push_back(std::move(run));
      }
    }
  }
  return results;
}

TEST(Evaluation, KnowsWhatAnEnvironmentIs) {
  const Results results = SomeResults();
  const auto evaluation = Evaluate(results, DefaultLayout(PaperSamples(results)));
  const auto traits = [&](std::string_view name) {
    for (const EnvironmentTraits& candidate : evaluation.environments) {
      if (candidate.name == name) {
        return candidate;
      }
    }
    return EnvironmentTraits{};
  };
  EXPECT_EQ(traits("mayfly-wasm-aot").engine, "wasmtime");
  EXPECT_EQ(traits("mayfly-wasmer-aot").engine, "wasmer");
  EXPECT_EQ(traits("mayfly-wasm-jit").published, "crun-wasmtime-jit");
  EXPECT_EQ(traits("runc-debian").image, "debian");
  EXPECT_EQ(traits("runc-debian").engine, "");
  EXPECT_EQ(traits("runc-debian").published, "runc-debian");
}

TEST(Evaluation, CountsWinsByThePapersRule) {
  const Results results = SomeResults();
  const auto evaluation = Evaluate(results, DefaultLayout(PaperSamples(results)));
  ASSERT_EQ(evaluation.wins_by_mean.size(), 2U);
  EXPECT_EQ(evaluation.wins_by_mean[0].function, "noop");
  EXPECT_EQ(evaluation.wins_by_mean[0].wasm, "mayfly-wasm-aot");
  EXPECT_LT(evaluation.wins_by_mean[0].wasm_ms, evaluation.wins_by_mean[0].container_ms);
  EXPECT_EQ(evaluation.wins_by_mean[1].wasm, "mayfly-wasmer-aot");  // the best engine of each
  EXPECT_EQ(evaluation.wins_by_mean[1].container, "runc-distroless");
  EXPECT_GT(evaluation.wins_by_mean[1].wasm_ms, evaluation.wins_by_mean[1].container_ms);
}

TEST(Evaluation, TestsThePapersFamilies) {
  const Results results = SomeResults();
  const auto evaluation = Evaluate(results, DefaultLayout(PaperSamples(results)));
  std::map<std::string, int> families;
  for (const PairTest& pair : evaluation.pairs) {
    ++families[pair.family];
    EXPECT_GE(pair.holm, pair.test.p);
  }
  // Two functions: 6 pairs of 4 AOT or native environments, 1 of strategies, 1 of containers.
  EXPECT_EQ(families,
            (std::map<std::string, int>{{"aot", 12}, {"strategies", 2}, {"containers", 2}}));
  for (const EvaluatedCell& cell : evaluation.cells) {
    EXPECT_EQ(cell.n, 29);  // the first block is warm-up
    ASSERT_TRUE(cell.interval_ms);
    EXPECT_LE(cell.interval_ms->low, *cell.median_ms);
    EXPECT_DOUBLE_EQ(cell.phases_ms.at("create"), 4);
  }
}

TEST(Evaluation, ComparesOnlyTheWorkOfThePaperAndScalesApart) {
  Results results = SomeResults();
  for (lab::Run& run : results.runs) {
    run.size = run.sample.run % 20 < 10 ? "parity" : "x10";  // whole blocks
  }
  const auto evaluation = Evaluate(results, DefaultLayout(PaperSamples(results)));
  EXPECT_EQ(evaluation.sizes, (std::vector<std::string>{"parity", "x10"}));
  EXPECT_EQ(evaluation.cells.size(), 20U);
  EXPECT_EQ(evaluation.table.measured_runs + evaluation.table.warm_up_runs, 150);
}

TEST(Document, SaysTheSameInEveryForm) {
  const Results results = SomeResults();
  const auto evaluation = Evaluate(results, DefaultLayout(PaperSamples(results)));
  const auto published = BuiltInPublished();
  const nlohmann::json json = ReportJson(evaluation, results, *published);
  EXPECT_EQ(json["format"], "mayfly-lab-report/1");
  EXPECT_EQ(json["cells"].size(), 10U);
  EXPECT_EQ(json["cells"][0]["times_ms"].size(), 29U);
  const std::string cells = CellsCsv(evaluation);
  EXPECT_EQ(std::count(cells.begin(), cells.end(), '\n'), 11);
  const std::string tests = TestsCsv(evaluation);
  EXPECT_EQ(std::count(tests.begin(), tests.end(), '\n'), 17);
  const std::string markdown = ReportMarkdown(evaluation, *published);
  EXPECT_NE(markdown.find("1 of 2 (published: 10 of 13)"), std::string::npos) << markdown;
  EXPECT_NE(markdown.find("| matmul | runc-distroless | 2010 |"), std::string::npos) << markdown;
}

TEST(Html, IsOneFileThatNoTextCanBreak) {
  if (embedded::Echarts().empty()) {
    const auto page = RenderHtml(nlohmann::json::object());
    ASSERT_FALSE(page);
    EXPECT_NE(page.error().text().find("echarts.sh"), std::string::npos);
    GTEST_SKIP() << "this build has no ECharts (tools/setup/echarts.sh)";
  }
  const auto page =
      RenderHtml({{"title", "a < b & {{data}}"}, {"note", "</script><!-- {{style}}"}});
  ASSERT_TRUE(page) << page.error().text();
  EXPECT_NE(page->find("<title>a &lt; b &amp; {{data}} "), std::string::npos);
  EXPECT_NE(page->find("\\u003c/script>\\u003c!-- {{style}}"), std::string::npos);
  EXPECT_EQ(page->find("src=\"http"), std::string::npos);
  size_t scripts = 0;
  for (size_t at = page->find("</script>"); at != std::string::npos;
       at = page->find("</script>", at + 1)) {
    ++scripts;
  }
  EXPECT_EQ(scripts, 3U);  // data, ECharts, the page's own
}

TEST(ReadResults, NamesTheFileThatIsWrong) {
  const std::string folder = testing::TempDir() + "read-results";
  std::filesystem::create_directories(folder);
  const auto write = [&](const char* name, std::string_view text) {
    std::ofstream(folder + "/" + name) << text;
  };
  EXPECT_NE(ReadResults(folder).error().text().find("samples.csv"), std::string::npos);
  write("samples.csv", WithRuns("", {Line(""), "cut of"}));
  EXPECT_EQ(ReadResults(folder).error().text(),
            folder + "/samples.csv: line 3: 1 fields where the header has 18");
  write("samples.csv", WithRuns("", {Line("")}));
  EXPECT_TRUE(ReadResults(folder));
  write("machine.json", "{");
  EXPECT_NE(ReadResults(folder).error().text().find("machine.json"), std::string::npos);
  write("machine.json", "{}");
  write("throughput.csv", "environment\n");
  EXPECT_EQ(ReadResults(folder).error().text(),
            folder + "/throughput.csv: line 1: the header has no column concurrency");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace mayfly::lab
