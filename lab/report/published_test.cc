#include "lab/report/published.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <map>
#include <numeric>

#include "lab/record/csv.h"
#include "lab/stats/quantile.h"
#include "lab/stats/rank_tests.h"
#include "lab/stats/shape.h"

namespace mayfly::lab {
namespace {

TEST(CsvTable, ReadsByNameAndNamesTheField) {
  const auto table = CsvTable::Parse("a,n\n\"x, \"\"y\"\"\",1.5\n,\n", "t.csv");
  ASSERT_TRUE(table) << table.error().text();
  EXPECT_EQ(table->Text(0, "a"), "x, \"y\"");
  EXPECT_EQ(**table->Number(0, "n"), 1.5);
  EXPECT_FALSE(*table->Number(1, "n"));
  EXPECT_FALSE(*table->Number(1, "absent"));
  EXPECT_EQ(table->Int(0, "n").error().text(),
            "t.csv: line 2: column n: \"1.5\" is not a whole number in range");
  EXPECT_EQ(table->Need({"b"}).error().text(), "t.csv: line 1: the header has no column b");
  EXPECT_EQ(CsvField("x, \"y\"\n"), "\"x, \"\"y\"\" \"");
}

TEST(CsvTable, RefusesWhatIsNoTable) {
  const auto error = [](std::string_view bytes) {
    const auto table = CsvTable::Parse(bytes, "t.csv");
    return table ? "" : table.error().text();
  };
  EXPECT_EQ(error(""), "t.csv: no header line");
  EXPECT_EQ(error("a,b\n1\n"), "t.csv: line 2: 1 fields where the header has 2");
  EXPECT_EQ(error("a\n\"x\n"), "t.csv: line 2: a quotation mark is out of place");
  EXPECT_EQ(error("a\nx\"\n"), "t.csv: line 2: a quotation mark is out of place");
  EXPECT_EQ(error("a\n\"x\"y\n"), "t.csv: line 2: a quotation mark is out of place");
  EXPECT_EQ(error("a\nnan\n"), "");
  EXPECT_FALSE(CsvTable::Parse("a\nnan\n", "t.csv")->Number(0, "a"));
  EXPECT_EQ(CsvTable::Parse("a\n1\n2", "t.csv", Ending::kMayBeCut)->size(), 1U);
  EXPECT_EQ(CsvTable::Parse("a\n1\n2", "t.csv")->size(), 2U);
}

TEST(Published, RunTimesAreExact) {
  EXPECT_EQ(*ParseRunTimes("0.76\n957.38\n3\n", "f"),
            (std::vector<int64_t>{760'000'000, 957'380'000'000, 3'000'000'000}));
  const auto error = [](std::string_view bytes) {
    const auto times = ParseRunTimes(bytes, "f.txt");
    return times ? "" : times.error().text();
  };
  EXPECT_EQ(error(""), "f.txt: no run times");
  EXPECT_EQ(error("0.76\n0,80\n"), "f.txt: line 2: column 2: not a number of seconds");
  // What GNU time writes above the figure when the command failed.
  EXPECT_EQ(error("Command exited with non-zero status 1\n0.7\n"),
            "f.txt: line 1: column 1: not a number of seconds");
  EXPECT_EQ(error("0.76\n\n"), "f.txt: line 2: column 1: not a number of seconds");
  EXPECT_EQ(error("-1\n"), "f.txt: line 1: column 1: not a number of seconds");
  EXPECT_EQ(error("1e3\n"), "f.txt: line 1: column 2: not a number of seconds");
}

TEST(Published, FiguresAreBuiltIn) {
  const auto published = BuiltInPublished();
  ASSERT_TRUE(published) << published.error().text();
  EXPECT_EQ(published->cells.size(), 104U);
  EXPECT_EQ(std::count_if(published->cells.begin(), published->cells.end(),
                          [](const PublishedCell& cell) { return cell.n == 100; }),
            90);
  EXPECT_EQ(published->sizes.size(), 104U);
  EXPECT_EQ(PublishedEnvironment("wasmedge", "jit"), "crun-wasmedge-interpreter");
  EXPECT_EQ(PublishedEnvironment("debian", "native"), "runc-debian");
}

TEST(Published, BadTablesAreRefusedByTheField) {
  const auto error = [](std::string_view bytes) {
    const auto cells = ParseMedians(bytes, "m.csv");
    return cells ? "" : cells.error().text();
  };
  const std::string header = "function,runtime,strategy,n,median_ms,mean_ms\n";
  EXPECT_EQ(error("function\n"), "m.csv: line 1: the header has no column runtime");
  EXPECT_EQ(error(header + "f,debian,native,100,,\n"),
            "m.csv: line 2: column median_ms: does not fit n");
  EXPECT_EQ(error(header + "f,debian,native,100,1x,\n"),
            "m.csv: line 2: column median_ms: \"1x\" is not a number");
  EXPECT_EQ(error(header + ",debian,native,0,,\n"), "m.csv: line 2: column function: is empty");
  EXPECT_EQ(
      ParseSizes("function,runtime,strategy,size_kb\nf,debian,native,-3\n", "s.csv").error().text(),
      "s.csv: line 2: column size_kb: is not above 0");
}

// The published 9,000 runs.
class PublishedRuns : public testing::Test {
 protected:
  void SetUp() override {
    const auto samples = ImportRuns(MAYFLY_LAB_SUITE "/../lab/data/published-runs");
    ASSERT_TRUE(samples) << samples.error().text();
    for (const Sample& sample : *samples) {
      seconds_[{sample.function, sample.environment}].push_back(
          static_cast<double>(sample.total_ns) / 1e9);
    }
  }

