// Numbers in arguments: strict decimal text to unsigned integers.
//
// One optional leading '+', then digits only; no blanks, no '-', nothing after them. A value that
// does not fit the target type is refused, it never wraps. The same rule holds for native and Wasm
// builds.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace mayfly::suite {

template <typename Unsigned>
constexpr std::optional<Unsigned> ParseUnsigned(std::string_view text) {
  static_assert(std::numeric_limits<Unsigned>::is_integer &&
                !std::numeric_limits<Unsigned>::is_signed);
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  constexpr Unsigned kMax = std::numeric_limits<Unsigned>::max();
  Unsigned value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    auto digit = static_cast<Unsigned>(c - '0');
    if (value > (kMax - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

}  // namespace mayfly::suite
