#include "support/shortest.h"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>

#include "support/sm64.h"

namespace mayfly::suite {
namespace {

std::string Format(double value) {
  char text[kDecimalMaxBytes];
  Decimal decimal = ToDecimal(value);
  char* end = FormatDecimal(text, decimal);
  EXPECT_EQ(end - text, WidthOf(decimal)) << value;
  return {text, end};
}

TEST(Shortest, FollowsTheRule) {
  EXPECT_EQ(Format(999999), "999999");
  EXPECT_EQ(Format(1e6), "1e+06");
  EXPECT_EQ(Format(12345678.5), "1.23456785e+07");
  EXPECT_EQ(Format(1e-4), "0.0001");
  EXPECT_EQ(Format(1e-5), "1e-05");
  EXPECT_EQ(Format(-0.0), "-0");
  EXPECT_EQ(Format(0.0), "0");
  EXPECT_EQ(Format(1), "1");
  EXPECT_EQ(Format(-1), "-1");
  EXPECT_EQ(Format(100), "100");
  EXPECT_EQ(Format(-1500.25), "-1500.25");
  EXPECT_EQ(Format(0.1), "0.1");
  EXPECT_EQ(Format(0.00012345), "0.00012345");
  EXPECT_EQ(Format(1e100), "1e+100");
  EXPECT_EQ(Format(-1.5e-300), "-1.5e-300");
  EXPECT_EQ(Format(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(Format(HUGE_VAL), "+Inf");
  EXPECT_EQ(Format(-HUGE_VAL), "-Inf");
}

TEST(Shortest, HandlesTheEndsOfTheRange) {
  EXPECT_EQ(Format(5e-324), "5e-324");
  EXPECT_EQ(Format(2.2250738585072014e-308), "2.2250738585072014e-308");
  EXPECT_EQ(Format(2.225073858507201e-308), "2.225073858507201e-308");
  EXPECT_EQ(Format(1.7976931348623157e308), "1.7976931348623157e+308");
  EXPECT_EQ(Format(-1.7976931348623157e308).size(), kDecimalMaxBytes);
}

// Digits (without point and trailing zeros) and exponent of the first digit, from the standard
// library.
struct Reference {
  std::string digits;
  int exponent = 0;
};
Reference StandardDigits(double value) {
  char text[64];
  auto end =
      std::to_chars(text, text + sizeof text, std::abs(value), std::chars_format::scientific).ptr;
  std::string all(text, end);
  size_t e = all.find('e');
  Reference reference;
  for (char c : all.substr(0, e)) {
    if (c != '.') reference.digits += c;
  }
  while (reference.digits.size() > 1 && reference.digits.back() == '0') reference.digits.pop_back();
  reference.exponent = std::stoi(all.substr(e + 1));
  return reference;
}

void ExpectStandardDigits(double value) {
  Decimal decimal = ToDecimal(value);
  Reference reference = StandardDigits(value);
  ASSERT_EQ(std::to_string(decimal.digits), reference.digits) << value;
  ASSERT_EQ(FirstExponent(decimal), reference.exponent) << value;
  ASSERT_EQ(std::strtod(Format(value).c_str(), nullptr), value);
}

// The hardest choices: at a power of two the interval of a double is lopsided.
TEST(Shortest, AgreesWithTheStandardLibraryAtPowersOfTwo) {
  for (uint64_t exponent = 0; exponent < 0x7ff; ++exponent) {
    for (uint64_t fraction : {uint64_t{0}, uint64_t{1}, (uint64_t{1} << 52) - 1}) {
      uint64_t bits = exponent << 52 | fraction;
      if (bits != 0) ExpectStandardDigits(std::bit_cast<double>(bits));
    }
  }
}

TEST(Shortest, AgreesWithTheStandardLibraryAtRandom) {
  Sm64 random(11);
  for (int i = 0; i < 400000; ++i) {
    uint64_t bits = random.Next();
    // All doubles, numbers near one, whole numbers, few significant bits.
    double value = i % 4 == 0 ? std::bit_cast<double>(bits)
                   : i % 4 == 1
                       ? static_cast<double>(static_cast<int64_t>(bits >> 11)) * 0x1p-50 - 4.0
                   : i % 4 == 2 ? static_cast<double>(bits >> (bits & 63))
                                : std::bit_cast<double>(bits >> 40 << 40);
    if (!std::isfinite(value) || value == 0) continue;
    ExpectStandardDigits(value);
  }
}

}  // namespace
}  // namespace mayfly::suite
