// Sine and cosine against MPFR, in units of the last place of the exact value's double.

#include "libm/trig.h"

#include <gtest/gtest.h>
#include <mpfr.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "support/sm64.h"

namespace mayfly::suite {
namespace {

// How many arguments each range is tried with.
constexpr int kSamples = 60000;

class Oracle {
 public:
  Oracle() {
    mpfr_init2(argument_, 53);
    mpfr_init2(sine_, 160);
    mpfr_init2(cosine_, 160);
  }
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;
  ~Oracle() { mpfr_clears(argument_, sine_, cosine_, nullptr); }

  void Set(double x) {
    mpfr_set_d(argument_, x, MPFR_RNDN);
    mpfr_sin_cos(sine_, cosine_, argument_, MPFR_RNDN);
  }

  double SineError(double found) { return Error(sine_, found); }
  double CosineError(double found) { return Error(cosine_, found); }
  float SineFloat() { return mpfr_get_flt(sine_, MPFR_RNDN); }
  float CosineFloat() { return mpfr_get_flt(cosine_, MPFR_RNDN); }

 private:
  static double Error(mpfr_t exact, double found) {
    double nearest = std::fabs(mpfr_get_d(exact, MPFR_RNDN));
    double unit = std::nextafter(nearest, 2.0) - nearest;
    mpfr_t difference;
    mpfr_init2(difference, 160);
    mpfr_sub_d(difference, exact, found, MPFR_RNDN);
    double error = std::fabs(mpfr_get_d(difference, MPFR_RNDN)) / unit;
    mpfr_clear(difference);
    return error;
  }

  mpfr_t argument_;
  mpfr_t sine_;
  mpfr_t cosine_;
};

// The largest errors over the arguments that next() yields.
template <typename Next>
std::pair<double, double> LargestErrors(int count, Next next) {
  Oracle oracle;
  double sine = 0;
  double cosine = 0;
  for (int i = 0; i < count; ++i) {
    double x = next(i);
    oracle.Set(x);
    sine = std::fmax(sine, oracle.SineError(Sine(x)));
    cosine = std::fmax(cosine, oracle.CosineError(Cosine(x)));
    auto both = SineCosine(x);
    EXPECT_EQ(both.sine, Sine(x)) << x;
    EXPECT_EQ(both.cosine, Cosine(x)) << x;
  }
  return {sine, cosine};
}

void ExpectWithin(double limit, std::pair<double, double> errors, const char* range) {
  EXPECT_LT(errors.first, limit) << range;
  EXPECT_LT(errors.second, limit) << range;
  testing::Test::RecordProperty(
      range, std::to_string(errors.first) + " sine, " + std::to_string(errors.second) + " cosine");
  printf("%-40s %.4f ulp sine, %.4f ulp cosine\n", range, errors.first, errors.second);
}

// 1 is promised; what is found is below this.
constexpr double kLimitUlp = 0.85;

TEST(Trig, StaysWithinOneUlpInTheFirstOctant) {
  Sm64 random(1);
  ExpectWithin(kLimitUlp,
               LargestErrors(4 * kSamples, [&](int) { return random.NextUnit() * 0.7854; }),
               "0 to pi/4");
}

TEST(Trig, StaysWithinOneUlpUpToALargeMultiple) {
  Sm64 random(2);
  ExpectWithin(kLimitUlp, LargestErrors(kSamples, [&](int) { return random.NextUnit() * 30 - 15; }),
               "-15 to 15");
  ExpectWithin(kLimitUlp, LargestErrors(kSamples, [&](int) { return random.NextUnit() * 2.2e8; }),
               "0 to 2.2e8, both reductions");
  ExpectWithin(kLimitUlp, LargestErrors(kSamples, [&](int i) { return 167.0 * i; }),
               "whole numbers to 10 million");
}

TEST(Trig, StaysWithinOneUlpForEveryExponent) {
  Sm64 random(3);
  ExpectWithin(kLimitUlp,
               LargestErrors(4 * kSamples,
                             [&](int) {
                               for (;;) {
                                 auto x = std::bit_cast<double>(random.Next());
                                 if (std::isfinite(x)) return x;
                               }
                             }),
               "all finite doubles");
}

// The doubles around k pi/2 leave the smallest remainders.
TEST(Trig, StaysWithinOneUlpNextToMultiplesOfHalfPi) {
  Sm64 random(4);
  mpfr_t multiple;
  mpfr_init2(multiple, 400);
  auto next = [&](int i) {
    mpfr_const_pi(multiple, MPFR_RNDN);
    uint64_t bits = 1 + static_cast<uint64_t>(i) % 50;
    mpfr_mul_ui(multiple, multiple, 1 + (random.Next() >> (64 - bits)), MPFR_RNDN);
    double x = mpfr_get_d(multiple, MPFR_RNDN) / 2;
    return i % 3 == 0 ? x : std::nextafter(x, i % 3 == 1 ? 0.0 : 1e300);
  };
  ExpectWithin(kLimitUlp, LargestErrors(2 * kSamples, next), "next to multiples of pi/2");
  mpfr_clear(multiple);
}

TEST(Trig, StaysWithinOneUlpForTheHardestArguments) {
  // The double nearest to a multiple of pi/2 of all (J.-M. Muller, "Elementary Functions", 11.2),
  // the largest one, and powers of two.
  std::vector<double> hard = {0x1.6ac5b262ca1ffp+849,
                              std::numeric_limits<double>::max(),
                              1e22,
                              1e308,
                              0x1p26,
                              0x1.921fb54442d18p+26,
                              0x1.921fb54442d19p+26};
  for (int e = -40; e < 1024; ++e) hard.push_back(std::ldexp(1.0, e));
  for (size_t i = 0, plain = hard.size(); i < plain; ++i) hard.push_back(-hard[i]);
  ExpectWithin(kLimitUlp,
               LargestErrors(static_cast<int>(hard.size()),
                             [&](int i) { return hard[static_cast<size_t>(i)]; }),
               "hard cases");
}

TEST(Trig, KeepsZerosAndTinyNumbers) {
  EXPECT_EQ(std::bit_cast<uint64_t>(Sine(-0.0)), std::bit_cast<uint64_t>(-0.0));
  EXPECT_EQ(Cosine(-0.0), 1.0);
  EXPECT_EQ(Sine(5e-324), 5e-324);
  EXPECT_EQ(Sine(-1e-310), -1e-310);
  EXPECT_EQ(Cosine(1e-310), 1.0);
}

TEST(Trig, HasNoValueAtInfinity) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (double x : {kInfinity, -kInfinity, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_TRUE(std::isnan(Sine(x)));
    EXPECT_TRUE(std::isnan(Cosine(x)));
    EXPECT_TRUE(std::isnan(SineCosine(x).sine));
    EXPECT_TRUE(std::isnan(SineCosine(x).cosine));
  }
}

TEST(Trig, RoundsFloatsCorrectly) {
  Sm64 random(5);
  Oracle oracle;
  for (int i = 0; i < 4 * kSamples; ++i) {
    auto x = std::bit_cast<float>(static_cast<uint32_t>(random.Next()));
    if (i % 2 == 0) x = static_cast<float>(random.NextUnit() * 3000);
    if (!std::isfinite(x)) continue;
    oracle.Set(static_cast<double>(x));
    ASSERT_EQ(SineFloat(x), oracle.SineFloat()) << x;
    ASSERT_EQ(CosineFloat(x), oracle.CosineFloat()) << x;
  }
}

}  // namespace
}  // namespace mayfly::suite
