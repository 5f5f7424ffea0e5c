#include "float-operation/parse_float.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mayfly::suite {
namespace {

TEST(ParseFloat, TakesDecimalNumbers) {
  EXPECT_EQ(ParseFloat("10000000"), 1e7);
  EXPECT_EQ(ParseFloat("+.5"), 0.5);
  EXPECT_EQ(ParseFloat("-5."), -5);
  EXPECT_EQ(ParseFloat("1E-3"), 0.001);
  EXPECT_EQ(ParseFloat("00012"), 12);
  EXPECT_TRUE(std::signbit(*ParseFloat("-0")));
  EXPECT_EQ(ParseFloat("2.2250738585072011e-308"), 2.2250738585072011e-308);
}

TEST(ParseFloat, TakesHexadecimalNumbers) {
  EXPECT_EQ(ParseFloat("0x1p4"), 16);
  EXPECT_EQ(ParseFloat("-0X.8P-1"), -0.25);
  EXPECT_EQ(ParseFloat("0x1.fffffffffffff8p0"), 2);  // a tie, to even
  EXPECT_EQ(ParseFloat("0x10"), std::nullopt);       // no exponent
}

TEST(ParseFloat, TakesWhatIsNoFiniteNumber) {
  EXPECT_EQ(ParseFloat("INF"), HUGE_VAL);
  EXPECT_EQ(ParseFloat("+Infinity"), HUGE_VAL);
  EXPECT_EQ(ParseFloat("-inf"), -HUGE_VAL);
  EXPECT_TRUE(std::isnan(ParseFloat("NaN").value()));
  EXPECT_EQ(ParseFloat("1e309"), HUGE_VAL);
  EXPECT_EQ(ParseFloat("-1e999999999999"), -HUGE_VAL);
  EXPECT_EQ(ParseFloat("1e-999999999999"), 0);
}

TEST(ParseFloat, RefusesAllElse) {
  for (const char* bad :
       {"",   " 1",   "1 ",    "+",   "-",      ".",    "e5",      "1e",  "1e+",   "1x",
        "0x", "0xp1", "1.2.3", "1,5", "nan(1)", "+nan", "infinit", "--1", "1_000", "\xff"}) {
    EXPECT_EQ(ParseFloat(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace mayfly::suite
