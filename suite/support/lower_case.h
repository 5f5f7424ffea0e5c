// Unicode: lower-casing and white space.
//
// Lower-casing is the full mapping without language rules: every simple mapping, U+0130 to two code
// points, and sigma at the end of a word to its final form. White space is the property
// White_Space. Sources: Unicode 14.0, section 3.13 (default case conversion, Final_Sigma),
// PropList.txt.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "support/unicode_tables.h"
#include "support/utf8.h"

namespace mayfly::suite {

inline bool IsWhiteSpace(char32_t c) {
  if (c <= 0x20) return c == 0x20 || (c >= 0x09 && c <= 0x0D);
  if (c < 0x85) return false;
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

// The last entry whose `first` is not above c, or null.
template <typename Entry, size_t kSize>
const Entry* FindEntry(const Entry (&table)[kSize], char32_t c) {
  size_t low = 0;
  size_t high = kSize;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (table[middle].first <= c) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low == 0 ? nullptr : &table[low - 1];
}

template <size_t kSize>
bool Contains(const CodePointRange (&table)[kSize], char32_t c) {
  const CodePointRange* range = FindEntry(table, c);
  return range != nullptr && c <= range->last;
}

// The simple mapping of one code point.
inline char32_t ToLower(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  const LowerCaseRun* run = FindEntry(kLowerCaseRuns, c);
  if (run == nullptr || c > run->last || (c - run->first) % run->step != 0) return c;
  return static_cast<char32_t>(static_cast<int32_t>(c) + run->delta);
}

// Whether a sigma between `before` and `after` ends a word: a cased letter comes before and none
// after, case-ignorable code points set aside. Malformed text counts as no letter.
inline bool IsFinalSigma(std::string_view before, std::string_view after) {
  bool cased_before = false;
  while (!before.empty()) {
    size_t start = before.size() - 1;
    while (start > 0 && (static_cast<uint8_t>(before[start]) & 0xC0) == 0x80) --start;
    const char* next = before.data() + start;
    char32_t c = DecodeUtf8(next, before.data() + before.size());
    if (!Contains(kCaseIgnorable, c)) {
      cased_before = Contains(kCased, c);
      break;
    }
    before = before.substr(0, start);
  }
  if (!cased_before) return false;
  const char* end = after.data() + after.size();
  for (const char* next = after.data(); next != end;) {
    char32_t c = DecodeUtf8(next, end);
    if (!Contains(kCaseIgnorable, c)) return !Contains(kCased, c);
  }
  return true;
}

// Calls emit(code point) for each code point of the lower-cased line; false if the line is not
// UTF-8.
template <typename Emit>
bool LowerCaseLine(std::string_view line, Emit emit) {
  static constexpr auto kAsciiLower = [] {
    std::array<uint8_t, 128> lower{};
    for (size_t c = 0; c < lower.size(); ++c)
      lower[c] = static_cast<uint8_t>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    return lower;
  }();
  const char* end = line.data() + line.size();
  for (const char* next = line.data(); next != end;) {
    auto byte = static_cast<uint8_t>(*next);
    if (byte < 0x80) {
      emit(static_cast<char32_t>(kAsciiLower[byte]));
      ++next;
      continue;
    }
    const char* start = next;
    char32_t c = DecodeUtf8(next, end);
    if (c == kMalformed) return false;
    if (c == 0x130) {
      emit(char32_t{'i'});
      emit(char32_t{0x307});
    } else if (c == 0x3A3) {
      std::string_view before(line.data(), static_cast<size_t>(start - line.data()));
      std::string_view after(next, static_cast<size_t>(end - next));
      emit(IsFinalSigma(before, after) ? char32_t{0x3C2} : char32_t{0x3C3});
    } else {
      emit(ToLower(c));
    }
  }
  return true;
}

}  // namespace mayfly::suite
