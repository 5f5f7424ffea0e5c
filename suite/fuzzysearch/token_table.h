// TokenTable: the distinct tokens of a text, numbered in order of first appearance.
//
// Tokens are built in place, code point by code point, at the end of one arena: a token seen before
// is taken back from there, a new one stays. A hash table with linear probing finds it; nothing is
// allocated per token.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "support/array.h"

namespace mayfly::suite {

class TokenTable {
 public:
  TokenTable() { Rehash(kFirstSlots); }

  size_t size() const { return tokens_.size(); }
  std::u32string_view operator[](size_t id) const {
    return {letters_.data() + tokens_[id].first, tokens_[id].length};
  }

  // Adds a code point to the token being read.
  void Put(char32_t c) {
    letters_.Append(c);
    hash_ = (hash_ ^ c) * 0x9E3779B1u;
  }

  // Ends the token being read; its number, or nothing if it is empty.
  std::optional<uint32_t> Finish() {
    uint32_t first = committed_;
    auto length = static_cast<uint32_t>(letters_.size()) - first;
    if (length == 0) return std::nullopt;
    uint32_t hash = hash_ ^ hash_ >> 15;
    hash_ = kHashStart;
    uint32_t slot = hash & mask_;
    for (; slots_[slot] != kFree; slot = (slot + 1) & mask_) {
      uint32_t id = slots_[slot];
      const Token& token = tokens_[id];
      if (token.hash == hash && token.length == length &&
          memcmp(letters_.data() + token.first, letters_.data() + first,
                 length * sizeof(char32_t)) == 0) {
        letters_.Resize(first);
        return id;
      }
    }
    auto id = static_cast<uint32_t>(tokens_.size());
    slots_[slot] = id;
    tokens_.Append({first, length, hash});
    committed_ = first + length;
    if (tokens_.size() * 2 > slots_.size()) Rehash(slots_.size() * 4);
    return id;
  }

 private:
  struct Token {
    uint32_t first;
    uint32_t length;
    uint32_t hash;
  };
  static constexpr uint32_t kHashStart = 0x811C9DC5;
  static constexpr uint32_t kFree = UINT32_MAX;
  static constexpr size_t kFirstSlots = 1024;

  void Rehash(size_t slots) {
    slots_.Resize(slots);
    memset(slots_.data(), 0xFF, slots * sizeof(uint32_t));
    mask_ = static_cast<uint32_t>(slots - 1);
    for (uint32_t id = 0; id < tokens_.size(); ++id) {
      uint32_t slot = tokens_[id].hash & mask_;
      while (slots_[slot] != kFree) slot = (slot + 1) & mask_;
      slots_[slot] = id;
    }
  }

  Array<char32_t> letters_;
  Array<Token> tokens_;
  Array<uint32_t> slots_;  // token numbers; a power of two of them
  uint32_t mask_ = 0;
  uint32_t committed_ = 0;  // letters of finished tokens
  uint32_t hash_ = kHashStart;
};

}  // namespace mayfly::suite
