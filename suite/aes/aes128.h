// Aes128: encryption of single blocks by AES with a key of 128 bits, and the CFB-128 mode on top.
//
// Works with four tables of 256 words, one for each row, that join SubBytes and MixColumns. The
// tables are made by the compiler from the definition. CFB needs encryption only, in both
// directions. Not for secrets: table look-ups take a time that depends on the key.
//
// Sources: FIPS 197, sections 4.2 and 5; NIST SP 800-38A, section 6.3.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace mayfly::suite {

namespace aes_internal {

// x times 2 in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1.
constexpr uint8_t Double(uint8_t x) { return static_cast<uint8_t>(x << 1 ^ (x >> 7) * 0x1b); }

constexpr std::array<uint8_t, 256> MakeSubstitution() {
  std::array<uint8_t, 256> box{};
  // p runs through all non-zero elements as powers of 3, q through their inverses.
  uint8_t p = 1;
  uint8_t q = 1;
  do {
    p = static_cast<uint8_t>(p ^ Double(p));
    q ^= static_cast<uint8_t>(q << 1);
    q ^= static_cast<uint8_t>(q << 2);
    q ^= static_cast<uint8_t>(q << 4);
    q ^= static_cast<uint8_t>((q >> 7) * 0x09);
    box[p] = static_cast<uint8_t>(q ^ std::rotl(q, 1) ^ std::rotl(q, 2) ^ std::rotl(q, 3) ^
                                  std::rotl(q, 4) ^ 0x63);
  } while (p != 1);
  box[0] = 0x63;
  return box;
}

inline constexpr std::array<uint8_t, 256> kSubstitution = MakeSubstitution();

// What one byte contributes to its column, a table for each row: from the first 2s, s, s, 3s from
// the top, from the others that turned.
inline constexpr auto kMixed = [] {
  std::array<std::array<uint32_t, 256>, 4> tables{};
  for (size_t i = 0; i < 256; ++i) {
    uint32_t s = kSubstitution[i];
    uint32_t twice = Double(kSubstitution[i]);
    for (int row = 0; row < 4; ++row) {
      tables[row][i] = std::rotr(twice << 24 | s << 16 | s << 8 | (s ^ twice), 8 * row);
    }
  }
  return tables;
}();

inline uint32_t LoadBigEndian(const uint8_t* b) {
  return uint32_t{b[0]} << 24 | uint32_t{b[1]} << 16 | uint32_t{b[2]} << 8 | b[3];
}
inline void StoreBigEndian(uint8_t* to, uint32_t word) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<uint8_t>(word >> (24 - 8 * i));
}

}  // namespace aes_internal

class Aes128 {
 public:
  static constexpr size_t kBlockBytes = 16;
  using Block = std::array<uint8_t, kBlockBytes>;

  explicit Aes128(const Block& key) {
    using namespace aes_internal;
    for (int i = 0; i < 4; ++i) round_key_[i] = LoadBigEndian(key.data() + 4 * i);
    uint8_t constant = 1;
    for (int i = 4; i < kKeyWords; ++i) {
      uint32_t word = round_key_[i - 1];
      if (i % 4 == 0) {
        word = Substitute(std::rotl(word, 8)) ^ uint32_t { constant } << 24;
        constant = Double(constant);
      }
      round_key_[i] = round_key_[i - 4] ^ word;
    }
  }

  Block Encrypt(const Block& plain) const {
    using namespace aes_internal;
    uint32_t s[4];
    for (int i = 0; i < 4; ++i) s[i] = LoadBigEndian(plain.data() + 4 * i) ^ round_key_[i];
    const uint32_t* key = round_key_ + 4;
    for (int round = 1; round < kRounds; ++round, key += 4) {
      uint32_t t[4];
      for (int i = 0; i < 4; ++i) {
        t[i] = kMixed[0][s[i] >> 24] ^ kMixed[1][s[(i + 1) % 4] >> 16 & 255] ^
               kMixed[2][s[(i + 2) % 4] >> 8 & 255] ^ kMixed[3][s[(i + 3) % 4] & 255] ^ key[i];
      }
      memcpy(s, t, sizeof s);
    }
    Block cipher;
    for (int i = 0; i < 4; ++i) {
      // The last round does not mix: rows shift, bytes are substituted.
      uint32_t shifted = (s[i] & 0xff000000) | (s[(i + 1) % 4] & 0xff0000) |
                         (s[(i + 2) % 4] & 0xff00) | (s[(i + 3) % 4] & 0xff);
      StoreBigEndian(cipher.data() + 4 * i, Substitute(shifted) ^ key[i]);
    }
    return cipher;
  }

 private:
  static constexpr int kRounds = 10;
  static constexpr int kKeyWords = 4 * (kRounds + 1);

  static uint32_t Substitute(uint32_t word) {
    using aes_internal::kSubstitution;
    return uint32_t{kSubstitution[word >> 24]} << 24 |
           uint32_t{kSubstitution[word >> 16 & 255]} << 16 |
           uint32_t{kSubstitution[word >> 8 & 255]} << 8 | kSubstitution[word & 255];
  }

  uint32_t round_key_[kKeyWords];
};

enum class Direction { kEncrypt, kDecrypt };

// CFB with full blocks of feedback; the last block may be shorter. `from` and `to` do not overlap.
inline void ApplyCfb(const Aes128& cipher, Aes128::Block feedback, Direction direction,
                     const uint8_t* from, uint8_t* to, size_t count) {
  constexpr size_t kBytes = Aes128::kBlockBytes;
  for (; count >= kBytes; from += kBytes, to += kBytes, count -= kBytes) {
    Aes128::Block mask = cipher.Encrypt(feedback);
    for (size_t i = 0; i < kBytes; ++i) to[i] = from[i] ^ mask[i];
    memcpy(feedback.data(), direction == Direction::kEncrypt ? to : from, kBytes);
  }
  if (count == 0) return;
  Aes128::Block mask = cipher.Encrypt(feedback);
  for (size_t i = 0; i < count; ++i) to[i] = from[i] ^ mask[i];
}

}  // namespace mayfly::suite
