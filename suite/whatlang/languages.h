// The languages that share a script with others: name, script and alphabet of each.
//
// Alphabets are lower case, by code point; scripts whose languages share one alphabet have none.
// Equal scores go to the earlier language. The order is that of kProfiles.
#pragma once

#include <iterator>
#include <string_view>

#include "whatlang/profiles.h"
#include "whatlang/scripts.h"

namespace mayfly::suite {

struct Language {
  std::string_view code;  // ISO 639-3
  std::string_view name;  // in the language itself
  Script script;
  std::string_view alphabet;  // UTF-8
};

inline constexpr Language kLanguages[] = {
    {"epo", "Esperanto", Script::kLatin, "abcdefghijklmnoprstuvzĉĝĥĵŝŭ"},
    {"eng", "English", Script::kLatin, "abcdefghijklmnopqrstuvwxyz"},
    {"rus", "Русский", Script::kCyrillic, "абвгдежзийклмнопрстуфхцчшщъыьэюяё"},
    {"spa", "Español", Script::kLatin, "abcdefghijklmnopqrstuvwxyz¡¿áéíñóúü"},
    {"por", "Português", Script::kLatin, "abcdefghijklmnopqrstuvwxyzàáâãçéêíóôõú"},
    {"ita", "Italiano", Script::kLatin, "abcdefghijklmnopqrstuvwxyzàèéìòù"},
    {"fra", "Français", Script::kLatin, "abcdefghijklmnopqrstuvwxyzàâçèéêëîïôùûüÿœ"},
    {"deu", "Deutsch", Script::kLatin, "abcdefghijklmnopqrstuvwxyzßäöü"},
    {"ukr", "Українська", Script::kCyrillic, "абвгдежзийклмнопрстуфхцчшщьюяєіїґ"},
    {"ara", "العربية", Script::kArabic, ""},
    {"hin", "हिन्दी", Script::kDevanagari, ""},
    {"heb", "עברית", Script::kHebrew, ""},
    {"yid", "ייִדיש", Script::kHebrew, ""},
    {"pol", "Polski", Script::kLatin, "abcdefghijklmnopqrstuvwxyzóąćęłńśźż"},
    {"jav", "Basa Jawa", Script::kLatin, "abcdefghijklmnopqrstuvwxyzèé"},
    {"nob", "Bokmål", Script::kLatin, "abcdefghijklmnopqrstuvwxyzåæø"},
    {"dan", "Dansk", Script::kLatin, "abcdefghijklmnopqrstuvwxyzåæø"},
    {"swe", "Svenska", Script::kLatin, "abcdefghijklmnopqrstuvwxyzäåö"},
    {"fin", "Suomi", Script::kLatin, "abcdefghijklmnopqrstuvwxyzäöšž"},
    {"tur", "Türkçe", Script::kLatin, "abcdefghijklmnopqrstuvwxyzçöüğış\u0307"},
    {"nld", "Nederlands", Script::kLatin, "abcdefghijklmnopqrstuvwxyzàèéëïĳ"},
    {"hun", "Magyar", Script::kLatin, "abcdefghijklmnopqrstuvwxyzáéíóöúüőű"},
    {"ces", "Čeština", Script::kLatin, "abcdefghijklmnopqrstuvwxyzáéíóúýčďěňřšťůž"},
    {"bul", "Български", Script::kCyrillic, "абвгдежзийклмнопрстуфхцчшщъьюя"},
    {"bel", "Беларуская", Script::kCyrillic, "абвгдежзйклмнопрстуфхцчшыьэюяёіў"},
    {"mar", "मराठी", Script::kDevanagari, ""},
    {"ron", "Română", Script::kLatin, "abcdefghijklmnopqrstuvwxyzâîăşţ"},
    {"slv", "Slovenščina", Script::kLatin, "abcdefghijklmnopqrstuvwxyzčšž"},
    {"hrv", "Hrvatski", Script::kLatin, "abcdefghijklmnopqrstuvwxyzćčđšž"},
    {"srp", "Српски", Script::kCyrillic, "абвгдежзиклмнопрстуфхцчшђјљњћџ"},
    {"mkd", "Македонски", Script::kCyrillic, "абвгдежзиклмнопрстуфхцчшѓѕјљњќџ"},
    {"lit", "Lietuvių", Script::kLatin, "abcdefghijklmnopqrstuvwxyząčėęįšūųž"},
    {"lav", "Latviešu", Script::kLatin, "abcdefghijklmnopqrstuvwxyzāčēģīķļņōŗšūž"},
    {"est", "Eesti", Script::kLatin, "abcdefghijklmnopqrstuvwxyzäõöü"},
    {"vie", "Tiếng Việt", Script::kLatin,
     "abcdefghijklmnopqrstuvwxyzàáâãèéêìíòóôõùúýăđĩũơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷ"
     "ỹ"},
    {"urd", "اُردُو", Script::kArabic, ""},
    {"uzb", "Oʻzbekcha", Script::kLatin, "abcdefghijklmnopqrstuvxyzʻ"},
    {"aze", "Azərbaycanca", Script::kLatin, "abcdefghijklmnopqrstuvxyzçöüğışə\u0307"},
    {"ind", "Bahasa Indonesia", Script::kLatin, "abcdefghijklmnopqrstuvwxyz"},
    {"pes", "فارسی", Script::kArabic, ""},
    {"nep", "नेपाली", Script::kDevanagari, ""},
    {"tuk", "Türkmençe", Script::kLatin, "abdefghijklmnoprstuwyzäçöüýňşž"},
    {"aka", "Akan", Script::kLatin, "abdefghiklmnoprstuwyɔɛ"},
    {"zul", "IsiZulu", Script::kLatin, "abcdefghijklmnopqrstuvwxyz"},
    {"sna", "ChiShona", Script::kLatin, "abcdefghijklmnopqrstuvwxyz"},
    {"afr", "Afrikaans", Script::kLatin, "abcdefghijklmnopqrstuvwxyzáèéêëíîïóôúû"},
    {"lat", "Lingua Latina", Script::kLatin, "abcdefghijklmnopqrstuvwxyz"},
    {"slk", "Slovenčina", Script::kLatin, "abcdefghijklmnopqrstuvwxyzáäéíóôúýčďĺľňŕšťž"},
    {"cat", "Català", Script::kLatin, "abcdefghijklmnopqrstuvwxyz·àçèéíïòóúü"},
    {"tgl", "Tagalog", Script::kLatin, "abcdefghijklmnopqrstuvwxyzáéíñóú"},
};

constexpr bool HaveOneOrder() {
  if (std::size(kLanguages) != std::size(kProfiles)) return false;
  for (size_t i = 0; i < std::size(kLanguages); ++i) {
    if (kLanguages[i].code != kProfiles[i].language) return false;
  }
  return true;
}
static_assert(HaveOneOrder());

}  // namespace mayfly::suite
