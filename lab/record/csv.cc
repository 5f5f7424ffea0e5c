#include "lab/record/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/file.h"

namespace mayfly::lab {
namespace {

using base::ErrorKind;
using base::Result;

constexpr size_t kLargestFile = size_t{1} << 30;

// The fields of a line; nullopt when a quotation mark is out of place.
std::optional<std::vector<std::string>> Fields(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  bool closed = false;  // the field's closing mark has been read
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += line[++i];
    } else if (quoted && c == '"') {
      quoted = false;
      closed = true;
    } else if (quoted) {
      fields.back() += c;
    } else if (c == ',') {
      fields.emplace_back();
      closed = false;
    } else if (closed || (c == '"' && !fields.back().empty())) {
      return std::nullopt;
    } else if (c == '"') {
      quoted = true;
    } else {
      fields.back() += c;
    }
  }
  if (quoted) {
    return std::nullopt;
  }
  return fields;
}

}  // namespace

Result<CsvTable> CsvTable::Parse(std::string_view bytes, std::string_view path, Ending ending) {
  CsvTable table;
  table.path_ = path;
  size_t line_number = 0;
  for (size_t begin = 0; begin < bytes.size();) {
    size_t end = bytes.find('\n', begin);
    if (end == std::string_view::npos) {
      if (ending == Ending::kMayBeCut) {
        break;
      }
      end = bytes.size();
    }
    std::string_view line = bytes.substr(begin, end - begin);
    begin = end + 1;
    ++line_number;
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    auto fields = Fields(line);
    if (!fields) {
      return base::Fail(ErrorKind::kInvalid, "{}: line {}: a quotation mark is out of place", path,
                        line_number);
    }
    if (line_number == 1) {
      table.header_ = *std::move(fields);
    } else if (fields->size() != table.header_.size()) {
      return base::Fail(ErrorKind::kInvalid, "{}: line {}: {} fields where the header has {}", path,
                        line_number, fields->size(), table.header_.size());
    } else {
      table.rows_.push_back(*std::move(fields));
    }
  }
  if (line_number == 0) {
    return base::Fail(ErrorKind::kInvalid, "{}: no header line", path);
  }
  return table;
}

Result<CsvTable> CsvTable::Read(const std::string& path, Ending ending) {
  MAYFLY_ASSIGN(const std::string bytes, base::ReadFile(path, kLargestFile));
  return Parse(bytes, path, ending);
}

std::optional<size_t> CsvTable::Find(std::string_view column) const {
  const auto found = std::find(header_.begin(), header_.end(), column);
  if (found == header_.end()) {
    return std::nullopt;
  }
  return static_cast<size_t>(found - header_.begin());
}

std::string CsvTable::Text(size_t row, std::string_view column) const {
  const auto found = Find(column);
  return found ? rows_[row][*found] : "";
}

Result<std::optional<int64_t>> CsvTable::Int(size_t row, std::string_view column) const {
  const std::string text = Text(row, column);
  if (text.empty()) {
    return std::nullopt;
  }
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Fail(row, column, fmt::format("\"{}\" is not a whole number in range", text));
  }
  return value;
}

Result<std::optional<double>> CsvTable::Number(size_t row, std::string_view column) const {
  const std::string text = Text(row, column);
  if (text.empty()) {
    return std::nullopt;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return Fail(row, column, fmt::format("\"{}\" is not a number", text));
  }
  return value;
}

Result<void> CsvTable::Need(const std::vector<std::string_view>& columns) const {
  for (const std::string_view column : columns) {
    if (!Has(column)) {
      return base::Fail(ErrorKind::kInvalid, "{}: line 1: the header has no column {}", path_,
                        column);
    }
  }
  return {};
}

std::unexpected<base::Error> CsvTable::Fail(size_t row, std::string_view column,
                                            std::string_view why) const {
  return base::Fail(ErrorKind::kInvalid, "{}: line {}: column {}: {}", path_, row + 2, column, why);
}

std::string CsvField(std::string_view text) {
  std::string field(text);
  std::replace_if(
      field.begin(), field.end(), [](char c) { return c == '\n' || c == '\r' || c == '\0'; }, ' ');
  if (field.find_first_of(",\"") == std::string::npos) {
    return field;
  }
  std::string quoted = "\"";
  for (const char c : field) {
    quoted += c;
    if (c == '"') {
      quoted += c;
    }
  }
  return quoted + '"';
}

}  // namespace mayfly::lab
