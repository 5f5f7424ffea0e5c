// Md5: digest of bytes (not for security).
//
// Sources: RFC 1321, section 3.4.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "support/digest.h"

namespace mayfly::suite {

struct Md5Rounds {
  using Word = uint32_t;
  using State = std::array<Word, 4>;
  static constexpr size_t kDigestBytes = 16;
  static constexpr size_t kBlockBytes = 64;
  static constexpr std::endian kOrder = std::endian::little;
  static constexpr State kStart = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  // floor(2^32 |sin(i + 1)|)
  static constexpr Word kRound[64] = {
      0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613,
      0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193,
      0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d,
      0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed,
      0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122,
      0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
      0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244,
      0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
      0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
      0xeb86d391};
  static constexpr int kRotation[4][4] = {
      {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

  static void Compress(State& state, const uint8_t* bytes) {
    Word x[16];
    for (int i = 0; i < 16; ++i) {
      const uint8_t* b = bytes + 4 * i;
      x[i] = Word{b[3]} << 24 | Word{b[2]} << 16 | Word{b[1]} << 8 | b[0];
    }
    auto [a, b, c, d] = state;
    auto step = [&](int i, Word mixed, Word word) {
      Word rotated = std::rotl(a + mixed + kRound[i] + word, kRotation[i / 16][i % 4]);
      a = d, d = c, c = b, b += rotated;
    };
    // Unrolled, places and rotations are constants.
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; ++i) step(i, d ^ (b & (c ^ d)), x[i]);
#pragma clang loop unroll(full)
    for (int i = 16; i < 32; ++i) step(i, c ^ (d & (b ^ c)), x[(5 * i + 1) % 16]);
#pragma clang loop unroll(full)
    for (int i = 32; i < 48; ++i) step(i, b ^ c ^ d, x[(3 * i + 5) % 16]);
#pragma clang loop unroll(full)
    for (int i = 48; i < 64; ++i) step(i, c ^ (b | ~d), x[7 * i % 16]);
    const Word add[4] = {a, b, c, d};
    for (int i = 0; i < 4; ++i) state[i] += add[i];
  }
};

using Md5 = Digest<Md5Rounds>;

}  // namespace mayfly::suite
