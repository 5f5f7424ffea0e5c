#include "linear-equations/solve.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "support/ih12.h"
#include "support/sm64.h"

namespace mayfly::suite {
namespace {

TEST(Solve, HasTheValuesOfTheSpecification) {
  constexpr size_t kOrder = 500;
  Sm64 random(1);
  std::vector<double> a(kOrder * kOrder);
  std::vector<double> b(kOrder);
  for (double& cell : a) cell = Ih12(random);
  for (double& cell : b) cell = Ih12(random);
  std::vector<double> factors = a;
  std::vector<double> x = b;
  ASSERT_TRUE(Solve(factors.data(), x.data(), kOrder));
  EXPECT_EQ(x[0], 0.2370085228823181);
  EXPECT_EQ(x[499], 0.6585230633768017);

  double largest = 0;
  for (size_t i = 0; i < kOrder; ++i) {
    double residual = -b[i];
    for (size_t j = 0; j < kOrder; ++j) residual += a[i * kOrder + j] * x[j];
    largest = std::fmax(largest, std::fabs(residual));
  }
  EXPECT_LT(largest, 1e-12);
}

TEST(Solve, ExchangesRowsWhereItMust) {
  double a[] = {0, 2, 3, 0};
  double b[] = {4, 9};
  ASSERT_TRUE(Solve(a, b, 2));
  EXPECT_EQ(b[0], 3);
  EXPECT_EQ(b[1], 2);
}

TEST(Solve, TakesTheFirstOfEqualPivots) {
  // Taking the second row first would leave other factors.
  double a[] = {1, 2, -1, 1};
  double b[] = {5, 1};
  ASSERT_TRUE(Solve(a, b, 2));
  EXPECT_EQ(a[0], 1);
  EXPECT_EQ(a[2], -1);
  EXPECT_EQ(b[0], 1);
  EXPECT_EQ(b[1], 2);
}

TEST(Solve, SaysThatAMatrixIsSingular) {
  double zero[] = {0};
  double one[] = {1};
  EXPECT_FALSE(Solve(zero, one, 1));
  double dependent[] = {1, 2, 2, 4};
  double b[] = {1, 2};
  EXPECT_FALSE(Solve(dependent, b, 2));
}

}  // namespace
}  // namespace mayfly::suite
