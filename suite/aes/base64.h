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
  auto value = [](char digit) { return uint32_t{kValue[static_cast<uint8_t>(digit)]}; };
  size_t i = 0;
  for (; i + 4 <= length; i += 4, to += 3) {
    uint32_t bits = value(from[i]) << 18 | value(from[i + 1]) << 12 | value(from[i + 2]) << 6 |
                    value(from[i + 3]);
    to[0] = static_cast<uint8_t>(bits >> 16);
    to[1] = static_cast<uint8_t>(bits >> 8);
    to[2] = static_cast<uint8_t>(bits);
  }
  // Two digits hold one byte, three hold two.
  if (length - i >= 2) to[0] = static_cast<uint8_t>(value(from[i]) << 2 | value(from[i + 1]) >> 4);
  if (length - i == 3)
    to[1] = static_cast<uint8_t>(value(from[i + 1]) << 4 | value(from[i + 2]) >> 2);
}

}  // namespace mayfly::suite
