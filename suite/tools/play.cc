#include "tools/play.h"

#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "support/sm64.h"

namespace mayfly::suite {
namespace {

constexpr uint64_t kSeed = 1603;

struct CountedWord {
  std::string text;
  size_t count;
};

// Hits, near hits and misses of the query `Hamlet`, about as often as the First Folio has them.
const CountedWord kPlanted[] = {{"Ham.", 337},   {"Hamlet", 52},  {"Hamlet,", 21}, {"Hamlet.", 11},
                                {"Hamlet:", 9},  {"Hamlet;", 2},  {"Hamlet?", 6},  {"Hamlets", 5},
                                {"haile", 4},    {"halfe", 5},    {"halfe.", 1},   {"halt", 1},
                                {"ha", 6},       {"hammers", 1},  {"harlot", 1},   {"shalt", 7},
                                {"shame", 7},    {"whale", 2},    {"amulet", 1},   {"omelet", 1},
                                {"harmless", 1}, {"hamlette", 1}, {"haue", 171},   {"hast", 19},
                                {"hate", 4},     {"harlots", 1},  {"hampered", 1}};

// The most frequent words, most frequent first.
constexpr std::string_view kCommon[] = {
    "the",  "and",  "to",   "of",    "I",    "you",  "my",   "a",     "it",    "in",
    "is",   "not",  "his",  "that",  "this", "with", "your", "for",   "but",   "me",
    "as",   "lord", "be",   "he",    "what", "king", "him",  "so",    "will",  "do",
    "we",   "our",  "no",   "are",   "on",   "if",   "all",  "good",  "thou",  "shall",
    "by",   "come", "from", "let",   "or",   "they", "at",   "thy",   "most",  "more",
    "like", "was",  "her",  "would", "how",  "well", "know", "tis",   "sir",   "may",
    "them", "us",   "go",   "must",  "loue", "did",  "then", "which", "there", "hath"};

template <size_t kSize>
std::string_view Pick(Sm64& random, const std::array<std::string_view, kSize>& from) {
  return from[random.Next() % kSize];
}

std::string MakeSyllable(Sm64& random) {
  static constexpr auto kOnset =
      std::to_array<std::string_view>({"b", "br", "c", "ch", "d", "f",  "fl", "g",  "gr", "h", "l",
                                       "m", "n",  "p", "r",  "s", "st", "t",  "th", "w",  ""});
  static constexpr auto kNucleus =
      std::to_array<std::string_view>({"a", "e", "i", "o", "u", "ea", "ou", "e", "a"});
  static constexpr auto kCoda =
      std::to_array<std::string_view>({"", "", "", "n", "r", "s", "t", "l", "m", "nd", "ll", "ke"});
  std::string syllable(Pick(random, kOnset));
  syllable += Pick(random, kNucleus);
  syllable += Pick(random, kCoda);
  return syllable;
}

std::string MakeWord(Sm64& random, size_t rank) {
  constexpr size_t kShortWords = 500;
  size_t syllables = rank < kShortWords        ? 1
                     : random.Next() % 16 == 0 ? 3
                     : random.Next() % 3 == 0  ? 1
                                               : 2;
  std::string word;
  for (size_t i = 0; i < syllables; ++i) word += MakeSyllable(random);
  static constexpr auto kPunctuation =
      std::to_array<std::string_view>({",", ",", ",", ".", ".", ":", ";", "?", "!"});
  if (random.Next() % 3 == 0) word += Pick(random, kPunctuation);
  return word;
}

std::string LowerCase(std::string_view word) {
  std::string lower(word);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lower;
}

// count(rank) = scale / (rank + offset), at least 1: Zipf's law in whole numbers.
size_t CountAt(size_t scale, size_t rank) {
  constexpr size_t kOffset = 3;
  size_t count = scale / (rank + kOffset);
  return count > 0 ? count : 1;
}

// The largest scale at which `ranks` words make up at most `total`.
size_t FindScale(size_t ranks, size_t total) {
  for (size_t scale = 1;; ++scale) {
    size_t sum = 0;
    for (size_t rank = 0; rank < ranks; ++rank) sum += CountAt(scale, rank);
    if (sum > total) return scale - 1;
  }
}

// All distinct words with their frequencies, exact in number and in sum.
std::vector<CountedWord> MakeVocabulary(Sm64& random) {
  std::vector<CountedWord> words;
  std::unordered_set<std::string> seen;
  size_t planted_total = 0;
  for (const CountedWord& word : kPlanted) {
    words.push_back(word);
    seen.insert(LowerCase(word.text));
    planted_total += word.count;
  }
  size_t ranks = kPlayDistinctWords - words.size();
  size_t total = kPlayWords - planted_total;
  size_t scale = FindScale(ranks, total);
  size_t first = words.size();
  for (size_t rank = 0; rank < ranks; ++rank) {
    std::string text;
    do {
      text = rank < std::size(kCommon) ? std::string(kCommon[rank]) : MakeWord(random, rank);
    } while (!seen.insert(LowerCase(text)).second);
    words.push_back({std::move(text), CountAt(scale, rank)});
    total -= words.back().count;
  }
  words[first].count += total;
  return words;
}

// Fisher and Yates.
std::vector<const std::string*> Shuffle(Sm64& random, const std::vector<CountedWord>& words) {
  std::vector<const std::string*> order;
  for (const CountedWord& word : words) order.insert(order.end(), word.count, &word.text);
  for (size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random.Next() % (i + 1)]);
  return order;
}

// How many words each line has: none, or about seven.
std::vector<size_t> MakeLineLengths(Sm64& random) {
  std::vector<size_t> lengths(kPlayLines);
  size_t total = 0;
  for (size_t& length : lengths) {
    length = random.Next() % 8 == 0 ? 0 : 4 + random.Next() % 7;
    total += length;
  }
  while (total != kPlayWords) {
    size_t& length = lengths[random.Next() % kPlayLines];
    if (length < 2) continue;
    length = total < kPlayWords ? length + 1 : length - 1;
    total = total < kPlayWords ? total + 1 : total - 1;
  }
  return lengths;
}

}  // namespace

std::string MakePlay() {
  Sm64 random(kSeed);
  std::vector<CountedWord> words = MakeVocabulary(random);
  std::vector<const std::string*> order = Shuffle(random, words);
  std::vector<size_t> lengths = MakeLineLengths(random);
  std::string play;
  size_t next = 0;
  for (size_t length : lengths) {
    if (length > 0 && random.Next() % 6 == 0) play += "  ";
    for (size_t i = 0; i < length; ++i) {
      std::string word = *order[next++];
      if (i > 0) play += ' ';
      if (i == 0 && word[0] >= 'a' && word[0] <= 'z') word[0] = static_cast<char>(word[0] - 32);
      play += word;
    }
    play += "\r\n";
  }
  return play;
}

}  // namespace mayfly::suite
