// Quoted: a path in double quotes, with what would be mistaken or not be seen escaped, in the way
// the standard library of Rust prints paths for debugging.
#pragma once

#include <string>
#include <string_view>

#include "support/utf8.h"

namespace mayfly::suite {

inline std::string Hexadecimal(uint32_t value, std::string_view digits) {
  std::string text;
  do {
    text.insert(text.begin(), digits[value & 15]);
    value >>= 4;
  } while (value != 0);
  return text;
}

inline std::string Escaped(char32_t c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\t':
      return "\\t";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    default:
      return "\\u{" + Hexadecimal(c, "0123456789abcdef") + "}";
  }
}

// Bytes that are not UTF-8 become \xNN each.
inline std::string Quoted(std::string_view path) {
  std::string text = "\"";
  const char* end = path.data() + path.size();
  for (const char* next = path.data(); next != end;) {
    const char* start = next;
    char32_t c = DecodeUtf8(next, end);
    bool is_control = c < 0x20 || (c >= 0x7F && c < 0xA0);
    if (c == kMalformed) {
      auto byte = static_cast<uint8_t>(*start);
      next = start + 1;
      text.append("\\x").append(Hexadecimal(byte, "0123456789ABCDEF"));
    } else if (is_control || c == '"' || c == '\\') {
      text += Escaped(c);
    } else {
      text.append(start, next);
    }
  }
  return text + "\"";
}

}  // namespace mayfly::suite
