#include "lab/report/grid.h"

#include <fmt/format.h>

#include <algorithm>

namespace mayfly::lab {
namespace {

// ECMA-48 "select graphic rendition" parameters.
std::string_view Code(Tone tone) {
  switch (tone) {
    case Tone::kGood:
      return "32";
    case Tone::kBad:
      return "31";
    case Tone::kQuiet:
      return "2";
    case Tone::kPlain:
      break;
  }
  return "";
}

std::string Padded(const std::string& text, size_t width, bool left) {
  const std::string blanks(width - text.size(), ' ');
  return left ? text + blanks : blanks + text;
}

std::string Escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    escaped += c == '|' ? "\\|" : std::string(1, c);
  }
  return escaped;
}

}  // namespace

std::string Grid::ForTerminal(Colours colours) const {
  std::vector<size_t> widths;
  for (size_t column = 0; column < header_.size(); ++column) {
    size_t width = header_[column].size();
    for (const auto& row : rows_) {
      width = std::max(width, row[column].text.size());
    }
    widths.push_back(width);
  }
  std::string text;
  const auto add_line = [&](const auto& field_of) {
    std::string line;
    for (size_t column = 0; column < header_.size(); ++column) {
      const Field field = field_of(column);
      const std::string padded = Padded(field.text, widths[column], column == 0);
      const std::string_view code = Code(field.tone);
      line += column == 0 ? "  " : "   ";
      line += colours == Colours::kOn && !code.empty()
                  ? fmt::format("\033[{}m{}\033[0m", code, padded)
                  : padded;
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  };
  add_line([&](size_t column) { return Field{.text = header_[column], .tone = Tone::kQuiet}; });
  for (const auto& row : rows_) {
    add_line([&](size_t column) { return row[column]; });
  }
  return text;
}

std::string Grid::ForMarkdown() const {
  std::string text = "|";
  for (const std::string& title : header_) {
    text += fmt::format(" {} |", Escaped(title));
  }
  text += "\n|";
  for (size_t column = 0; column < header_.size(); ++column) {
    text += column == 0 ? "---|" : "---:|";
  }
  text += '\n';
  for (const auto& row : rows_) {
    text += "|";
    for (const Field& field : row) {
      const std::string escaped = Escaped(field.text);
      // The colours' meaning in print: bold is slower.
      text += field.tone == Tone::kBad ? fmt::format(" **{}** |", escaped)
                                       : fmt::format(" {} |", escaped);
    }
    text += '\n';
  }
  return text;
}

}  // namespace mayfly::lab
