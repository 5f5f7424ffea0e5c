// Sha256: digest of bytes, for checksums that are compared with golden values (not for security).
//
// Sources: FIPS 180-4, section 6.2.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "support/digest.h"

namespace mayfly::suite {

struct Sha256Rounds {
  using Word = uint32_t;
  using State = std::array<Word, 8>;
  static constexpr size_t kDigestBytes = 32;
  static constexpr size_t kBlockBytes = 64;
  static constexpr std::endian kOrder = std::endian::big;
  static constexpr State kStart = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  static constexpr Word kRound[64] = {
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
      0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
      0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
      0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
      0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
      0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
      0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
      0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
      0xc67178f2};

  static void Compress(State& state, const uint8_t* bytes) {
    // The schedule is a ring of 16 words and the state turns by an index, so that unrolled rounds
    // move nothing.
    Word w[16];
    for (int i = 0; i < 16; ++i) {
      const uint8_t* b = bytes + 4 * i;
      w[i] = Word{b[0]} << 24 | Word{b[1]} << 16 | Word{b[2]} << 8 | b[3];
    }
    State s = state;
#pragma clang loop unroll(full)
    for (int i = 0; i < 64; ++i) {
      if (i >= 16) {
        Word w1 = w[(i + 1) % 16];
        Word w14 = w[(i + 14) % 16];
        w[i % 16] += (std::rotr(w1, 7) ^ std::rotr(w1, 18) ^ w1 >> 3) + w[(i + 9) % 16] +
                     (std::rotr(w14, 17) ^ std::rotr(w14, 19) ^ w14 >> 10);
      }
      auto at = [&](int place) -> Word& { return s[(place + 64 - i) % 8]; };
      Word a = at(0), b = at(1), c = at(2), e = at(4), f = at(5), g = at(6);
      Word t1 = at(7) + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) +
                (g ^ (e & (f ^ g))) + kRound[i] + w[i % 16];
      at(3) += t1;
      at(7) =
          t1 + (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) | (c & (a | b)));
    }
    for (int i = 0; i < 8; ++i) state[i] += s[i];
  }
};

using Sha256 = Digest<Sha256Rounds>;

}  // namespace mayfly::suite
