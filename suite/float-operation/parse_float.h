// ParseFloat: a floating-point number from text, as Go writes and reads it.
//
// Decimal (`1`, `-.5e+3`) and hexadecimal (`0x1.8p-1`, the exponent is needed) numbers, `inf`,
// `infinity` and `nan` in any case; no blanks, nothing after the number. A value too large becomes
// an infinity. Rounded to nearest even.
//
// Errors: nullopt for any other text. Sources: the Go specification, "Floating-point literals".
#pragma once

#include <cstdlib>
#include <limits>
#include <optional>
#include <string_view>

namespace mayfly::suite {

namespace parse_float_internal {

inline char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

inline bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (Lower(text[i]) != lower[i]) return false;
  }
  return true;
}

inline bool IsDigit(char c, bool hexadecimal) {
  return (c >= '0' && c <= '9') || (hexadecimal && Lower(c) >= 'a' && Lower(c) <= 'f');
}

// Takes digits off the front; how many.
inline size_t SkipDigits(std::string_view& text, bool hexadecimal) {
  size_t count = 0;
  while (count < text.size() && IsDigit(text[count], hexadecimal)) ++count;
  text.remove_prefix(count);
  return count;
}

// A number without its sign. Anything strtod would take beyond that is refused here.
inline bool IsNumber(std::string_view text) {
  bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  if (hexadecimal) text.remove_prefix(2);
  size_t digits = SkipDigits(text, hexadecimal);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    digits += SkipDigits(text, hexadecimal);
  }
  if (digits == 0) return false;
  if (text.empty()) return !hexadecimal;
  if (Lower(text.front()) != (hexadecimal ? 'p' : 'e')) return false;
  text.remove_prefix(1);
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  return SkipDigits(text, false) > 0 && text.empty();
}

}  // namespace parse_float_internal

inline std::optional<double> ParseFloat(const char* text) {
  using namespace parse_float_internal;
  std::string_view rest = text;
  if (EqualsIgnoringCase(rest, "nan")) return std::numeric_limits<double>::quiet_NaN();
  bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (EqualsIgnoringCase(rest, "inf") || EqualsIgnoringCase(rest, "infinity")) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    return negative ? -kInfinity : kInfinity;
  }
  if (!IsNumber(rest)) return std::nullopt;
  return strtod(text, nullptr);  // no locale is set, so the point is a point
}

}  // namespace mayfly::suite
