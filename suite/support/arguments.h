// Arguments: options ("--name", "--name VALUE") and operands of a program.
//
// The idea: a program asks for each option it knows, which takes it from the list, then calls
// Operands(), which refuses any option left. What does not begin with "--" is an operand, so "-3"
// and "-" are; all words after a lone "--" are operands too. Options may stand anywhere.
//
// Errors: Fail(Exit::kUsage) for an unknown option, a missing or bad value. Ownership: the words
// are argv's. Sources: POSIX, Utility Syntax Guidelines, guideline 10 ("--").
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <optional>
#include <string_view>

#include "support/args.h"
#include "support/array.h"
#include "support/exits.h"

namespace mayfly::suite {

class Arguments {
 public:
  // `usage` is the line that every usage error ends with.
  Arguments(int argc, char** argv, std::string_view usage) : usage_(usage) {
    bool only_operands = false;
    for (int i = 1; i < argc; ++i) {
      bool is_end = !only_operands && std::string_view(argv[i]) == "--";
      if (is_end) {
        only_operands = true;
      } else {
        words_.Append({argv[i], !only_operands && std::string_view(argv[i]).starts_with("--")});
      }
    }
  }

  // Whether the option is there; takes all of its occurrences.
  bool Flag(std::string_view name) {
    bool found = false;
    for (size_t at; (at = Find(name)) < words_.size(); Remove(at)) found = true;
    return found;
  }

  // The word after the option, the last one if the option stands there twice.
  std::optional<const char*> Value(std::string_view name) {
    std::optional<const char*> value;
    for (size_t at; (at = Find(name)) < words_.size(); Remove(at)) {
      if (at + 1 == words_.size()) Fail(Exit::kUsage, {name, " needs a value; ", usage_});
      Remove(at);
      value = words_[at].text;
    }
    return value;
  }

  // The number after the option, from 1 to `max`; `absent` if the option is not there.
  template <typename Unsigned>
  Unsigned Count(std::string_view name, Unsigned absent,
                 Unsigned max = std::numeric_limits<Unsigned>::max()) {
    auto text = Value(name);
    if (!text) return absent;
    auto count = ParseUnsigned<Unsigned>(*text);
    if (!count || *count == 0 || *count > max) {
      Fail(Exit::kUsage,
           {name, " must be a number from 1 on, not '", *text, "', or it is too big"});
    }
    return *count;
  }

  // Of the generator: --seed N, the clock with --random, otherwise 1.
  uint64_t Seed() {
    auto text = Value("--seed");
    if (Flag("--random")) return ClockNs();
    if (!text) return 1;
    auto seed = ParseUnsigned<uint64_t>(*text);
    if (!seed) {
      Fail(Exit::kUsage,
           {"--seed must be an unsigned decimal number below 2^64, not '", *text, "'"});
    }
    return *seed;
  }

  // How many operands there are; fails if an option is left.
  size_t Operands() const {
    for (const Word& word : words_) {
      if (word.is_option) Fail(Exit::kUsage, {"unknown option ", word.text, "; ", usage_});
    }
    return words_.size();
  }
  const char* Operand(size_t i) const { return words_[i].text; }

  // An operand that names a file. An empty one is refused here: wasi-libc takes it for the root.
  const char* Path(size_t i) const {
    if (*Operand(i) == '\0') Fail(Exit::kUsage, {"a path must not be empty; ", usage_});
    return Operand(i);
  }

  [[noreturn]] void FailUsage() const { Fail(Exit::kUsage, {usage_}); }

 private:
  struct Word {
    const char* text;
    bool is_option;
  };

  static uint64_t ClockNs() {
    timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) {
      Fail(Exit::kFailure, {"clock: ", strerror(errno)});
    }
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
  }

  size_t Find(std::string_view name) const {
    size_t at = 0;
    while (at < words_.size() && !(words_[at].is_option && words_[at].text == name)) ++at;
    return at;
  }

  void Remove(size_t at) {
    for (size_t i = at; i + 1 < words_.size(); ++i) words_[i] = words_[i + 1];
    words_.Resize(words_.size() - 1);
  }

  std::string_view usage_;
  Array<Word> words_;
};

}  // namespace mayfly::suite
