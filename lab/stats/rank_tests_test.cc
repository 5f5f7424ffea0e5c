// The expected values are scipy 1.10's (kruskal, chi2.sf), unless another source is named.
#include "lab/stats/rank_tests.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace mayfly::lab {
namespace {

using Samples = std::vector<std::vector<double>>;

std::vector<double> Range(int from, int to, int step = 1) {
  std::vector<double> values;
  for (int i = from; i < to; ++i) {
    values.push_back(std::floor(static_cast<double>(i) / step));
  }
  return values;
}

void ExpectTest(const Samples& samples, double h, double p) {
  const auto test = TestKruskalWallis(samples);
  ASSERT_TRUE(test);
  EXPECT_NEAR(test->h / h, 1, 1e-13);
  EXPECT_NEAR(test->p / p, 1, 1e-12);
}

TEST(KruskalWallis, GivesTheExampleOfItsAuthors) {
  // Kruskal and Wallis 1952, table 1.1: bottle caps of three machines, H = 5.656.
  const Samples machines = {{340, 345, 330, 342, 338}, {339, 333, 344}, {347, 343, 349, 355}};
  EXPECT_NEAR(TestKruskalWallis(machines)->h, 5.656, 0.0005);
  ExpectTest(machines, 5.656410256410254, 0.059118869289796136);
}

TEST(KruskalWallis, CorrectsForTies) {
  const std::vector<double> a = {1.1, 2.2, 3.3, 4.4, 5.5, 5.5};
  const std::vector<double> b = {2.2, 3.3, 6.6, 7.7, 5.5};
  ExpectTest({a, b}, 1.233644859813087, 0.2666993689010393);
  ExpectTest({a, b, {9, 8, 7.7, 6, 6.6}}, 8.267857142857151, 0.016019820030942745);
  std::vector<double> shifted = Range(0, 100, 10);
  for (double& value : shifted) {
    value += 5;
  }
  ExpectTest({Range(0, 100, 10), shifted}, 84.48113207547172, 3.87898992297932e-20);
}

TEST(KruskalWallis, KeepsItsDigitsInTheFarTail) {
  ExpectTest({Range(0, 100), Range(100, 200)}, 149.25373134328356, 2.523939423990366e-34);
  ExpectTest({Range(0, 400), Range(400, 800)}, 599.2509363295881, 2.436276124548235e-132);
}

TEST(KruskalWallis, SaysNothingWhereThereIsNothingToRank) {
  EXPECT_FALSE(TestKruskalWallis(Samples{{1, 2}}));
  EXPECT_FALSE(TestKruskalWallis(Samples{{1, 2}, {}}));
  EXPECT_FALSE(TestKruskalWallis(Samples{{3, 3}, {3, 3, 3}}));
  EXPECT_DOUBLE_EQ(TestKruskalWallis(Samples{{1, 2, 3}, {1, 2, 3}})->p, 1);
}

TEST(Holm, StepsDownAndNeverDecreases) {
  // By hand: 4 x 0.005, 3 x 0.01, 2 x 0.03, then 0.04 is raised to what came before.
  const std::vector<double> p = {0.04, 0.005, 0.03, 0.01};
  const std::vector<double> adjusted = AdjustHolm(p);
  EXPECT_NEAR(adjusted[1], 0.02, 1e-15);
  EXPECT_NEAR(adjusted[3], 0.03, 1e-15);
  EXPECT_NEAR(adjusted[2], 0.06, 1e-15);
  EXPECT_NEAR(adjusted[0], 0.06, 1e-15);
  EXPECT_EQ(AdjustHolm(std::vector<double>{0.7, 0.9}), (std::vector<double>{1, 1}));
  EXPECT_TRUE(AdjustHolm({}).empty());
}

TEST(CliffsDelta, CountsPairs) {
  EXPECT_DOUBLE_EQ(*CliffsDelta(std::vector<double>{1, 2}, std::vector<double>{3, 4}), -1);
  EXPECT_DOUBLE_EQ(*CliffsDelta(std::vector<double>{3, 4}, std::vector<double>{1, 2}), 1);
  EXPECT_DOUBLE_EQ(*CliffsDelta(std::vector<double>{1, 2}, std::vector<double>{1, 2}), 0);
  // 2 U / (m n) - 1 with scipy's U.
  EXPECT_DOUBLE_EQ(*CliffsDelta(std::vector<double>{1.1, 2.2, 3.3, 4.4, 5.5, 5.5},
                                std::vector<double>{2.2, 3.3, 6.6, 7.7, 5.5}),
                   -0.4);
  EXPECT_FALSE(CliffsDelta({}, std::vector<double>{1}));
}

}  // namespace
}  // namespace mayfly::lab
