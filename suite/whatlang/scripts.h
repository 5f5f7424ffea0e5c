// Scripts: which one a code point belongs to, as the crate whatlang 0.16 has them.
//
// A code point in the ranges of two scripts belongs to the one that comes first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mayfly::suite {

enum class Script : uint8_t {
  kLatin,
  kCyrillic,
  kArabic,
  kMandarin,
  kDevanagari,
  kHebrew,
  kEthiopic,
  kGeorgian,
  kBengali,
  kHangul,
  kHiragana,
  kKatakana,
  kGreek,
  kKannada,
  kTamil,
  kThai,
  kGujarati,
  kGurmukhi,
  kTelugu,
  kMalayalam,
  kOriya,
  kMyanmar,
  kSinhala,
  kKhmer,
  kArmenian,
};

inline constexpr size_t kScripts = static_cast<size_t>(Script::kArmenian) + 1;

struct ScriptRange {
  char32_t first;
  char32_t last;
  Script script;
};

inline constexpr ScriptRange kScriptRanges[] = {
    {0x41, 0x5A, Script::kLatin},          {0x61, 0x7A, Script::kLatin},
    {0x80, 0x24F, Script::kLatin},         {0x250, 0x2AF, Script::kLatin},
    {0x1D00, 0x1DBF, Script::kLatin},      {0x1E00, 0x1EFF, Script::kLatin},
    {0x2100, 0x214F, Script::kLatin},      {0x2C60, 0x2C7F, Script::kLatin},
    {0xA720, 0xA7FF, Script::kLatin},      {0xAB30, 0xAB6F, Script::kLatin},
    {0x400, 0x484, Script::kCyrillic},     {0x487, 0x52F, Script::kCyrillic},
    {0x1D2B, 0x1D2B, Script::kCyrillic},   {0x1D78, 0x1D78, Script::kCyrillic},
    {0x2DE0, 0x2DFF, Script::kCyrillic},   {0xA640, 0xA69D, Script::kCyrillic},
    {0xA69F, 0xA69F, Script::kCyrillic},   {0x600, 0x6FF, Script::kArabic},
    {0x750, 0x7FF, Script::kArabic},       {0x8A0, 0x8FF, Script::kArabic},
    {0xFB50, 0xFDFF, Script::kArabic},     {0xFE70, 0xFEFF, Script::kArabic},
    {0x10E60, 0x10E7F, Script::kArabic},   {0x1EE00, 0x1EEFF, Script::kArabic},
    {0x2E80, 0x2E99, Script::kMandarin},   {0x2E9B, 0x2EF3, Script::kMandarin},
    {0x2F00, 0x2FD5, Script::kMandarin},   {0x3005, 0x3005, Script::kMandarin},
    {0x3007, 0x3007, Script::kMandarin},   {0x3021, 0x3029, Script::kMandarin},
    {0x3038, 0x303B, Script::kMandarin},   {0x3400, 0x4DB5, Script::kMandarin},
    {0x4E00, 0x9FCC, Script::kMandarin},   {0xF900, 0xFA6D, Script::kMandarin},
    {0xFA70, 0xFAD9, Script::kMandarin},   {0x900, 0x97F, Script::kDevanagari},
    {0xA8E0, 0xA8FF, Script::kDevanagari}, {0x1CD0, 0x1CFF, Script::kDevanagari},
    {0x590, 0x5FF, Script::kHebrew},       {0x1200, 0x139F, Script::kEthiopic},
    {0x2D80, 0x2DDF, Script::kEthiopic},   {0xAB00, 0xAB2F, Script::kEthiopic},
    {0x10A0, 0x10FF, Script::kGeorgian},   {0x980, 0x9FF, Script::kBengali},
    {0x1100, 0x11FF, Script::kHangul},     {0x3130, 0x318F, Script::kHangul},
    {0x3200, 0x32FF, Script::kHangul},     {0xA960, 0xA97F, Script::kHangul},
    {0xAC00, 0xD7AF, Script::kHangul},     {0xD7B0, 0xD7FF, Script::kHangul},
    {0xFF00, 0xFFEF, Script::kHangul},     {0x3040, 0x309F, Script::kHiragana},
    {0x30A0, 0x30FF, Script::kKatakana},   {0x370, 0x3FF, Script::kGreek},
    {0xC80, 0xCFF, Script::kKannada},      {0xB80, 0xBFF, Script::kTamil},
    {0xE00, 0xE7F, Script::kThai},         {0xA80, 0xAFF, Script::kGujarati},
    {0xA00, 0xA7F, Script::kGurmukhi},     {0xC00, 0xC7F, Script::kTelugu},
    {0xD00, 0xD7F, Script::kMalayalam},    {0xB00, 0xB7F, Script::kOriya},
    {0x1000, 0x109F, Script::kMyanmar},    {0xD80, 0xDFF, Script::kSinhala},
    {0x1780, 0x17FF, Script::kKhmer},      {0x19E0, 0x19FF, Script::kKhmer},
    {0x530, 0x58F, Script::kArmenian},     {0xFB13, 0xFB17, Script::kArmenian},
};

inline std::optional<Script> ScriptOf(char32_t c) {
  for (const ScriptRange& range : kScriptRanges) {
    if (c >= range.first && c <= range.last) return range.script;
  }
  return std::nullopt;
}

// The language of a script that is written in by one language only, by its own name; empty for the
// others.
inline std::string_view OnlyLanguage(Script script) {
  switch (script) {
    case Script::kEthiopic:
      return "አማርኛ";
    case Script::kGeorgian:
      return "ქართული";
    case Script::kBengali:
      return "বাংলা";
    case Script::kHangul:
      return "한국어";
    case Script::kGreek:
      return "Ελληνικά";
    case Script::kKannada:
      return "ಕನ್ನಡ";
    case Script::kTamil:
      return "தமிழ்";
    case Script::kThai:
      return "ภาษาไทย";
    case Script::kGujarati:
      return "ગુજરાતી";
    case Script::kGurmukhi:
      return "ਪੰਜਾਬੀ";
    case Script::kTelugu:
      return "తెలుగు";
    case Script::kMalayalam:
      return "മലയാളം";
    case Script::kOriya:
      return "ଓଡ଼ିଆ";
    case Script::kMyanmar:
      return "မြန်မာစာ";
    case Script::kSinhala:
      return "සිංහල";
    case Script::kKhmer:
      return "ភាសាខ្មែរ";
    case Script::kArmenian:
      return "Հայերեն";
    case Script::kHiragana:
    case Script::kKatakana:
      return "日本語";
    default:
      return {};
  }
}

}  // namespace mayfly::suite
