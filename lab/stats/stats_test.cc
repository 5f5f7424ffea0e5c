#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "lab/stats/quantile.h"
#include "lab/stats/random.h"
#include "lab/stats/ratio.h"

namespace mayfly::lab {
namespace {

std::vector<double> OneTo(int n) {
  std::vector<double> values(static_cast<size_t>(n));
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

TEST(Random, IsTheEngineOfTheStandard) {
  // C++23 [rand.predef]: the 10000th draw of a default-seeded mt19937_64 is 9981545732273789042.
  Random random(5489);
  uint64_t draw = 0;
  for (int i = 0; i < 10'000; ++i) {
    draw = random.Below(UINT64_MAX);
  }
  EXPECT_EQ(draw, 9981545732273789042U);
}

TEST(Random, ShuffleIsAPermutationAndFollowsTheSeed) {
  std::vector<int> a(50);
  std::iota(a.begin(), a.end(), 0);
  std::vector<int> b = a;
  std::vector<int> c = a;
  Random(7).Shuffle(a);
  Random(7).Shuffle(b);
  Random(8).Shuffle(c);
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
  std::sort(c.begin(), c.end());
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(c[static_cast<size_t>(i)], i);
  }
}

TEST(Random, ShuffleGivesEveryOrderEquallyOften) {
  Random random(3);
  int counts[6] = {};
  for (int i = 0; i < 6000; ++i) {
    std::vector<int> items = {0, 1, 2};
    random.Shuffle(items);
    counts[items[0] * 2 + (items[1] > items[2] ? 1 : 0)]++;
  }
  for (const int count : counts) {
    EXPECT_NEAR(count, 1000, 120);  // four standard deviations
  }
}

TEST(Quantile, FollowsDefinitionSeven) {
  const std::vector<double> values = {1, 2, 3, 4};
  EXPECT_DOUBLE_EQ(Quantile(values, 0), 1);
  EXPECT_DOUBLE_EQ(Quantile(values, 1), 4);
  EXPECT_DOUBLE_EQ(Quantile(values, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(Quantile(values, 0.25), 1.75);  // R: quantile(1:4, 0.25)
  EXPECT_DOUBLE_EQ(Quantile(OneTo(20), 0.95), 19.05);
  EXPECT_DOUBLE_EQ(Quantile(std::vector<double>{5}, 0.95), 5);
}

TEST(Median, OfOddAndEvenCounts) {
  EXPECT_DOUBLE_EQ(Median({9, 1, 5}), 5);
  EXPECT_DOUBLE_EQ(Median({9, 1, 5, 7}), 6);
  EXPECT_DOUBLE_EQ(Median({3}), 3);
}

TEST(MedianInterval, HasTheRanksOfTheTables) {
  // Ranks of the 95 % interval as printed in tables of the binomial interval of the median.
  const struct {
    int n, low, high;
  } table[] = {{6, 1, 6}, {10, 2, 9}, {20, 6, 15}, {25, 8, 18}, {50, 18, 33}, {100, 40, 61}};
  for (const auto& row : table) {
    const auto interval = MedianInterval(OneTo(row.n), 0.95);
    ASSERT_TRUE(interval) << row.n;
    EXPECT_DOUBLE_EQ(interval->low, row.low) << row.n;
    EXPECT_DOUBLE_EQ(interval->high, row.high) << row.n;
  }
}

TEST(MedianInterval, IsRefusedWhereNoRankReachesTheConfidence) {
  EXPECT_FALSE(MedianInterval(OneTo(5), 0.95));
  EXPECT_FALSE(MedianInterval({}, 0.95));
  EXPECT_TRUE(MedianInterval(OneTo(5), 0.9));
}

std::vector<Observation> InBlocks(const std::vector<double>& values) {
  std::vector<Observation> observations;
  observations.reserve(values.size());
  for (const double value : values) {
    observations.push_back({.block = static_cast<int64_t>(observations.size()), .value = value});
  }
  return observations;
}

TEST(Ratio, OfProportionalCellsHasNoSpread) {
  // Every value of one is twice the other's in the same block: every resample has the ratio 2.
  std::vector<double> base = OneTo(21);
  std::vector<double> twice = base;
  for (double& value : twice) {
    value *= 2;
  }
  const auto ratio = RatioOfMedians(InBlocks(twice), InBlocks(base));
  ASSERT_TRUE(ratio && ratio->interval);
  EXPECT_DOUBLE_EQ(ratio->value, 2);
  EXPECT_DOUBLE_EQ(ratio->interval->low, 2);
  EXPECT_DOUBLE_EQ(ratio->interval->high, 2);
}

TEST(Ratio, AgainstAConstantIsTheBootstrapOfTheMedian) {
  // n = 7 values 1..7 over a constant 1: the median of a resample is <= k with P(B(7, k/7) >= 4),
  // so the 2.5 % quantile is 2 (P(<= 1) = 0.010, P(<= 2) = 0.10) and the 97.5 % one is 6 by
  // symmetry.
  const auto ratio = RatioOfMedians(InBlocks(OneTo(7)), InBlocks(std::vector<double>(7, 1.0)));
  ASSERT_TRUE(ratio && ratio->interval);
  EXPECT_DOUBLE_EQ(ratio->value, 4);
  EXPECT_DOUBLE_EQ(ratio->interval->low, 2);
  EXPECT_DOUBLE_EQ(ratio->interval->high, 6);
}

TEST(Ratio, SaysNothingWithoutData) {
  EXPECT_FALSE(RatioOfMedians({}, InBlocks({1, 2})));
  EXPECT_FALSE(RatioOfMedians(InBlocks({1, 2}), InBlocks({0, 0})));
  const auto few = RatioOfMedians(InBlocks({2, 2, 2}), InBlocks({1, 1, 1}));
  ASSERT_TRUE(few);
  EXPECT_DOUBLE_EQ(few->value, 2);
  EXPECT_FALSE(few->interval);
}

TEST(Ratio, UsesBlocksWithOneSideMissing) {
  auto numerator = InBlocks({2, 2, 2, 2, 2, 2, 2, 2});
  auto denominator = InBlocks({1, 1, 1, 1, 1, 1, 1, 1});
  denominator.erase(denominator.begin());
  const auto ratio = RatioOfMedians(numerator, denominator);
  ASSERT_TRUE(ratio && ratio->interval);
  EXPECT_DOUBLE_EQ(ratio->interval->low, 2);
}

TEST(Ratio, CoversTheTruthAboutAsOftenAsItSays) {
  // Log-normal times with a shared drift per block, true ratio 1.1, 20 blocks: of 400 experiments
  // about 95 % must cover it. 90 % to 99 % is what a sound interval passes and a one-sided or
  // unpaired slip fails.
  std::mt19937_64 engine(11);
  std::lognormal_distribution<double> noise(0, 0.05);
  std::lognormal_distribution<double> drift(0, 0.2);
  int covered = 0;
  double width = 0;
  for (int experiment = 0; experiment < 200; ++experiment) {
    std::vector<double> a;
    std::vector<double> b;
    for (int block = 0; block < 20; ++block) {
      const double shared = drift(engine);
      a.push_back(110 * shared * noise(engine));
      b.push_back(100 * shared * noise(engine));
    }
    const auto ratio = RatioOfMedians(InBlocks(a), InBlocks(b), {.resamples = 300});
    ASSERT_TRUE(ratio && ratio->interval);
    covered += ratio->interval->low <= 1.1 && 1.1 <= ratio->interval->high ? 1 : 0;
    width += (ratio->interval->high - ratio->interval->low) / 200;
  }
  EXPECT_GE(covered, 180);
  EXPECT_LE(covered, 199);
  EXPECT_LT(width, 0.2);  // unpaired resampling of this drift is about 0.35 wide
}

}  // namespace
}  // namespace mayfly::lab
