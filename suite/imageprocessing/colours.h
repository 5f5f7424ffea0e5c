// Colours: the four channels of a pixel as doubles in vectors.
//
// Conversions between bytes and doubles are named one by one for Wasm: clang 19 takes them apart
// into scalars there, which made Resize() 1.6 times slower than native
// (docs/design/0050-guest-time.md). Every operation is exact or rounds once, so the results are the
// same bits on both sides.
#pragma once

#include <cstdint>
#include <cstring>
#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

#include "imageprocessing/image.h"

namespace mayfly::suite {

struct Colours {
  using Pair [[gnu::vector_size(16)]] = double;
  Pair first;
  Pair second;

  static Colours Load(const uint8_t* pixel) {
#ifdef __wasm_simd128__
    v128_t wide =
        wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16(wasm_v128_load32_zero(pixel)));
    return {Pair(wasm_f64x2_convert_low_i32x4(wide)),
            Pair(wasm_f64x2_convert_low_i32x4(wasm_i32x4_shuffle(wide, wide, 2, 3, 2, 3)))};
#else
    using Bytes [[gnu::vector_size(2)]] = uint8_t;
    using Integers [[gnu::vector_size(8)]] = int32_t;
    auto pair = [](const uint8_t* from) {
      Bytes bytes;
      memcpy(&bytes, from, sizeof bytes);
      return __builtin_convertvector(__builtin_convertvector(bytes, Integers), Pair);
    };
    return {pair(pixel), pair(pixel + 2)};
#endif
  }

  void AddWeighted(const Colours& other, double weight) {
    first += other.first * weight;
    second += other.second * weight;
  }

  // Divided and rounded to the nearest byte, halves up, what lies outside cut off.
  void StoreRounded(double divisor, uint8_t* pixel) const {
    auto rounded = [divisor](Pair pair) {
      pair = pair / divisor + 0.5;
      pair = pair > 0.0 ? pair : Pair{};
      return pair < 255.0 ? pair : Pair{} + 255.0;
    };
#ifdef __wasm_simd128__
    v128_t whole =
        wasm_i32x4_shuffle(wasm_i32x4_trunc_sat_f64x2_zero(v128_t(rounded(first))),
                           wasm_i32x4_trunc_sat_f64x2_zero(v128_t(rounded(second))), 0, 1, 4, 5);
    whole = wasm_i16x8_narrow_i32x4(whole, whole);
    wasm_v128_store32_lane(pixel, wasm_u8x16_narrow_i16x8(whole, whole), 0);
#else
    Pair pairs[] = {rounded(first), rounded(second)};
    for (int i = 0; i < 4; ++i) pixel[i] = static_cast<uint8_t>(pairs[i / 2][i % 2]);
#endif
  }
};

static_assert(kChannels == 4);

}  // namespace mayfly::suite
