#include "libm/trig.h"

#include <bit>
#include <cstdint>

#include "libm/trig_tables.h"

namespace mayfly::suite {
namespace {

// An argument after reduction: x = (quadrant + 4n) pi/2 + high + low, |high| <= pi/4, and low is
// below half a unit in the last place of high.
struct Reduced {
  double high;
  double low;
  uint32_t quadrant;
};

constexpr double kQuarterPi = 0x1.921fb54442d18p-1;
constexpr double kSplitLimit = 0x1.921fb54442d18p+26;  // 2^26 pi/2
constexpr double kTiny = 0x1p-27;  // r^3/6 is below half an ulp of r, r^2/2 of 1

// a - b without error, as difference and what it lacks. Source: D. Knuth, TAOCP 2, 4.2.2.
inline double Difference(double a, double b, double& error) {
  double difference = a - b;
  double part = a - difference;
  error = (a - (difference + part)) + (part - b);
  return difference;
}

// For |x| <= kSplitLimit: takes the nearest multiple of pi/2 away, part by part.
inline Reduced ReduceBySubtraction(double x) {
  constexpr double kToWhole = 0x1.8p52;  // its unit in the last place is 1
  double shifted = x * kTwoOverPi + kToWhole;
  double multiple = shifted - kToWhole;
  double error_1;
  double error_2;
  double rest = x - multiple * kHalfPiPart[0];
  rest = Difference(rest, multiple * kHalfPiPart[1], error_1);
  rest = Difference(rest, multiple * kHalfPiPart[2], error_2);
  double low = (error_1 + error_2) - multiple * kHalfPiPart[3];
  double high = rest + low;
  return {high, (rest - high) + low, static_cast<uint32_t>(std::bit_cast<uint64_t>(shifted)) & 3};
}

struct Product {
  uint64_t high;
  uint64_t low;
};

// Wasm has no instruction for the upper half of a product.
inline Product Multiply(uint64_t a, uint64_t b) {
  uint64_t a_low = static_cast<uint32_t>(a);
  uint64_t a_high = a >> 32;
  uint64_t b_low = static_cast<uint32_t>(b);
  uint64_t b_high = b >> 32;
  uint64_t cross = a_high * b_low + (a_low * b_low >> 32);
  uint64_t middle = a_low * b_high + static_cast<uint32_t>(cross);
  return {a_high * b_high + (cross >> 32) + (middle >> 32), a * b};
}

// a * b without error, as product and what it lacks. Source: T. Dekker, Numer. Math. 18, 1971.
inline double ExactProduct(double a, double b, double& error) {
  constexpr double kSplit = 0x1p27 + 1;
  double product = a * b;
  double a_high = a * kSplit - (a * kSplit - a);
  double b_high = b * kSplit - (b * kSplit - b);
  double a_low = a - a_high;
  double b_low = b - b_high;
  error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
  return product;
}

// For |x| > kSplitLimit. x = m 2^e with whole m; of the digits of 2/pi those whose product with x
// is a multiple of 4 are left out, the next 192 are used.
[[gnu::noinline]] Reduced ReduceByDigits(double x) {
  uint64_t bits = std::bit_cast<uint64_t>(x);
  uint64_t m = (bits & 0x000fffffffffffff) | 0x0010000000000000;
  uint32_t e = static_cast<uint32_t>(bits >> 52 & 0x7ff) - 1075;
  // The digit of weight 2^-i is the i-th, and those with e - i >= 2 fall away. For e below 2 the
  // window begins before the point, with zeros; it is then moved by whole words of none.
  uint64_t window[3];
  int32_t first = static_cast<int32_t>(e) - 2;  // digits left out
  for (int i = 0; i < 3; ++i) {
    int32_t at = first + 64 * i;
    auto word = [](int32_t index) { return index < 0 ? 0 : kTwoOverPiBits[index]; };
    int32_t index = at >> 6;
    uint32_t shift = static_cast<uint32_t>(at) & 63;
    window[i] = word(index) << shift | (shift == 0 ? 0 : word(index + 1) >> (64 - shift));
  }
  Product low = Multiply(m, window[2]);
  Product middle = Multiply(m, window[1]);
  uint64_t second = middle.low + low.high;
  uint64_t top = m * window[0] + middle.high + (second < middle.low ? 1 : 0);
  // top:second:low is x * 2/pi modulo 4 with the point after its second digit.
  auto quadrant = static_cast<uint32_t>(top >> 62);
  top = top << 2 | second >> 62;
  second = second << 2 | low.low >> 62;
  uint64_t third = low.low << 2;
  bool negative = (top >> 63) != 0;  // above one half: the next multiple is nearer
  if (negative) {
    ++quadrant;
    top = ~top;
    second = ~second;
    third = ~third;
  }
  int shift = 0;
  while (top == 0) {  // at most once: no double is nearer to a multiple of pi/2 than 2^-62
    top = second;
    second = third;
    third = 0;
    shift += 64;
  }
  int zeros = std::countl_zero(top);
  if (zeros > 0) {
    top = top << zeros | second >> (64 - zeros);
    second = second << zeros | third >> (64 - zeros);
    shift += zeros;
  }
  // The fraction as two doubles: 53 digits, and 53 more.
  double scale = std::bit_cast<double>(static_cast<uint64_t>(1023 - shift) << 52);
  double fraction = static_cast<double>(static_cast<int64_t>(top >> 11)) * 0x1p-53 * scale;
  double rest = static_cast<double>(static_cast<int64_t>((top & 0x7ff) << 42 | second >> 22)) *
                0x1p-106 * scale;
  double error;
  double product = ExactProduct(fraction, kHalfPi[0], error);
  double lack = error + (fraction * kHalfPi[1] + rest * kHalfPi[0]);
  double high = product + lack;
  Reduced reduced{high, (product - high) + lack, quadrant & 3};
  bool flip = negative != ((bits >> 63) != 0);
  if (flip) reduced.high = -reduced.high, reduced.low = -reduced.low;
  if ((bits >> 63) != 0) reduced.quadrant = (0 - quadrant) & 3;
  return reduced;
}

inline Reduced Reduce(double x, double magnitude) {
  if (magnitude <= kSplitLimit) [[likely]]
    return ReduceBySubtraction(x);
  return ReduceByDigits(x);
}

// sin(high + low) = high + (low + high^3 tail), less what low changes in the cosine.
inline double SineNearZero(double high, double low) {
  double z = high * high;
  double z2 = z * z;
  double tail = (kSineTail[0] + z * kSineTail[1]) + z2 * (kSineTail[2] + z * kSineTail[3]) +
                (z2 * z2) * (kSineTail[4] + z * kSineTail[5]);
  return high + (high * z * tail + (low - 0.5 * z * low));
}

// cos(high + low) = 1 - z/2 + (z^2 tail - high low), with the rounding of 1 - z/2 made good.
inline double CosineNearZero(double high, double low) {
  double z = high * high;
  double z2 = z * z;
  double tail = (kCosineTail[0] + z * kCosineTail[1]) + z2 * (kCosineTail[2] + z * kCosineTail[3]) +
                (z2 * z2) * (kCosineTail[4] + z * kCosineTail[5]);
  double half = 0.5 * z;
  double start = 1.0 - half;
  return start + (((1.0 - start) - half) + (z2 * tail - high * low));
}

inline double InQuadrant(const Reduced& r, uint32_t quadrant) {
  double value = (quadrant & 1) != 0 ? CosineNearZero(r.high, r.low) : SineNearZero(r.high, r.low);
  return (quadrant & 2) != 0 ? -value : value;
}

inline double Magnitude(double x) {
  return std::bit_cast<double>(std::bit_cast<uint64_t>(x) & 0x7fffffffffffffff);
}

// Neither an infinity nor NaN.
inline bool IsFinite(double magnitude) { return magnitude <= 0x1.fffffffffffffp1023; }

}  // namespace

double Sine(double x) {
  double magnitude = Magnitude(x);
  if (magnitude <= kQuarterPi) return magnitude < kTiny ? x : SineNearZero(x, 0);
  if (!IsFinite(magnitude)) return x - x;
  Reduced r = Reduce(x, magnitude);
  return InQuadrant(r, r.quadrant);
}

double Cosine(double x) {
  double magnitude = Magnitude(x);
  if (magnitude <= kQuarterPi) return CosineNearZero(x, 0);
  if (!IsFinite(magnitude)) return x - x;
  Reduced r = Reduce(x, magnitude);
  return InQuadrant(r, r.quadrant + 1);
}

SineAndCosine SineCosine(double x) {
  double magnitude = Magnitude(x);
  if (magnitude <= kQuarterPi) {
    return {magnitude < kTiny ? x : SineNearZero(x, 0), CosineNearZero(x, 0)};
  }
  if (!IsFinite(magnitude)) return {x - x, x - x};
  Reduced r = Reduce(x, magnitude);
  double sine = SineNearZero(r.high, r.low);
  double cosine = CosineNearZero(r.high, r.low);
  if ((r.quadrant & 1) != 0) {
    double swapped = sine;
    sine = cosine;
    cosine = -swapped;
  }
  if ((r.quadrant & 2) != 0) sine = -sine, cosine = -cosine;
  return {sine, cosine};
}

}  // namespace mayfly::suite