  double P(const std::string& function, const std::string& a, const std::string& b) {
    const std::vector<double> samples[] = {seconds_[{function, a}], seconds_[{function, b}]};
    const auto test = TestKruskalWallis(samples);
    return test ? test->p : -1;
  }

  std::map<std::pair<std::string, std::string>, std::vector<double>> seconds_;
};

TEST_F(PublishedRuns, HaveThePublishedMeansAndMedians) {
  const auto published = BuiltInPublished();
  size_t runs = 0;
  for (const PublishedCell& cell : published->cells) {
    std::vector<double>& values = seconds_[{cell.function, cell.environment}];
    EXPECT_EQ(static_cast<int64_t>(values.size()), cell.n);
    runs += values.size();
    if (cell.n > 0) {
      const double mean =
          std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(cell.n);
      EXPECT_NEAR(mean * 1000, *cell.mean_ms, 0.0501) << cell.function << " " << cell.environment;
      EXPECT_NEAR(Median(values) * 1000, *cell.median_ms, 1e-6)
          << cell.function << " " << cell.environment;
    }
  }
  EXPECT_EQ(runs, 9000U);
}

TEST_F(PublishedRuns, HaveThePublishedPValues) {
  const struct {
    const char* function;
    const char* a;
    const char* b;
    double p;
  } published[] = {
      {"aes", "crun-wasmedge-aot", "crun-wasmedge-interpreter", 2.087289336332445e-34},
      {"n-body", "crun-wasmedge-aot", "crun-wasmedge-interpreter", 5.299466870942772e-18},
      {"prime-numbers", "crun-wasmedge-aot", "crun-wasmedge-interpreter", 2.5627940063418752e-30},
      {"whatlang", "crun-wasmedge-aot", "crun-wasmedge-interpreter", 4.291323079482615e-23},
      {"matmul", "crun-wasmtime-aot", "crun-wasmtime-jit", 2.3127650483597184e-15},
      {"n-body", "crun-wasmtime-aot", "crun-wasmtime-jit", 3.3872517210775735e-08},
      {"prime-numbers", "crun-wasmtime-aot", "crun-wasmtime-jit", 7.366281182450618e-12},
      {"matmul", "crun-wasmer-aot", "crun-wasmer-jit", 5.693616550511382e-12},
      {"aes", "runc-distroless", "runc-debian", 5.7962203375370764e-27},
      {"matmul", "runc-distroless", "runc-debian", 5.543168411664284e-20},
      {"n-body", "crun-wasmedge-aot", "crun-wasmtime-aot", 0.4475401392406103},
      {"n-body", "crun-wasmtime-aot", "crun-wasmer-aot", 0.9765806173292138},
      {"n-body", "crun-wasmtime-jit", "crun-wasmer-jit", 0.1660650839717439},
  };
  for (const auto& row : published) {
    EXPECT_NEAR(P(row.function, row.a, row.b) / row.p, 1, 1e-12) << row.function << " " << row.a;
  }
}

TEST_F(PublishedRuns, ShowTheModesAndTheDriftThatWereFoundInThem) {
  const auto modes = FindModes(seconds_[{"matmul", "runc-distroless"}]);
  ASSERT_EQ(modes.size(), 2U);
  EXPECT_NEAR(modes[0].median, 1.96, 1e-9);
  EXPECT_NEAR(modes[0].share, 0.64, 1e-9);
  EXPECT_NEAR(modes[1].median, 3.99, 1e-9);
  EXPECT_EQ(FindModes(seconds_[{"aes", "runc-debian"}]).size(), 2U);
  EXPECT_EQ(FindModes(seconds_[{"zip-compression", "crun-wasmtime-aot"}]).size(), 1U);
  EXPECT_TRUE(FindDrift(seconds_[{"n-body", "crun-wasmtime-aot"}]).flagged);
  EXPECT_TRUE(FindDrift(seconds_[{"audio-sine-wave", "runc-distroless"}]).flagged);
  // Small effects that the tests of the paper do not tell.
  EXPECT_NEAR(*CliffsDelta(seconds_[{"zip-compression", "crun-wasmedge-aot"}],
                           seconds_[{"zip-compression", "crun-wasmtime-aot"}]),
              -0.22, 0.005);
}

}  // namespace
}  // namespace mayfly::lab
