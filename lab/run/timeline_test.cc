#include "lab/run/timeline.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <numeric>

#include "lab/run/accounts.h"
#include "lab/run/conditions.h"
#include "lab/run/csv_file.h"
#include "lab/run/quota.h"

namespace mayfly::lab {
namespace {

int64_t Sum(const Sample& sample) {
  int64_t sum = 0;
  for (const auto& phase : sample.phases_ns) {
    sum += phase.value_or(0);
  }
  return sum;
}

std::optional<int64_t> At(const Sample& sample, Stage stage) {
  return sample.phases_ns[static_cast<size_t>(stage)];
}

constexpr const char* kEvents =
    "2026-11-23 00:00:00.000000100 +0000 UTC n /snapshot/prepare {\"key\":\"c1\"}\n"
    "2026-11-23 00:00:00.00000015 +0000 UTC n /containers/create {\"id\":\"c1\"}\n"
    "2026-11-23 00:00:00.000000155 +0000 UTC n /containers/create {\"id\":\"c12\"}\n"
    "2026-11-23 00:00:00.0000004 +0000 UTC n /tasks/start {\"container_id\":\"c1\"}\n"
    "2026-11-23 00:00:00.000000500 +0000 UTC n /tasks/exit {\"container_id\":\"c1\"}\n"
    "2026-11-23 00:00:00.000000600 +0000 UTC n /tasks/delete {\"container_id\":\"c1\"}\n"
    "2026-11-23 00:00:00.000000700 +0000 UTC n /containers/delete {\"id\":\"c1\"";

constexpr int64_t kMidnight = 1'795'392'000'000'000'000;

TEST(Timeline, EventTimes) {
  EXPECT_EQ(ParseEventTime("2026-11-23 00:00:00.0000004 +0000 UTC n"), kMidnight + 400);
  EXPECT_EQ(ParseEventTime("2026-11-23 00:00:01 +0000 UTC n"), kMidnight + 1'000'000'000);
  EXPECT_FALSE(ParseEventTime("yesterday"));
  EXPECT_FALSE(ParseEventTime("2026-11-23 00:00:00.x +0000"));
  EXPECT_FALSE(ParseEventTime(""));
}

TEST(Timeline, APeersStagesAddUpToTheTotal) {
  Moments moments;
  AddEventLines(kEvents, "c1", kMidnight, moments);
  EXPECT_FALSE(moments.contains("/containers/delete")) << "the line is not complete";
  Sample sample;
  SetStages(moments, 10, 1000, sample);
  EXPECT_EQ(At(sample, Stage::kClient), 90);
  EXPECT_EQ(At(sample, Stage::kContainerd), 50);
  EXPECT_EQ(At(sample, Stage::kShim), 250);
  EXPECT_FALSE(At(sample, Stage::kCreate));
  EXPECT_EQ(At(sample, Stage::kGuest), 100);
  EXPECT_EQ(At(sample, Stage::kDrain), 100);
  EXPECT_EQ(At(sample, Stage::kTeardown), 400);
  EXPECT_EQ(Sum(sample), 990);
}

TEST(Timeline, MayflysStagesAddUpToTheTotal) {
  Moments moments;
  AddEventLines(kEvents, "c1", kMidnight, moments);
  AddPhaseLines(
      "c1 create begin=200 prepare=210 prepared=230 spawned=240 ready=290 end=300 code=index\n"
      "c1 init begin=241 load=245 loaded=255 restricted=280 ready=285 guest=390\n"
      "c2 init begin=1 load=2 loaded=3\n"
      "c1 guest guest=410 guest-end=440\n"
      "c1 delete begin=510 end=520\nc1 delete begin=900 end=910\nhalf a li",
      "c1", moments);
  EXPECT_EQ(moments.at("delete.begin"), 510);
  Sample sample;
  SetStages(moments, 10, 1000, sample);
  EXPECT_EQ(At(sample, Stage::kShim), 50 + 110);
  EXPECT_EQ(At(sample, Stage::kLoad), 30);
  EXPECT_EQ(At(sample, Stage::kInstantiate), 5);
  EXPECT_EQ(At(sample, Stage::kCreate), 65);
  EXPECT_EQ(At(sample, Stage::kGuest), 30);
  EXPECT_EQ(At(sample, Stage::kDrain), 160);
  EXPECT_EQ(Sum(sample), 990);
}

TEST(Timeline, AnOciRunHasNoDaemon) {
  Moments moments;
  AddPhaseLines(
      "c run begin=20 prepare=30 prepared=35 ready=70 guest-end=95 end=99\n"
      "c init load=40 loaded=42 restricted=50 ready=55 guest=75\n",
      "c", moments);
  Sample sample;
  SetStages(moments, 10, 100, sample);
  EXPECT_EQ(At(sample, Stage::kClient), 10);
  EXPECT_EQ(At(sample, Stage::kGuest), 20);
  EXPECT_EQ(At(sample, Stage::kTeardown), 5);
  EXPECT_FALSE(At(sample, Stage::kDrain));
  EXPECT_EQ(Sum(sample), 90);
}

TEST(Timeline, NothingSeenLeavesAllEmpty) {
  Sample sample;
  SetStages({}, 0, 100, sample);
  EXPECT_EQ(Sum(sample), 0);
}

Plan TwoCells() {
  Plan plan;
  plan.runs = 10;
  plan.min_runs = 2;
  plan.cell_budget_ms = 1000;
  plan.cells.resize(2);
  return plan;
}

Sample RunOf(int64_t total_ms, bool ok = true) {
  Sample sample;
  sample.total_ns = total_ms * 1'000'000;
  sample.ok = ok;
  sample.note = ok ? "" : "broken";
  return sample;
}

TEST(Quotas, ASlowCellGetsFewerRuns) {
  const Plan plan = TwoCells();
  Quota quota(plan);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(quota.Wants(0, false));
    quota.Add(0, RunOf(300));
    quota.Add(1, RunOf(1));
  }
  EXPECT_FALSE(quota.Wants(0, false));
  EXPECT_TRUE(quota.Wants(1, false));
  const auto missing = quota.WhatIsMissing("the time was over");
  ASSERT_EQ(missing.size(), 2U);
  EXPECT_EQ(missing[0].reason, "it is slow: fewer runs");
  EXPECT_EQ(missing[1].reason, "the time was over");
  Quota slowest(plan);
  slowest.Add(0, RunOf(60'000));
  EXPECT_TRUE(slowest.Wants(0, false)) << "min_runs";
}

TEST(Quotas, ACellThatOnlyFailsIsGivenUp) {
  const Plan plan = TwoCells();
  Quota quota(plan);
  for (int i = 0; i < 3; ++i) {
    quota.Add(0, RunOf(1, false));
  }
  EXPECT_FALSE(quota.Wants(0, false));
  EXPECT_FALSE(quota.Wants(0, true));
  EXPECT_TRUE(quota.Wants(1, true));
  EXPECT_NE(quota.WhatIsMissing("")[0].reason.find("broken"), std::string::npos);
}

TEST(Conditions, ListsOfCpus) {
  EXPECT_EQ(*ParseCpus("0-2,5"), (std::vector<int>{0, 1, 2, 5}));
  for (const char* bad : {"", "a", "1-", "2-1", "0,", "0-99999", "-1"}) {
    EXPECT_FALSE(ParseCpus(bad)) << bad;
  }
}

class LabFiles : public testing::Test {
 protected:
  LabFiles() {
    std::string pattern = testing::TempDir() + "lab-files-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~LabFiles() override { std::filesystem::remove_all(folder_); }
  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path whole = folder_ + "/" + path;
    std::filesystem::create_directories(whole.parent_path());
    std::ofstream(whole) << text;
  }
  std::string folder_;
};

TEST_F(LabFiles, LinesThatAreThereAreKnownAndHalfOnesGo) {
  Write("f.csv", "a,b\nx,1\nxy,2\nhal");
  auto file = CsvFile::Open(folder_ + "/f.csv", "a,b");
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_TRUE(file->Has({"x"}));
  EXPECT_FALSE(file->Has({"hal"}));
  EXPECT_FALSE(file->Has({"y"}));
  ASSERT_TRUE(file->Add({"z, \"q\"", "3"}));
  EXPECT_TRUE(CsvFile::Open(folder_ + "/f.csv", "a,b")->Has({"z  q", "3"}) ||
              CsvFile::Open(folder_ + "/f.csv", "a,b")->Has({"z   q "}));
  EXPECT_FALSE(CsvFile::Open(folder_ + "/f.csv", "other"));
}

// Without a daemon of its own the CPU time of a run is not known: it is left empty, not guessed.
// A full run had four rows with read_bytes below 0, and no report could be made of it.
TEST(Accounts, ACounterThatShrankIsNotKnown) {
  EXPECT_EQ(Growth(5, 3), 2);
  EXPECT_EQ(Growth(5, std::nullopt), 5);
  EXPECT_EQ(Growth(3, 5), std::nullopt);
  EXPECT_EQ(Growth(std::nullopt, 5), std::nullopt);
}

TEST_F(LabFiles, AccountsWithoutADaemonAreEmpty) {
  Write("cpuacct/g/cpuacct.usage", "1000000\n");
  Write("memory/g/memory.usage_in_bytes", "4096\n");
  Write("memory/g/memory.max_usage_in_bytes", "0\n");
  Accounts accounts("/g", std::nullopt, folder_);
  accounts.Begin();
  Write("memory/g/memory.max_usage_in_bytes", "1052672\n");
  Sample sample;
  accounts.End(sample);
  EXPECT_FALSE(sample.cpu_us);
  EXPECT_EQ(sample.peak_memory_kib, 1024);
}

}  // namespace
}  // namespace mayfly::lab
