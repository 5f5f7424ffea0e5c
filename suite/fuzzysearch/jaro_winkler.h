// JaroWinkler: similarity of two words, 0 (nothing in common) to 1 (equal, or one a prefix of the
// other).
//
// The variant of the Rust crate strsim 0.10: the bonus counts the whole common prefix, not only
// four letters, and is given at every score. The order of operations is part of the contract: words
// that score exactly 0.8 must not come out above it. Units: code points. Sources: suite README; W.
// Winkler, "String Comparator Metrics", 1990.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "support/array.h"

namespace mayfly::suite {

// Compares many words with one; reused because the marks of matched letters need memory.
class JaroWinkler {
 public:
  // Ownership: the word must outlive the object.
  explicit JaroWinkler(std::u32string_view word) : word_(word), matched_(word.size()) {}

  // Similarity of `other` (the first operand of the definition) to the word.
  double Score(std::u32string_view other) {
    double jaro = Jaro(other);
    size_t shorter = std::min(other.size(), word_.size());
    size_t prefix = 0;
    while (prefix < shorter && other[prefix] == word_[prefix]) ++prefix;
    double score = jaro + 0.1 * static_cast<double>(prefix) * (1.0 - jaro);
    return score < 1.0 ? score : 1.0;
  }

 private:
  double Jaro(std::u32string_view other) {
    size_t la = other.size();
    size_t lb = word_.size();
    if (la == 0 && lb == 0) return 1.0;
    if (la == 0 || lb == 0) return 0.0;
    if (la == 1 && lb == 1) return other[0] == word_[0] ? 1.0 : 0.0;

    size_t range = std::max(la, lb) / 2 - 1;
    memset(matched_.data(), 0, lb);
    size_t matches = 0;
    size_t transpositions = 0;
    size_t previous = 0;
    for (size_t i = 0; i < la; ++i) {
      size_t first = i > range ? i - range : 0;
      size_t end = std::min(lb, i + range + 1);
      for (size_t j = first; j < end; ++j) {
        if (other[i] != word_[j] || matched_[j] != 0) continue;
        matched_[j] = 1;
        ++matches;
        if (j < previous) ++transpositions;
        previous = j;
        break;
      }
    }
    if (matches == 0) return 0.0;
    auto m = static_cast<double>(matches);
    auto t = static_cast<double>(transpositions);
    return 1.0 / 3.0 * ((m / static_cast<double>(la) + m / static_cast<double>(lb)) + (m - t) / m);
  }

  std::u32string_view word_;
  Array<uint8_t> matched_;
};

}  // namespace mayfly::suite
