// Digest<Rounds>: a digest of the Merkle-Damgard family: what MD5, SHA-256 and SHA-512 share.
//
// `Rounds` gives the word type and start values, the block size, the byte order, and Compress(),
// which works one block into the state. This class cuts the input into blocks and pads the last.
//
// Not for security: the code takes as long as it takes. Sources: FIPS 180-4, section 5; RFC 1321.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace mayfly::suite {

template <typename Rounds>
class Digest {
 public:
  using Word = typename Rounds::Word;
  static constexpr size_t kHexDigits = 2 * Rounds::kDigestBytes;

  void Update(const void* data, size_t count) {
    auto* next = static_cast<const uint8_t*>(data);
    length_bytes_ += count;
    if (pending_ > 0) {
      size_t part = count < kBlockBytes - pending_ ? count : kBlockBytes - pending_;
      memcpy(block_ + pending_, next, part);
      pending_ += part;
      next += part;
      count -= part;
      if (pending_ < kBlockBytes) return;
      Rounds::Compress(state_, block_);
      pending_ = 0;
    }
    for (; count >= kBlockBytes; next += kBlockBytes, count -= kBlockBytes) {
      Rounds::Compress(state_, next);
    }
    memcpy(block_, next, count);
    pending_ = count;
  }

  // The digest as hexadecimal digits; the object is used up.
  std::array<char, kHexDigits> Hex() {
    Pad();
    std::array<char, kHexDigits> hex;
    for (size_t i = 0; i < Rounds::kDigestBytes; ++i) {
      size_t place = i % sizeof(Word);
      if (Rounds::kOrder == std::endian::big) place = sizeof(Word) - 1 - place;
      auto byte = static_cast<uint8_t>(state_[i / sizeof(Word)] >> (8 * place));
      hex[2 * i] = "0123456789abcdef"[byte >> 4];
      hex[2 * i + 1] = "0123456789abcdef"[byte & 15];
    }
    return hex;
  }

 private:
  static constexpr size_t kBlockBytes = Rounds::kBlockBytes;
  static constexpr size_t kLengthBytes = 2 * sizeof(Word);  // of the length at the end, in bits

  void Pad() {
    block_[pending_++] = 0x80;
    if (pending_ > kBlockBytes - kLengthBytes) {
      memset(block_ + pending_, 0, kBlockBytes - pending_);
      Rounds::Compress(state_, block_);
      pending_ = 0;
    }
    memset(block_ + pending_, 0, kBlockBytes - pending_);
    uint64_t length_bits = length_bytes_ * 8;
    for (size_t i = 0; i < sizeof length_bits; ++i) {
      size_t place =
          Rounds::kOrder == std::endian::big ? kBlockBytes - 1 - i : kBlockBytes - kLengthBytes + i;
      block_[place] = static_cast<uint8_t>(length_bits >> (8 * i));
    }
    Rounds::Compress(state_, block_);
  }

  typename Rounds::State state_ = Rounds::kStart;
  uint8_t block_[kBlockBytes];
  size_t pending_ = 0;
  uint64_t length_bytes_ = 0;
};

}  // namespace mayfly::suite
