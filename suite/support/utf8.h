// UTF-8: decoding, and telling whether bytes are UTF-8.
//
// Sources: RFC 3629.
#pragma once

#include <cstdint>
#include <string_view>

namespace mayfly::suite {

inline constexpr char32_t kMalformed = 0xFFFFFFFF;

// Reads one code point and moves `next` behind it; kMalformed if the bytes are not UTF-8 (overlong
// forms, surrogates and values beyond U+10FFFF included).
inline char32_t DecodeUtf8(const char*& next, const char* end) {
  auto lead = static_cast<uint8_t>(*next++);
  if (lead < 0x80) return lead;
  int following = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  if (lead < 0xC2 || lead > 0xF4 || end - next < following) return kMalformed;
  char32_t c = lead & (0x3Fu >> following);
  for (int i = 0; i < following; ++i) {
    auto byte = static_cast<uint8_t>(*next++);
    if ((byte & 0xC0) != 0x80) return kMalformed;
    c = c << 6 | (byte & 0x3F);
  }
  constexpr char32_t kSmallest[] = {0, 0x80, 0x800, 0x10000};
  if (c < kSmallest[following] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return kMalformed;
  return c;
}

inline bool IsUtf8(std::string_view text) {
  const char* end = text.data() + text.size();
  for (const char* next = text.data(); next != end;) {
    if (DecodeUtf8(next, end) == kMalformed) return false;
  }
  return true;
}

}  // namespace mayfly::suite
