// WriteFixed: a double as text with a fixed number of decimals, as printf's %.Nf writes it.
//
// The result is exact: the binary value is rounded to N decimals, ties to even, whatever its size.
// Not a number is `NaN`, infinities are `+Inf` and `-Inf`. It takes 1 KB of a module where printf
// takes 20, and is the same code in native and Wasm builds.
//
// Units: N <= 9. At most kFixedMaxBytes are written.
// Sources: IEEE 754-2019, 5.12.2 (correct rounding of conversions to decimal).
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "support/shortest.h"

namespace mayfly::suite {

// Sign, 309 digits, point, 9 decimals.
inline constexpr size_t kFixedMaxBytes = 320;

namespace fixed_internal {

constexpr uint64_t kBillion = 1'000'000'000;
constexpr int kBillionDigits = 9;

// round(significand * 10^decimals / 2^shift), ties to even, for 0 < shift; below 2^83.
constexpr Uint128 Scale(uint64_t significand, uint64_t power_of_ten, int shift) {
  Uint128 product = Multiply(significand, power_of_ten);
  if (shift > 127) return {0, 0};  // the product is below 2^83, so below a half
  Uint128 quotient =
      shift >= 64
          ? Uint128{0, shift == 64 ? product.high : product.high >> (shift - 64)}
          : Uint128{product.high >> shift, product.high << (64 - shift) | product.low >> shift};
  int half_bit = shift - 1;
  uint64_t half =
      half_bit >= 64 ? product.high >> (half_bit - 64) & 1 : product.low >> half_bit & 1;
  bool rest = half_bit >= 64
                  ? product.low != 0 || (product.high & ((uint64_t{1} << (half_bit - 64)) - 1)) != 0
                  : (product.low & ((uint64_t{1} << half_bit) - 1)) != 0;
  if (half != 0 && (rest || quotient.low % 2 != 0)) {
    ++quotient.low;
    quotient.high += quotient.low == 0;
  }
  return quotient;
}

// value / kBillion in place; the remainder.
constexpr uint32_t DivideByBillion(Uint128& value) {
  // 32 bits at a time: each partial remainder is below 2^30, so the next dividend fits 64 bits.
  const uint32_t parts[4] = {
      static_cast<uint32_t>(value.high >> 32), static_cast<uint32_t>(value.high),
      static_cast<uint32_t>(value.low >> 32), static_cast<uint32_t>(value.low)};
  uint32_t quotient[4];
  uint64_t remainder = 0;
  for (int i = 0; i < 4; ++i) {
    uint64_t dividend = remainder << 32 | parts[i];
    quotient[i] = static_cast<uint32_t>(dividend / kBillion);
    remainder = dividend % kBillion;
  }
  value = {uint64_t{quotient[0]} << 32 | quotient[1], uint64_t{quotient[2]} << 32 | quotient[3]};
  return static_cast<uint32_t>(remainder);
}

// A natural number in limbs of nine digits, the lowest first.
struct Limbs {
  uint32_t limb[36];  // 2^1024 has 309 digits
  int count = 0;

  void ShiftLeft(int bits) {  // at most 30
    uint64_t carry = 0;
    for (int i = 0; i < count; ++i) {
      uint64_t next = (uint64_t{limb[i]} << bits) + carry;
      limb[i] = static_cast<uint32_t>(next % kBillion);
      carry = next / kBillion;
    }
    for (; carry > 0; carry /= kBillion) limb[count++] = static_cast<uint32_t>(carry % kBillion);
  }
};

// Without leading zeros; at least one digit.
inline char* WriteLimbs(char* out, const Limbs& number) {
  if (number.count == 0) {
    *out++ = '0';
    return out;
  }
  int top_digits = CountDigits(number.limb[number.count - 1]);
  WriteDigits(out + top_digits, number.limb[number.count - 1], top_digits);
  out += top_digits;
  for (int i = number.count - 2; i >= 0; --i, out += kBillionDigits) {
    WriteDigits(out + kBillionDigits, number.limb[i], kBillionDigits);
  }
  return out;
}

}  // namespace fixed_internal

// Returns the end of the text.
inline char* WriteFixed(char* out, double value, int decimals) {
  using namespace fixed_internal;
  auto bits = std::bit_cast<uint64_t>(value);
  uint64_t fraction = bits & ((uint64_t{1} << 52) - 1);
  int biased = static_cast<int>(bits >> 52 & 0x7ff);
  bool negative = bits >> 63 != 0;
  if (biased == 0x7ff) {
    std::string_view name = fraction != 0 ? "NaN" : negative ? "-Inf" : "+Inf";
    memcpy(out, name.data(), name.size());
    return out + name.size();
  }
  if (negative) *out++ = '-';
  uint64_t significand = biased == 0 ? fraction : fraction | uint64_t{1} << 52;
  int exponent = (biased == 0 ? 1 : biased) - 1075;

  Limbs whole;
  uint32_t below_point = 0;
  if (exponent < 0) {
    uint64_t power = 1;
    for (int i = 0; i < decimals; ++i) power *= 10;
    Uint128 scaled = Scale(significand, power, -exponent);
    uint32_t low = DivideByBillion(scaled);
    // Decimals may be fewer than a limb: what of it lies above the point is the lowest whole part.
    below_point = static_cast<uint32_t>(low % power);
    uint64_t above = low / power;
    uint64_t limb_scale = kBillion / power;
    for (; scaled.low != 0 || scaled.high != 0 || above != 0;) {
      uint64_t next = uint64_t{DivideByBillion(scaled)} * limb_scale + above;
      whole.limb[whole.count++] = static_cast<uint32_t>(next % kBillion);
      above = next / kBillion;
    }
  } else {
    whole.limb[0] = static_cast<uint32_t>(significand % kBillion);
    whole.limb[1] = static_cast<uint32_t>(significand / kBillion);
    whole.count = 2;
    for (; exponent > 0; exponent -= 30) whole.ShiftLeft(exponent < 30 ? exponent : 30);
    if (whole.limb[whole.count - 1] == 0) --whole.count;
  }
  out = WriteLimbs(out, whole);
  if (decimals == 0) return out;
  *out++ = '.';
  WriteDigits(out + decimals, below_point, decimals);
  return out + decimals;
}

}  // namespace mayfly::suite
