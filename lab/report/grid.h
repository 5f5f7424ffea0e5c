// Grid: rows of short texts with a meaning, laid out for a terminal or as Markdown.
//
// Threads: none.
#pragma once

#include <string>
#include <vector>

#include "lab/report/render.h"

namespace mayfly::lab {

// What a field says, where colour can show it.
enum class Tone : unsigned char { kPlain, kGood, kBad, kQuiet };

struct Field {
  std::string text;  // ASCII
  Tone tone = Tone::kPlain;
};

class Grid {
 public:
  // The first column is aligned left, the others right.
  explicit Grid(std::vector<std::string> header) : header_(std::move(header)) {}

  // As many fields as the header has.
  void Add(std::vector<Field> row) { rows_.push_back(std::move(row)); }

  std::string ForTerminal(Colours colours) const;
  std::string ForMarkdown() const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<Field>> rows_;
};

}  // namespace mayfly::lab
