// Crc32: the checksum of ZIP archives, eight bytes a step.
//
// Sources: ISO/IEC 13239, 8.1.1.6.2 (the polynomial 0x04C11DB7, reflected); M. Kounavis and F.
// Berry, "A systematic approach to building high performance software-based CRC generators", 2005.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace mayfly::suite {

namespace crc32_internal {

using Tables = std::array<std::array<uint32_t, 256>, 8>;

// Table n: what a byte comes to with n bytes of zeros behind it.
constexpr Tables MakeTables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit)
      value = (value & 1) != 0 ? value >> 1 ^ 0xEDB88320 : value >> 1;
    tables[0][byte] = value;
  }
  for (size_t n = 1; n < tables.size(); ++n) {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      uint32_t before = tables[n - 1][byte];
      tables[n][byte] = before >> 8 ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}

inline constexpr Tables kTables = MakeTables();

}  // namespace crc32_internal

inline uint32_t Crc32(const void* data, size_t count) {
  using crc32_internal::kTables;
  static_assert(std::endian::native == std::endian::little);
  auto* next = static_cast<const uint8_t*>(data);
  uint32_t crc = 0xFFFFFFFF;
  for (; count >= 8; next += 8, count -= 8) {
    uint32_t first;
    uint32_t second;
    memcpy(&first, next, sizeof first);
    memcpy(&second, next + 4, sizeof second);
    first ^= crc;
    crc = kTables[7][first & 0xFF] ^ kTables[6][first >> 8 & 0xFF] ^
          kTables[5][first >> 16 & 0xFF] ^ kTables[4][first >> 24] ^ kTables[3][second & 0xFF] ^
          kTables[2][second >> 8 & 0xFF] ^ kTables[1][second >> 16 & 0xFF] ^
          kTables[0][second >> 24];
  }
  for (; count > 0; ++next, --count) crc = crc >> 8 ^ kTables[0][(crc ^ *next) & 0xFF];
  return ~crc;
}

}  // namespace mayfly::suite
