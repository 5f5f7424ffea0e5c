// Base64 in the standard alphabet without padding.
//
// Errors: decoding counts on text of the encoder's. Sources: RFC 4648, section 4.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace mayfly::suite {

inline constexpr char kBase64Digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr size_t Base64Length(size_t bytes) { return bytes / 3 * 4 + (bytes % 3 * 8 + 5) / 6; }
constexpr size_t Base64Bytes(size_t length) { return length / 4 * 3 + length % 4 * 6 / 8; }

inline void EncodeBase64(const uint8_t* from, size_t count, char* to) {
  size_t i = 0;
  for (; i + 3 <= count; i += 3) {
    uint32_t bits = uint32_t{from[i]} << 16 | uint32_t{from[i + 1]} << 8 | from[i + 2];
    for (int shift = 18; shift >= 0; shift -= 6) *to++ = kBase64Digits[bits >> shift & 63];
  }
  if (i == count) return;
  bool two = count - i == 2;
  uint32_t bits = uint32_t{from[i]} << 16 | (two ? uint32_t{from[i + 1]} << 8 : 0);
  *to++ = kBase64Digits[bits >> 18];
  *to++ = kBase64Digits[bits >> 12 & 63];
  if (two) *to++ = kBase64Digits[bits >> 6 & 63];
}

inline void DecodeBase64(const char* from, size_t length, uint8_t* to) {
  static constexpr auto kValue = [] {
    std::array<uint8_t, 256> value{};
    for (uint8_t i = 0; i < 64; ++i) value[static_cast<uint8_t>(kBase64Digits[i])] = i;
    return value;
  }();
  uint32_t bits = 0;
  int held = 0;
  for (size_t i = 0; i < length; ++i) {
    bits = bits << 6 | kValue[static_cast<uint8_t>(from[i])];
    held += 6;
    if (held < 8) continue;
    held -= 8;
    *to++ = static_cast<uint8_t>(bits >> held);
  }
}

}  // namespace mayfly::suite
