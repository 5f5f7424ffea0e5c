// Detect: the language of a text, by script, alphabet and trigrams.
//
// The script that most characters belong to decides by itself where one language uses it. Where
// several do, each is scored: how much of the text its alphabet covers, and how near the text's
// trigrams, by frequency, stand to the places they have in the language's profile. Short texts are
// judged more by alphabet, long ones more by trigrams.
//
// Errors: none for text; exit 1 when memory is short.
// Sources: W. Cavnar and J. Trenkle, "N-gram-based text categorization", 1994 (the distance of
// ranks); the crate whatlang 0.16 (alphabets and weights).
#pragma once

#include <optional>
#include <string_view>

namespace mayfly::suite {

// The language's own name, or nothing if the text has no letter of a known script. `text` is UTF-8;
// `is_text` says whether it really is.
std::optional<std::string_view> Detect(std::string_view text, bool& is_text);

}  // namespace mayfly::suite
