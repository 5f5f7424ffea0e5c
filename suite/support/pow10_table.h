// Powers of ten to 128 bits, worked out by the compiler, for shortest.h.
//
// Entry k is g with g / 2^127 * 2^floor(log2(10^k)) = 10^k, rounded up to the next unit where 10^k
// needs more than 128 bits. 617 entries of 16 bytes; computing them avoids a table of numbers that
// nobody can review. Sources: R. Giulietti, "The Schubfach way to render doubles", section 9.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace mayfly::suite {

struct Uint128 {
  uint64_t high;
  uint64_t low;
};

inline constexpr int kPow10Min = -292;
inline constexpr int kPow10Max = 324;

// A natural number of fixed size, least significant limb first: 5^324 needs 753 bits, the
// reciprocal of 5^292 with 128 significant bits needs 679 + 128.
struct BigNumber {
  static constexpr int kLimbs = 27;
  std::array<uint32_t, kLimbs> limb = {};

  constexpr void MultiplyBy5() {
    uint64_t carry = 0;
    for (uint32_t& l : limb) {
      carry += uint64_t{l} * 5;
      l = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
  }

  // Returns whether a remainder was dropped.
  constexpr bool DivideBy5() {
    uint64_t rest = 0;
    for (int i = kLimbs - 1; i >= 0; --i) {
      rest = rest << 32 | limb[i];
      limb[i] = static_cast<uint32_t>(rest / 5);
      rest %= 5;
    }
    return rest != 0;
  }

  // The 128 most significant bits, rounded up if anything non-zero lies below them or `inexact`
  // says so.
  constexpr Uint128 Leading128(bool inexact) const {
    int top = kLimbs - 1;
    while (limb[top] == 0) --top;
    int shift = std::countl_zero(limb[top]);
    auto limb_at = [&](int i) -> uint64_t { return i >= 0 ? limb[i] : 0; };
    uint64_t word[4] = {};
    for (int i = 0; i < 4; ++i) {
      uint64_t pair = limb_at(top - i) << 32 | limb_at(top - i - 1);
      word[i] = (pair << shift) >> 32;
    }
    bool below = inexact || static_cast<uint32_t>(limb_at(top - 4) << shift) != 0;
    for (int i = 0; i < top - 4; ++i) below = below || limb[i] != 0;
    Uint128 value{word[0] << 32 | word[1], word[2] << 32 | word[3]};
    if (below && ++value.low == 0) ++value.high;
    return value;
  }
};

constexpr std::array<Uint128, kPow10Max - kPow10Min + 1> MakePow10Table() {
  std::array<Uint128, kPow10Max - kPow10Min + 1> table{};
  // 10^k and 5^k differ by a power of two, which the normalised form does not show.
  BigNumber power;
  power.limb[0] = 1;
  for (int k = 0; k <= kPow10Max; ++k) {
    table[k - kPow10Min] = power.Leading128(false);
    power.MultiplyBy5();
  }
  // floor(floor(x / 5) / 5) = floor(x / 25), so repeated division stays exact to the last bit kept.
  BigNumber reciprocal;
  reciprocal.limb[BigNumber::kLimbs - 1] = 0x80000000;
  bool inexact = false;
  for (int k = -1; k >= kPow10Min; --k) {
    inexact = reciprocal.DivideBy5() || inexact;
    table[k - kPow10Min] = reciprocal.Leading128(inexact);
  }
  return table;
}

inline constexpr auto kPow10Table = MakePow10Table();
static_assert(kPow10Table[0 - kPow10Min].high == 0x8000000000000000 &&
              kPow10Table[0 - kPow10Min].low == 0);
static_assert(kPow10Table[-1 - kPow10Min].high == 0xCCCCCCCCCCCCCCCC &&
              kPow10Table[-1 - kPow10Min].low == 0xCCCCCCCCCCCCCCCD);

}  // namespace mayfly::suite
