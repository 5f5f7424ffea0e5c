// Shortest decimal text of doubles.
//
// ToDecimal() finds the fewest digits that read back as the same double (the nearest such number,
// if several); WidthOf() and FormatDecimal() render it by the suite's rule SHORTEST: with e the
// exponent of the first digit, `d.ddde±XX` if e < -4 or e >= 6 (sign always, at least two exponent
// digits), else plain decimal without trailing zeros. Search and rendering are apart so that a
// caller that needs widths first converts once.
//
// The search is Schubfach: scale the interval of numbers that round to the double by a power of
// ten, so that it holds one or a few integers, and choose among them. It needs 10 KB of table, a
// tenth of what the to_chars of libc++ brings along, and is the same code in native and Wasm
// builds. Sources: R. Giulietti, "The Schubfach way to render doubles", 2020.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "support/pow10_table.h"

namespace mayfly::suite {

// Value = ±digits * 10^exponent, digits without trailing zeros (0 for zero).
struct Decimal {
  enum class Kind : uint8_t { kFinite, kInfinity, kNan };

  uint64_t digits;
  int16_t exponent;
  uint8_t digit_count;
  Kind kind : 7;
  bool negative : 1;
};
static_assert(sizeof(Decimal) == 16);

// The longest rendering is like -1.2345678901234567e-308.
inline constexpr size_t kDecimalMaxBytes = 24;

// a * b as 128 bits.
constexpr Uint128 Multiply(uint64_t a, uint64_t b) {
#if defined(__wasm__)
  // Wasm has no wide multiplication; four narrow ones are cheaper than the call that __int128
  // becomes.
  uint64_t a0 = a & UINT32_MAX, a1 = a >> 32, b0 = b & UINT32_MAX, b1 = b >> 32;
  uint64_t p00 = a0 * b0, p01 = a0 * b1, p10 = a1 * b0, p11 = a1 * b1;
  uint64_t middle = (p00 >> 32) + (p01 & UINT32_MAX) + (p10 & UINT32_MAX);
  return {p11 + (p01 >> 32) + (p10 >> 32) + (middle >> 32), middle << 32 | (p00 & UINT32_MAX)};
#else
  __extension__ using Wide = unsigned __int128;
  Wide product = static_cast<Wide>(a) * b;
  return {static_cast<uint64_t>(product >> 64), static_cast<uint64_t>(product)};
#endif
}

// 192 bits, enough for a power of ten times a scaled significand.
struct Uint192 {
  uint64_t top, middle, bottom;
};

constexpr Uint192 MultiplyWide(Uint128 g, uint64_t factor) {
  Uint128 low = Multiply(g.low, factor);
  Uint128 high = Multiply(g.high, factor);
  uint64_t middle = high.low + low.high;
  return {high.high + (middle < high.low), middle, low.low};
}

// 0 < bits < 64.
constexpr Uint192 ShiftLeft(Uint128 g, int bits) {
  return {g.high >> (64 - bits), g.high << bits | g.low >> (64 - bits), g.low << bits};
}

constexpr Uint192 Add(Uint192 a, Uint192 b) {
  uint64_t bottom = a.bottom + b.bottom;
  uint64_t carry = bottom < a.bottom;
  uint64_t middle = a.middle + b.middle;
  uint64_t carry_up = middle < a.middle;
  middle += carry;
  carry_up += middle < carry;
  return {a.top + b.top + carry_up, middle, bottom};
}

constexpr Uint192 Subtract(Uint192 a, Uint192 b) {
  uint64_t borrow = a.bottom < b.bottom;
  uint64_t middle = a.middle - b.middle;
  uint64_t borrow_up = a.middle < b.middle;
  borrow_up += middle < borrow;
  return {a.top - b.top - borrow_up, middle - borrow, a.bottom - b.bottom};
}

// floor(value / 2^128), with the lowest bit set if the rest counts: enough to compare with integers
// and halves. A rest of 1 / 2^64 or less is the rounding of g.
constexpr uint64_t RoundToOdd(Uint192 value) { return value.top | (value.middle > 1); }

// The finite, non-zero double significand * 2^exponent; digits may still end in zeros.
struct Scaled {
  uint64_t digits;
  int exponent;
};
constexpr Scaled ShortestOf(uint64_t significand, int exponent, bool lower_is_closer) {
  // Even significands own the ends of their interval.
  bool ends_excluded = significand % 2 != 0;

  // k = floor(log10(width of the interval)); 1262611 / 2^22 is log10(2), 524031 / 2^22 is
  // log10(4/3).
  int k = (exponent * 1262611 - (lower_is_closer ? 524031 : 0)) >> 22;
  // floor(log2(10^-k)) by 1741647 / 2^19 = log2(10).
  int h = exponent + ((-k * 1741647) >> 19) + 1;
  // In units of a quarter: four times the number, and the ends of its interval two (or one) away.
  Uint128 g = kPow10Table[-k - kPow10Min];
  Uint192 centre = MultiplyWide(g, (4 * significand) << h);
  uint64_t lower =
      RoundToOdd(Subtract(centre, ShiftLeft(g, lower_is_closer ? h : h + 1))) + ends_excluded;
  uint64_t value = RoundToOdd(centre);
  uint64_t upper = RoundToOdd(Add(centre, ShiftLeft(g, h + 1))) - ends_excluded;

  uint64_t s = value / 4;
  if (s >= 10) {
    // One digit fewer, if exactly one of the neighbouring multiples of ten is inside.
    uint64_t tens = s / 10;
    bool down_inside = lower <= 40 * tens;
    bool up_inside = 40 * tens + 40 <= upper;
    if (down_inside != up_inside) return {tens + up_inside, k + 1};
  }
  bool down_inside = lower <= 4 * s;
  bool up_inside = 4 * s + 4 <= upper;
  if (down_inside != up_inside) return {s + up_inside, k};
  // Both or none: the nearer one, ties to even.
  uint64_t middle = 4 * s + 2;
  bool round_up = value > middle || (value == middle && s % 2 != 0);
  return {s + round_up, k};
}

constexpr int CountDigits(uint64_t value) {
  constexpr auto kPowers = [] {
    std::array<uint64_t, 20> powers{};  // the first is 0, so that 0 has one digit
    uint64_t power = 1;
    for (size_t i = 1; i < powers.size(); ++i) powers[i] = power *= 10;
    return powers;
  }();
  // 1233 / 2^12 is just above log10(2); the estimate is right or one too small.
  int estimate = (64 - std::countl_zero(value | 1)) * 1233 >> 12;
  return estimate + (value >= kPowers[estimate]);
}

constexpr Decimal ToDecimal(double value) {
  auto bits = std::bit_cast<uint64_t>(value);
  uint64_t fraction = bits & ((uint64_t{1} << 52) - 1);
  int biased = static_cast<int>(bits >> 52 & 0x7ff);
  bool negative = bits >> 63 != 0;
  if (biased == 0x7ff) {
    return {0, 0, 0, fraction == 0 ? Decimal::Kind::kInfinity : Decimal::Kind::kNan, negative};
  }
  if (biased == 0 && fraction == 0) return {0, 0, 1, Decimal::Kind::kFinite, negative};

  Scaled scaled = biased == 0 ? ShortestOf(fraction, -1074, false)
                              : ShortestOf(fraction | uint64_t{1} << 52, biased - 1075,
                                           fraction == 0 && biased > 1);
  while (scaled.digits % 10 == 0) {
    scaled.digits /= 10;
    ++scaled.exponent;
  }
  return {scaled.digits, static_cast<int16_t>(scaled.exponent),
          static_cast<uint8_t>(CountDigits(scaled.digits)), Decimal::Kind::kFinite, negative};
}

// Exponent of the first digit; whether the number is written with it.
constexpr int FirstExponent(const Decimal& d) { return d.exponent + d.digit_count - 1; }
constexpr bool IsScientific(int first_exponent) {
  return first_exponent < -4 || first_exponent >= 6;
}

constexpr int WidthOf(const Decimal& d) {
  if (d.kind == Decimal::Kind::kNan) return 3;
  if (d.kind == Decimal::Kind::kInfinity) return 4;
  int e = FirstExponent(d);
  int n = d.digit_count;
  int sign = d.negative;
  if (IsScientific(e)) return sign + n + (n > 1) + 2 + (e <= -100 || e >= 100 ? 3 : 2);
  if (e < 0) return sign + 1 - e + n;   // 0.000ddd
  if (n <= e + 1) return sign + e + 1;  // ddd000
  return sign + n + 1;                  // dd.ddd
}

// Writes exactly `count` digits, the last ones of value, ending before `end`.
inline void WriteDigits(char* end, uint64_t value, int count) {
  static constexpr auto kPairs = [] {
    std::array<char, 200> pairs{};
    for (int i = 0; i < 100; ++i) {
      pairs[2 * i] = static_cast<char>('0' + i / 10);
      pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
    return pairs;
  }();
  // Eight digits at a time keep most divisions at 32 bits, and independent of each other.
  for (; count >= 8; count -= 8) {
    auto low = static_cast<uint32_t>(value % 100000000);
    value /= 100000000;
    uint32_t upper_half = low / 10000;
    uint32_t lower_half = low % 10000;
    memcpy(end - 8, &kPairs[upper_half / 100 * 2], 2);
    memcpy(end - 6, &kPairs[upper_half % 100 * 2], 2);
    memcpy(end - 4, &kPairs[lower_half / 100 * 2], 2);
    memcpy(end - 2, &kPairs[lower_half % 100 * 2], 2);
    end -= 8;
  }
  auto low = static_cast<uint32_t>(value % 100000000);
  for (; count >= 2; count -= 2, low /= 100) {
    end -= 2;
    memcpy(end, &kPairs[low % 100 * 2], 2);
  }
  if (count > 0) *--end = static_cast<char>('0' + low % 10);
}

// Writes WidthOf(d) bytes and returns their end.
inline char* FormatDecimal(char* out, const Decimal& d) {
  if (d.kind != Decimal::Kind::kFinite) {
    std::string_view name = d.kind == Decimal::Kind::kNan ? "NaN" : d.negative ? "-Inf" : "+Inf";
    memcpy(out, name.data(), name.size());
    return out + name.size();
  }
  if (d.negative) *out++ = '-';
  int e = FirstExponent(d);
  int n = d.digit_count;
  if (IsScientific(e)) {
    // The digits go one place to the right; the first then moves to the front of the point.
    WriteDigits(out + n + 1, d.digits, n);
    out[0] = out[1];
    out[1] = '.';
    out += n > 1 ? n + 1 : 1;
    *out++ = 'e';
    *out++ = e < 0 ? '-' : '+';
    int magnitude = e < 0 ? -e : e;
    int width = magnitude >= 100 ? 3 : 2;
    WriteDigits(out + width, static_cast<uint64_t>(magnitude), width);
    return out + width;
  }
  if (e < 0) {
    memcpy(out, "0.0000", 6);
    out += 1 - e;
    WriteDigits(out + n, d.digits, n);
    return out + n;
  }
  if (n <= e + 1) {
    WriteDigits(out + n, d.digits, n);
    memset(out + n, '0', static_cast<size_t>(e + 1 - n));
    return out + e + 1;
  }
  // All digits one place to the right, then the whole part back over the point's place.
  WriteDigits(out + n + 1, d.digits, n);
  for (int i = 0; i <= e; ++i) out[i] = out[i + 1];
  out[e + 1] = '.';
  return out + n + 1;
}

}  // namespace mayfly::suite
