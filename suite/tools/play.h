// A made-up play of Hamlet's size, for fuzzysearch where the real text is not at hand.
//
// Exactly 5,301 lines (CRLF), 32,230 words and 7,449 distinct ones as fuzzysearch counts them, with
// a falling distribution of word frequencies, blank lines and punctuation that sticks to words. The
// query `Hamlet` finds it in several ways: the word itself with and without punctuation, near
// spellings, and words that score exactly at the threshold and must not be found (`haue`, `hast`,
// `hate`).
#pragma once

#include <cstddef>
#include <string>

namespace mayfly::suite {

inline constexpr size_t kPlayLines = 5301;
inline constexpr size_t kPlayWords = 32230;
inline constexpr size_t kPlayDistinctWords = 7449;

std::string MakePlay();

}  // namespace mayfly::suite
