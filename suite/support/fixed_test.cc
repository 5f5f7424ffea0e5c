#include "support/fixed.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>

#include "support/sm64.h"

namespace mayfly::suite {
namespace {

std::string Fixed(double value, int decimals) {
  char text[kFixedMaxBytes];
  return {text, WriteFixed(text, value, decimals)};
}

// glibc's conversion is exact, too.
std::string Printf(double value, int decimals) {
  char text[400];
  snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

TEST(WriteFixed, NamesWhatIsNoNumber) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Fixed(kInfinity, 6), "+Inf");
  EXPECT_EQ(Fixed(-kInfinity, 6), "-Inf");
  EXPECT_EQ(Fixed(std::nan(""), 6), "NaN");
  EXPECT_EQ(Fixed(-std::nan(""), 6), "NaN");
}

TEST(WriteFixed, KeepsTheSignOfZero) {
  EXPECT_EQ(Fixed(0.0, 6), "0.000000");
  EXPECT_EQ(Fixed(-0.0, 6), "-0.000000");
  EXPECT_EQ(Fixed(-1e-300, 6), "-0.000000");
}

TEST(WriteFixed, RoundsTiesToEven) {
  EXPECT_EQ(Fixed(0.5, 0), "0");
  EXPECT_EQ(Fixed(1.5, 0), "2");
  EXPECT_EQ(Fixed(0.125, 2), "0.12");
  EXPECT_EQ(Fixed(0.375, 2), "0.38");
  EXPECT_EQ(Fixed(999999.9999999, 6), "1000000.000000");
}

TEST(WriteFixed, AgreesWithPrintfOnEveryMagnitude) {
  Sm64 random(1);
  for (int i = 0; i < 200000; ++i) {
    auto value = std::bit_cast<double>(random.Next());
    int decimals = static_cast<int>(random.Next() % 10);
    if (!std::isfinite(value)) continue;
    ASSERT_EQ(Fixed(value, decimals), Printf(value, decimals)) << value << " " << decimals;
    // Most of the above are far from 1; these are near it.
    double near = std::ldexp(random.NextUnit() - 0.5, static_cast<int>(random.Next() % 140) - 70);
    ASSERT_EQ(Fixed(near, decimals), Printf(near, decimals)) << near << " " << decimals;
  }
}

TEST(WriteFixed, AgreesWithPrintfAtPowersOfTwo) {
  for (int exponent = -1074; exponent < 1024; ++exponent) {
    for (int decimals : {0, 1, 6, 9}) {
      double value = std::ldexp(1.0, exponent);
      ASSERT_EQ(Fixed(value, decimals), Printf(value, decimals)) << exponent;
      ASSERT_EQ(Fixed(std::nextafter(value, 0), decimals),
                Printf(std::nextafter(value, 0), decimals));
    }
  }
  constexpr double kMax = std::numeric_limits<double>::max();
  EXPECT_EQ(Fixed(-kMax, 9), Printf(-kMax, 9));
}

}  // namespace
}  // namespace mayfly::suite
