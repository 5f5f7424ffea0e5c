#include "lab/stats/shape.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "lab/stats/resampled.h"

namespace mayfly::lab {
namespace {

// A share of samples that are said to have more than one mode.
double ShareSplit(size_t n, const std::function<double(std::mt19937_64&)>& draw) {
  std::mt19937_64 engine(11);
  int split = 0;
  constexpr int kSamples = 500;
  for (int i = 0; i < kSamples; ++i) {
    std::vector<double> values;
    values.reserve(n);
    for (size_t j = 0; j < n; ++j) {
      values.push_back(draw(engine));
    }
    split += FindModes(std::move(values)).size() > 1 ? 1 : 0;
  }
  return static_cast<double>(split) / kSamples;
}

TEST(Modes, LeaveUnimodalSamplesWhole) {
  std::normal_distribution<double> normal(100, 5);
  std::lognormal_distribution<double> skewed(0, 0.5);
  std::exponential_distribution<double> tail(1);
  for (const size_t n : {30, 50, 100, 200}) {
    const double most = n == 30 ? 0.05 : 0.02;
    EXPECT_LE(ShareSplit(n, [&](auto& engine) { return normal(engine); }), most) << n;
    EXPECT_LE(ShareSplit(n, [&](auto& engine) { return skewed(engine); }), most) << n;
    EXPECT_LE(ShareSplit(n, [&](auto& engine) { return 50 + tail(engine); }), most) << n;
    // The resolution of the published data: 10 ms on a spread of 30.
    EXPECT_LE(
        ShareSplit(n, [&](auto& engine) { return 10 * std::round(76 + normal(engine) - 100); }),
        0.02)
        << n;
  }
}

TEST(Modes, FindTheStallOfTwoSeconds) {
  // As the published matmul and aes: two modes 2 s apart, 64 to 36 and 85 to 15, in steps of 10 ms.
  std::mt19937_64 engine(5);
  std::normal_distribution<double> noise(0, 6);
  for (const int late : {36, 15}) {
    std::vector<double> values;
    values.reserve(100);
    for (int i = 0; i < 100; ++i) {
      values.push_back(10 * std::round(noise(engine)) + (i < late ? 3990 : 1960));
    }
    const std::vector<Mode> modes = FindModes(values);
    ASSERT_EQ(modes.size(), 2U) << late;
    EXPECT_NEAR(modes[0].median, 1960, 30);
    EXPECT_NEAR(modes[1].median, 3990, 30);
    EXPECT_DOUBLE_EQ(modes[1].share, late / 100.0);
  }
}

TEST(Modes, OfEqualAndOfFewValues) {
  EXPECT_TRUE(FindModes({}).empty());
  EXPECT_EQ(FindModes(std::vector<double>(50, 7)).size(), 1U);
  EXPECT_EQ(FindModes({1, 1, 1, 9, 9, 9}).size(), 1U);
  std::vector<double> two_values(30, 1);
  two_values.resize(60, 2);
  EXPECT_EQ(FindModes(two_values).size(), 2U);
  std::vector<double> outliers(97, 1);
  outliers.insert(outliers.end(), {5, 6, 7});
  EXPECT_EQ(FindModes(outliers).size(), 1U);  // three of a hundred are no mode
}

TEST(Drift, AutocorrelationAsWorkedByHand) {
  // 1 to 10: deviations -4.5 to 4.5; products of neighbours 57.75, squares 82.5.
  std::vector<double> rising;
  for (int i = 1; i <= 10; ++i) {
    rising.push_back(i);
  }
  const Drift drift = FindDrift(rising);
  EXPECT_NEAR(drift.autocorrelation, 57.75 / 82.5, 1e-12);
  EXPECT_DOUBLE_EQ(drift.halves_delta, 1);
  EXPECT_TRUE(drift.flagged);
}

TEST(Drift, FlagsAStepAndLeavesNoiseAlone) {
  std::mt19937_64 engine(2);
  std::normal_distribution<double> noise(0, 10);
  int flagged = 0;
  for (int sample = 0; sample < 300; ++sample) {
    std::vector<double> values;
    values.reserve(100);
    for (int i = 0; i < 100; ++i) {
      values.push_back(noise(engine));
    }
    flagged += FindDrift(values).flagged ? 1 : 0;
  }
  EXPECT_LE(flagged, 9);
  std::vector<double> step;
  step.reserve(100);
  for (int i = 0; i < 100; ++i) {
    step.push_back(noise(engine) + (i < 50 ? 849 : 593));  // as the published n-body under Wasmtime
  }
  EXPECT_TRUE(FindDrift(step).flagged);
  EXPECT_DOUBLE_EQ(FindDrift(step).halves_delta, -1);
  EXPECT_FALSE(FindDrift(std::vector<double>(20, 3)).flagged);
  EXPECT_FALSE(FindDrift(std::vector<double>{1, 2, 3}).flagged);
}

TEST(ResampledMedians, AreRatioOfMediansForAnyNumberAndShapeOfBlocks) {
  std::mt19937_64 engine(6);
  std::lognormal_distribution<double> time(3, 0.3);
  for (const int blocks : {6, 7, 40}) {
    for (const int a_block : {1, 2}) {  // runs of a cell in a block
      std::vector<Observation> a;
      std::vector<Observation> b;
      for (int i = 0; i < blocks * a_block; ++i) {
        a.push_back({.block = i % blocks, .value = std::round(time(engine))});  // with ties
        b.push_back({.block = i % blocks, .value = time(engine)});
      }
      BlockDraws draws({.resamples = 500, .seed = 2, .confidence = 0.9});
      const auto ratio = ResampledMedians(a, draws).Over(ResampledMedians(b, draws));
      const auto expected = RatioOfMedians(a, b, draws.options());
      EXPECT_EQ(ratio->interval->low, expected->interval->low) << blocks << " " << a_block;
      EXPECT_EQ(ratio->interval->high, expected->interval->high) << blocks << " " << a_block;
    }
  }
}

TEST(ResampledMedians, AreRatioOfMediansBitForBit) {
  std::mt19937_64 engine(4);
  std::lognormal_distribution<double> time(3, 0.3);
  std::vector<Observation> a;
  std::vector<Observation> b;
  for (int block = 1; block <= 25; ++block) {
    a.push_back({.block = block, .value = time(engine)});
    b.push_back({.block = block, .value = time(engine)});
  }
  BlockDraws draws({.resamples = 2000, .seed = 1, .confidence = 0.95});
  const ResampledMedians numerator(a, draws);
  const ResampledMedians denominator(b, draws);
  const auto expected = RatioOfMedians(a, b, draws.options());
  const auto ratio = numerator.Over(denominator);
  EXPECT_EQ(ratio->value, expected->value);
  EXPECT_EQ(ratio->interval->low, expected->interval->low);
  EXPECT_EQ(ratio->interval->high, expected->interval->high);

  b.pop_back();  // a failed run: the blocks are no longer the same
  const auto uneven = numerator.Over(ResampledMedians(b, draws));
  EXPECT_EQ(uneven->interval->low, RatioOfMedians(a, b, draws.options())->interval->low);
}

TEST(ResampledMedians, IntervalIsThatOfTheExactBootstrap) {
  // The median of a resample of 1..n (n odd) is at most k with P(binomial(n, k/n) >= (n+1)/2)
  // (Efron 1979): for n = 25 the 2.5 % and 97.5 % points are 8 and 18.
  std::vector<Observation> values;
  for (int i = 1; i <= 25; ++i) {
    values.push_back({.block = i, .value = static_cast<double>(i)});
  }
  BlockDraws draws({.resamples = 20'000, .seed = 3, .confidence = 0.95});
  const auto interval = ResampledMedians(values, draws).MedianInterval();
  EXPECT_DOUBLE_EQ(interval->low, 8);
  EXPECT_DOUBLE_EQ(interval->high, 18);
  values.resize(5);
  EXPECT_FALSE(ResampledMedians(values, draws).MedianInterval());
  EXPECT_FALSE(ResampledMedians({}, draws).Over(ResampledMedians(values, draws)));
}

}  // namespace
}  // namespace mayfly::lab
