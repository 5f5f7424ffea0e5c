#include "support/lower_case.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "fuzzysearch/token_table.h"

namespace mayfly::suite {
namespace {

std::optional<std::u32string> Lower(std::string_view line) {
  std::u32string lower;
  if (!LowerCaseLine(line, [&](char32_t c) { lower += c; })) return std::nullopt;
  return lower;
}

TEST(LowerCaseLine, MapsLetters) {
  EXPECT_EQ(Lower("Hamlet, 1603!"), U"hamlet, 1603!");
  EXPECT_EQ(Lower("ÀÉÎÕÜ ß"), U"àéîõü ß");
  EXPECT_EQ(Lower("ГАМЛЕТ ΆΓΞ"), U"гамлет άγξ");
  EXPECT_EQ(Lower("İ"), U"i\u0307");
  EXPECT_EQ(Lower("\U00010400 \u1E9E \u2126 \uFF21"), U"\U00010428 ß ω \uFF41");
}

TEST(LowerCaseLine, EndsWordsWithFinalSigma) {
  EXPECT_EQ(Lower("ΣΟΣ"), U"σος");
  EXPECT_EQ(Lower("ΣΟΣ ΣΟΣ"), U"σος σος");
  EXPECT_EQ(Lower("Σ"), U"σ");
  EXPECT_EQ(Lower("ΑΣ1"), U"ας1");
  EXPECT_EQ(Lower("ΑΣ.Α"), U"ασ.α");  // a full stop is case-ignorable
  EXPECT_EQ(Lower("Α\u00adΣ"), U"α\u00adς");
  EXPECT_EQ(Lower("1Σ"), U"1σ");
}

TEST(LowerCaseLine, RefusesWhatIsNotUtf8) {
  for (const char* bad : {"\x80", "caf\xe9", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                          "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xe2\x82", "\xff"}) {
    EXPECT_EQ(Lower(bad), std::nullopt);
  }
  EXPECT_EQ(Lower("\xf4\x8f\xbf\xbf"), U"\U0010FFFF");
}

TEST(IsWhiteSpace, IsTheUnicodeProperty) {
  std::u32string found;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (IsWhiteSpace(c)) found += c;
  }
  EXPECT_EQ(found,
            U"\t\n\v\f\r "
            U"\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
            U"\u2028\u2029\u202f\u205f\u3000");
}

TEST(TokenTable, NumbersDistinctTokens) {
  TokenTable table;
  auto add = [&](std::u32string_view token) {
    for (char32_t c : token) table.Put(c);
    return table.Finish();
  };
  EXPECT_EQ(add(U"to"), 0u);
  EXPECT_EQ(add(U"be"), 1u);
  EXPECT_EQ(add(U""), std::nullopt);
  EXPECT_EQ(add(U"to"), 0u);
  EXPECT_TRUE(table[1] == U"be");
  EXPECT_EQ(table.size(), 2u);
}

TEST(TokenTable, KeepsNumbersWhenItGrows) {
  TokenTable table;
  for (int round = 0; round < 2; ++round) {
    for (uint32_t i = 0; i < 20000; ++i) {
      for (char digit : std::to_string(i)) table.Put(static_cast<char32_t>(digit));
      ASSERT_EQ(table.Finish(), i);
    }
  }
}

}  // namespace
}  // namespace mayfly::suite
