#include "whatlang/detect.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>

#include "support/array.h"
#include "support/lower_case.h"
#include "whatlang/key_table.h"
#include "whatlang/languages.h"
#include "whatlang/profiles.h"
#include "whatlang/scripts.h"

namespace mayfly::suite {
namespace {

constexpr uint32_t kKeptTrigrams = 600;
constexpr uint32_t kAbsentDistance = kProfileTrigrams;
constexpr double kMandarinLimit = 0.05;

// Blanks, digits and punctuation of ASCII: no part of any alphabet.
bool IsStop(char32_t c) {
  return c <= 0x40 || (c >= 0x5B && c <= 0x60) || (c >= 0x7B && c <= 0x7E);
}

uint64_t TrigramKey(char32_t a, char32_t b, char32_t c) {
  return uint64_t{a} << 42 | uint64_t{b} << 21 | c;
}

// How many characters of the text belong to each script; false if it is not UTF-8.
bool CountScripts(std::string_view text, size_t (&count)[kScripts]) {
  const char* end = text.data() + text.size();
  for (const char* next = text.data(); next != end;) {
    char32_t c = DecodeUtf8(next, end);
    if (c == kMalformed) return false;
    if (IsStop(c)) continue;
    if (auto script = ScriptOf(c)) ++count[static_cast<size_t>(*script)];
  }
  return true;
}

std::string_view MandarinOrJapanese(const size_t (&count)[kScripts]) {
  auto of = [&](Script script) { return static_cast<double>(count[static_cast<size_t>(script)]); };
  double kana = of(Script::kHiragana) + of(Script::kKatakana);
  bool japanese = kana / (kana + of(Script::kMandarin)) > kMandarinLimit;
  return japanese ? OnlyLanguage(Script::kHiragana) : "普通话";
}

// The places of the text's most frequent trigrams, most frequent first.
class TrigramRanks {
 public:
  explicit TrigramRanks(const Array<char32_t>& text) {
    KeyTable<uint32_t> count;
    auto letter = [&](size_t i) {
      return i == 0 || i > text.size() || IsStop(text[i - 1]) ? U' ' : text[i - 1];
    };
    for (size_t i = 1; i <= text.size(); ++i) {
      char32_t before = letter(i - 1);
      char32_t middle = letter(i);
      char32_t after = letter(i + 1);
      if (middle == U' ' && (before == U' ' || after == U' ')) continue;
      ++count[TrigramKey(before, middle, after)];
    }
    Array<Counted> order;
    count.ForEach([&](uint64_t key, uint32_t times) { order.Append({key, times}); });
    std::sort(order.begin(), order.end(), [](const Counted& a, const Counted& b) {
      return a.times != b.times ? a.times > b.times : a.key > b.key;
    });
    size_ = order.size() < kKeptTrigrams ? static_cast<uint32_t>(order.size()) : kKeptTrigrams;
    for (uint32_t i = 0; i < size_; ++i) rank_[order[i].key] = i;
  }

  // How far the text is from the profile: 1 at the same order of trigrams, near 0 if none is there.
  // A function of its own: within its callers a Wasm engine runs out of registers.
  [[gnu::noinline]] double Nearness(std::string_view profile) const {
    const char* next = profile.data();
    const char* end = next + profile.size();
    int32_t distance = 0;
    for (int32_t i = 0; i < kProfileTrigrams; ++i) {
      char32_t a = DecodeUtf8(next, end);
      char32_t b = DecodeUtf8(next, end);
      char32_t c = DecodeUtf8(next, end);
      const uint32_t* rank = rank_.At(TrigramKey(a, b, c));
      distance += rank == nullptr ? kAbsentDistance : std::abs(static_cast<int32_t>(*rank) - i);
    }
    auto used = static_cast<int32_t>(size_);
    if (used < kProfileTrigrams) distance -= (kProfileTrigrams - used) * kProfileTrigrams;
    constexpr int32_t kFarthest = kProfileTrigrams * kProfileTrigrams;
    distance = distance < 0 ? 0 : distance > kFarthest ? kFarthest : distance;
    int32_t whole = kProfileTrigrams * used;
    return static_cast<double>(whole - distance) / static_cast<double>(whole);
  }

 private:
  struct Counted {
    uint64_t key;
    uint32_t times;
  };

  KeyTable<uint32_t> rank_;
  uint32_t size_ = 0;
};

// How many characters of the text belong to the alphabet of each language, as a share.
class AlphabetShares {
 public:
  AlphabetShares(Script script, const Array<char32_t>& text) {
    for (size_t i = 0; i < std::size(kLanguages); ++i) {
      if (kLanguages[i].script == script) AddAlphabet(i);
    }
    if (languages_of_.size() == 0) return;
    count_ = 0;
    for (char32_t c : text) {
      if (IsStop(c)) continue;
      ++count_;
      const uint64_t* languages = languages_of_.At(c);
      if (languages == nullptr) continue;
      for (uint64_t rest = *languages; rest != 0; rest &= rest - 1) ++hits_[std::countr_zero(rest)];
    }
  }

  // What the weight of the two scores goes by; 1 for scripts without alphabets.
  size_t count() const { return count_; }

  double Share(size_t language) const {
    if (kLanguages[language].alphabet.empty()) return 1;
    size_t twice = 2 * hits_[language];
    return twice <= count_ ? 0 : static_cast<double>(twice - count_) / static_cast<double>(count_);
  }

 private:
  static_assert(std::size(kLanguages) <= 64);

  void AddAlphabet(size_t language) {
    std::string_view alphabet = kLanguages[language].alphabet;
    const char* end = alphabet.data() + alphabet.size();
    for (const char* next = alphabet.data(); next != end;) {
      languages_of_[DecodeUtf8(next, end)] |= uint64_t{1} << language;
    }
  }

  KeyTable<uint64_t> languages_of_;  // of each letter, one bit a language
  size_t hits_[std::size(kLanguages)] = {};
  size_t count_ = 1;
};

std::string_view BestLanguage(Script script, const Array<char32_t>& text) {
  AlphabetShares alphabets(script, text);
  TrigramRanks trigrams(text);
  double weight = 2.0 / 3.0 - static_cast<double>(alphabets.count()) / 300.0;
  weight = std::clamp(weight, 1.0 / 3.0, 2.0 / 3.0);
  std::string_view best;
  double best_score = -1;
  for (size_t i = 0; i < std::size(kLanguages); ++i) {
    if (kLanguages[i].script != script) continue;
    double score =
        alphabets.Share(i) * weight + trigrams.Nearness(kProfiles[i].trigrams) * (1.0 - weight);
    if (score > best_score) {
      best_score = score;
      best = kLanguages[i].name;
    }
  }
  return best;
}

}  // namespace

std::optional<std::string_view> Detect(std::string_view text, bool& is_text) {
  size_t count[kScripts] = {};
  is_text = CountScripts(text, count);
  if (!is_text) return std::nullopt;
  size_t most = 0;
  for (size_t i = 1; i < kScripts; ++i) most = count[i] > count[most] ? i : most;
  if (count[most] == 0) return std::nullopt;
  auto script = static_cast<Script>(most);
  if (script == Script::kMandarin) return MandarinOrJapanese(count);
  if (auto name = OnlyLanguage(script); !name.empty()) return name;
  Array<char32_t> lower;
  lower.Reserve(text.size());
  LowerCaseLine(text, [&](char32_t c) { lower.Append(c); });
  return BestLanguage(script, lower);
}

}  // namespace mayfly::suite
