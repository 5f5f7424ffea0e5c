// SineFloat: sine of a float, the same bits in native and Wasm builds.
//
// The C libraries differ by one unit in the last place here and there; this is the correctly
// rounded value but for about one argument in a hundred million. The idea: reduce to [-pi/4, pi/4]
// in double, with the bits of 2/pi in integers where that would lose too much, and sum a Taylor
// series, which double rounds far below a float's last bit. Needs -ffp-contract=off.
//
// Units: radians. Not a number for infinities and not-a-numbers.
// Sources: M. Payne, R. Hanek, "Radian reduction for trigonometric functions", 1983.
#pragma once

#include <bit>
#include <cstdint>

#include "support/shortest.h"

namespace mayfly::suite {

namespace sine_internal {

// x = quadrant * pi/2 + rest.
struct Reduced {
  uint32_t quadrant;  // modulo 4
  double rest;
};

// |x| < 2^24: pi/2 in two parts, the first so short that its products are exact.
inline Reduced ReduceSmall(double x) {
  constexpr double kTwoOverPi = 0x1.45f306dc9c883p-1;
  constexpr double kHalfPiHigh = 0x1.921fb5p+0;
  constexpr double kHalfPiLow = 0x1.110b4611a6263p-26;
  constexpr double kToInteger = 0x1.8p52;
  double shifted = x * kTwoOverPi + kToInteger;
  double count = shifted - kToInteger;
  return {static_cast<uint32_t>(std::bit_cast<uint64_t>(shifted)),
          (x - count * kHalfPiHigh) - count * kHalfPiLow};
}

// x = significand * 2^exponent, exponent > 0. Bits of 2/pi that would give multiples of 4 quadrants
// are left out, so 128 of them are enough.
inline Reduced ReduceLarge(uint32_t significand, int exponent) {
  // 2/pi; the first bit stands for 1.
  constexpr uint64_t kBits[5] = {0x517cc1b727220a94, 0xfe13abe8fa9a6ee0, 0x6db14acc9e21c820,
                                 0xff28b1d5ef5de2b0, 0xdb92371d2126e970};
  int first = exponent - 1;  // of the bits, the one that stands for 2 when shifted by exponent
  int word = first / 64;
  int shift = first % 64;
  auto bits_from = [&](int i) {
    return shift == 0 ? kBits[i] : kBits[i] << shift | kBits[i + 1] >> (64 - shift);
  };
  Uint128 low = Multiply(bits_from(word + 1), significand);
  uint64_t turns = bits_from(word) * significand + low.high;  // quarter turns times 2^62, modulo 4
  uint64_t rounded = turns + (uint64_t{1} << 61);
  auto rest = static_cast<int64_t>((turns << 2 | low.low >> 62));
  constexpr double kHalfPi = 0x1.921fb54442d18p+0;
  return {static_cast<uint32_t>(rounded >> 62), static_cast<double>(rest) * 0x1p-64 * kHalfPi};
}

inline double SineSeries(double x) {
  double s = x * x;
  return x +
         x * s *
             (-1.0 / 6 +
              s * (1.0 / 120 + s * (-1.0 / 5040 +
                                    s * (1.0 / 362880 + s * (-1.0 / 39916800 +
                                                             s * (1.0 / 6227020800 +
                                                                  s * (-1.0 / 1307674368000)))))));
}

inline double CosineSeries(double x) {
  double s = x * x;
  return 1 - s * (1.0 / 2 -
                  s * (1.0 / 24 -
                       s * (1.0 / 720 -
                            s * (1.0 / 40320 -
                                 s * (1.0 / 3628800 -
                                      s * (1.0 / 479001600 - s * (1.0 / 87178291200 -
                                                                  s * (1.0 / 20922789888000))))))));
}

}  // namespace sine_internal

inline float SineFloat(float x) {
  using namespace sine_internal;
  auto bits = std::bit_cast<uint32_t>(x);
  int biased = static_cast<int>(bits >> 23 & 0xff);
  if (biased == 0xff) return x - x;
  // A tiny sine rounds to its argument, and so keeps the sign of zero.
  if (biased < 127 - 12) return x;
  Reduced reduced;
  if (biased < 127 + 24) {
    reduced = ReduceSmall(x);
  } else {
    reduced = ReduceLarge((bits & 0x7fffff) | 0x800000, biased - 150);
    if (bits >> 31 != 0) {
      reduced.quadrant = 0 - reduced.quadrant;
      reduced.rest = -reduced.rest;
    }
  }
  double value = reduced.quadrant % 2 == 0 ? SineSeries(reduced.rest) : CosineSeries(reduced.rest);
  return static_cast<float>(reduced.quadrant % 4 < 2 ? value : -value);
}

}  // namespace mayfly::suite
