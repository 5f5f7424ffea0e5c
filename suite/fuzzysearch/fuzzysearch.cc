// fuzzysearch: the lines of a text that hold a word similar to a word of the query.
//
// Words are compared as distinct tokens: each query token with each distinct token of the text. The
// original sorts the lines found by score and then again by number; only the second order can be
// seen, so lines are marked and printed in order here.

#include <cstdint>
#include <cstring>
#include <string_view>

#include "fuzzysearch/jaro_winkler.h"
#include "fuzzysearch/token_table.h"
#include "support/arguments.h"
#include "support/array.h"
#include "support/exits.h"
#include "support/file.h"
#include "support/lower_case.h"
#include "support/stdout_writer.h"

namespace mayfly::suite {
namespace {

// A token is a hit above this score, not at it.
constexpr double kThreshold = 0.8;

// Lower-cases the line, cuts it at white space, and calls add(number) for each token; false if it
// is not UTF-8.
template <typename Add>
bool Tokenise(std::string_view line, TokenTable& table, Add add) {
  auto finish = [&] {
    if (auto id = table.Finish()) add(*id);
  };
  bool is_text = LowerCaseLine(line, [&](char32_t c) {
    if (IsWhiteSpace(c)) {
      finish();
    } else {
      table.Put(c);
    }
  });
  finish();
  return is_text;
}

// The tokens of a text, line by line.
struct Index {
  TokenTable table;
  Array<uint32_t> tokens;    // all tokens in order of the text, by number
  Array<uint32_t> line_end;  // of each line: how many of `tokens` lie before its end
};

// Lines end at LF; a CR before it is white space and falls away.
void IndexText(std::string_view text, const char* path, Index& index) {
  while (!text.empty()) {
    auto* newline = static_cast<const char*>(memchr(text.data(), '\n', text.size()));
    size_t length = newline == nullptr ? text.size() : static_cast<size_t>(newline - text.data());
    if (!Tokenise(text.substr(0, length), index.table,
                  [&](uint32_t id) { index.tokens.Append(id); })) {
      Fail(Exit::kFailure, {"read ", path, ": not UTF-8"});
    }
    index.line_end.Append(static_cast<uint32_t>(index.tokens.size()));
    text.remove_prefix(newline == nullptr ? length : length + 1);
  }
}

// One mark for each distinct token of the text.
Array<uint8_t> FindHits(const TokenTable& query, const TokenTable& text) {
  Array<uint8_t> hit(text.size());
  if (text.size() > 0) memset(hit.data(), 0, hit.size());
  for (size_t q = 0; q < query.size(); ++q) {
    JaroWinkler word(query[q]);
    for (size_t t = 0; t < text.size(); ++t) {
      if (word.Score(text[t]) > kThreshold) hit[t] = 1;
    }
  }
  return hit;
}

void PrintLines(const Index& index, const Array<uint8_t>& hit) {
  StdoutWriter out;
  std::string_view separator;
  out.Write("[");
  uint32_t next = 0;
  for (size_t line = 0; line < index.line_end.size(); ++line) {
    bool found = false;
    for (; next < index.line_end[line]; ++next) found = found || hit[index.tokens[next]] != 0;
    if (!found) continue;
    out.Write(separator);
    out.Unsigned(line);
    separator = ", ";
  }
  out.Write("]\n");
  out.Flush();
}

}  // namespace
}  // namespace mayfly::suite

int main(int argc, char** argv) {
  using namespace mayfly::suite;
  program_name = "fuzzysearch";
  Arguments arguments(argc, argv, "usage: fuzzysearch [--loops N] FILE QUERY");
  uint32_t loops = arguments.Count<uint32_t>("--loops", 1);
  if (arguments.Operands() != 2) arguments.FailUsage();
  const char* path = arguments.Path(0);
  TokenTable query;
  if (!Tokenise(arguments.Operand(1), query, [](uint32_t) {})) {
    Fail(Exit::kUsage, {"QUERY is not UTF-8"});
  }

  for (uint32_t left = loops; left > 0; --left) {
    Array<char> text = ReadFile(path);
    if (text.size() > UINT32_MAX) Fail(Exit::kFailure, {"read ", path, ": larger than 4 GiB"});
    Index index;
    IndexText({text.data(), text.size()}, path, index);
    Array<uint8_t> hits = FindHits(query, index.table);
    if (left == 1) PrintLines(index, hits);
  }
  return 0;
}
