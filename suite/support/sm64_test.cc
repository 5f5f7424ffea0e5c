#include "support/sm64.h"

#include <gtest/gtest.h>

#include "support/ih12.h"

namespace mayfly::suite {
namespace {

TEST(Sm64, FollowsItsDefinition) {
  Sm64 random(1);
  EXPECT_EQ(random.Next(), 0x910a2dec89025cc1u);
  EXPECT_EQ(random.Next(), 0xbeeb8da1658eec67u);
  EXPECT_EQ(random.Next(), 0xf893a2eefb32555eu);
}

TEST(Sm64, UnitIsTheTop53Bits) {
  Sm64 random(1);
  EXPECT_EQ(random.NextUnit(), static_cast<double>(0x910a2dec89025cc1u >> 11) / 9007199254740992.0);
}

TEST(Ih12, HasTheFirstValueOfTheSpecification) {
  Sm64 random(1);
  EXPECT_EQ(Ih12(random), 1.4243480905156511);
}

TEST(Ih12, HasMeanZeroAndVarianceOne) {
  Sm64 random(3);
  constexpr int kCount = 100000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kCount; ++i) {
    double value = Ih12(random);
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / kCount, 0.0, 0.015);
  EXPECT_NEAR(squares / kCount, 1.0, 0.015);
}

}  // namespace
}  // namespace mayfly::suite
