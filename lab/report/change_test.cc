#include "lab/report/change.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

namespace mayfly::lab {
namespace {

// n runs of "noop" around the given milliseconds, with noise of 2 %.
void AddCell(Results& results, const std::string& environment, double ms, int n, uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> noise(1, 0.02);
  for (int i = 0; i < n; ++i) {
    lab::Run run{.sample = {}, .size = "", .phases_ms = {}, .resources = {}};
    run.sample.block = i;
    run.sample.function = "noop";
    run.sample.environment = environment;
    run.sample.total_ns = static_cast<int64_t>(ms * noise(engine) * 1e6);
    run.sample.ok = true;
    results.runs.push_back(std::move(run));
  }
}

const Change& Of(const Comparing& comparing, std::string_view environment) {
  for (const Change& change : comparing.changes) {
    if (change.environment == environment) {
      return change;
    }
  }
  ADD_FAILURE() << "no change of " << environment;
  return comparing.changes.front();
}

TEST(Change, SaysWhatIsBeyondNoiseAndThreshold) {
  Results before;
  Results after;
  const struct {
    const char* environment;
    double old_ms, new_ms;
  } cells[] = {{"slower", 50, 60}, {"faster", 50, 40}, {"same", 50, 50}, {"hardly", 50, 50.6}};
  uint64_t seed = 0;
  for (const auto& cell : cells) {
    AddCell(before, cell.environment, cell.old_ms, 100, ++seed);
    AddCell(after, cell.environment, cell.new_ms, 100, ++seed);
  }
  const Comparing comparing = CompareResults(before, after, {});
  EXPECT_EQ(Of(comparing, "slower").verdict, Verdict::kSlower);
  EXPECT_NEAR(Of(comparing, "slower").ratio->value, 1.2, 0.02);
  EXPECT_EQ(Of(comparing, "faster").verdict, Verdict::kFaster);
  EXPECT_EQ(Of(comparing, "same").verdict, Verdict::kSame);
  EXPECT_EQ(Of(comparing, "hardly").verdict, Verdict::kSame);  // 1.2 %: below the threshold
  const auto strict = CompareResults(before, after, {.threshold = 0, .reference = "", .only = {}});
  EXPECT_EQ(Of(strict, "hardly").verdict, Verdict::kSlower);
  const std::string text = RenderChanges(comparing);
  EXPECT_NE(text.find("slower: 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("no change shown: 2\n"), std::string::npos) << text;
  EXPECT_EQ(ChangesJson(comparing)["changes"].size(), 4U);
}

TEST(Change, IsNotFoundBetweenTwoMeasurementsOfTheSame) {
  int found = 0;
  for (uint64_t seed = 100; seed < 140; ++seed) {
    Results before;
    Results after;
    AddCell(before, "a", 50, 20, seed);
    AddCell(after, "a", 50, 20, seed + 1000);
    const auto comparing =
        CompareResults(before, after, {.threshold = 0, .reference = "", .only = {}});
    found += comparing.changes[0].verdict == Verdict::kSame ? 0 : 1;
  }
  EXPECT_LE(found, 5);
}

TEST(Change, TakesOutWhatHappenedToTheMachine) {
  Results before;
  Results after;  // everything takes 1.5 times as long, and ours 1.2 times more
  AddCell(before, "runc", 80, 60, 1);
  AddCell(after, "runc", 120, 60, 2);
  AddCell(before, "ours", 50, 60, 3);
  AddCell(after, "ours", 75, 60, 4);
  AddCell(before, "worse", 50, 60, 5);
  AddCell(after, "worse", 90, 60, 6);
  const auto comparing =
      CompareResults(before, after, {.threshold = 0.02, .reference = "runc", .only = {}});
  ASSERT_EQ(comparing.changes.size(), 2U);
  EXPECT_EQ(Of(comparing, "ours").verdict, Verdict::kSame);
  EXPECT_EQ(Of(comparing, "worse").verdict, Verdict::kSlower);
  EXPECT_NEAR(Of(comparing, "worse").ratio->value, 1.2, 0.03);
}

TEST(Change, KnowsWhatIsMissingAndTooLittle) {
  Results before;
  Results after;
  AddCell(before, "few", 50, 5, 1);
  AddCell(after, "few", 90, 5, 2);
  AddCell(before, "gone", 50, 10, 3);
  AddCell(after, "new", 50, 10, 4);
  const Comparing comparing = CompareResults(before, after, {});
  EXPECT_EQ(Of(comparing, "few").verdict, Verdict::kUnknown);
  EXPECT_EQ(comparing.only_old, std::vector<std::string>{"noop, gone"});
  EXPECT_EQ(comparing.only_new, std::vector<std::string>{"noop, new"});
  ASSERT_EQ(comparing.differences.size(), 1U);  // no machine.json
  before.machine = {{"sessions", {{{"host", {{"cpus", 2}, {"kernel", "a"}}}}}}};
  after.machine = {{"sessions", {{{"host", {{"cpus", 4}, {"kernel", "a"}}}}}}};
  EXPECT_EQ(CompareResults(before, after, {}).differences,
            std::vector<std::string>{"cpus differs: 2 before, 4 now"});
}

}  // namespace
}  // namespace mayfly::lab
