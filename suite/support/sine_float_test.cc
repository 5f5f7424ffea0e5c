#include "support/sine_float.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace mayfly::suite {
namespace {

// The sine of glibc in double, rounded: correctly rounded but where two roundings differ.
float Rounded(float x) { return static_cast<float>(std::sin(static_cast<double>(x))); }

TEST(SineFloat, IsCorrectlyRoundedOverTheWholeRange) {
  int checked = 0;
  int different = 0;
  // A prime stride through all bit patterns.
  for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 2003) {
    auto x = std::bit_cast<float>(static_cast<uint32_t>(bits));
    if (!std::isfinite(x)) continue;
    float sine = SineFloat(x);
    ++checked;
    if (sine == Rounded(x)) continue;
    ++different;
    ASSERT_EQ(sine, std::nextafter(Rounded(x), sine)) << x;
  }
  EXPECT_GT(checked, 2'000'000);
  EXPECT_LE(different, 2);
}

TEST(SineFloat, HoldsNearMultiplesOfHalfPi) {
  for (int i = -2'000'000; i < 2'000'000; ++i) {
    auto x = static_cast<float>(i * 1.5707963267948966);
    ASSERT_EQ(SineFloat(x), Rounded(x)) << x;
  }
}

TEST(SineFloat, KeepsZerosAndRefusesInfinity) {
  EXPECT_EQ(std::bit_cast<uint32_t>(SineFloat(-0.0f)), 0x80000000u);
  EXPECT_EQ(SineFloat(1e-40f), 1e-40f);
  EXPECT_TRUE(std::isnan(SineFloat(std::numeric_limits<float>::infinity())));
  EXPECT_TRUE(std::isnan(SineFloat(std::nanf(""))));
}

}  // namespace
}  // namespace mayfly::suite
