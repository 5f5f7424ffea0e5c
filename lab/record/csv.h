// CsvTable: reads a CSV file by column name, with errors that name file, line and column.
//
// RFC 4180 without line breaks inside fields. A last line without line feed was cut off by a crash
// and is passed over when `Ending::kMayBeCut` says that this can be; elsewhere it is a line.
//
// Errors: kind invalid. Ownership: the table owns its text. Threads: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mayfly::lab {

enum class Ending : unsigned char { kWhole, kMayBeCut };

class CsvTable {
 public:
  static base::Result<CsvTable> Parse(std::string_view bytes, std::string_view path,
                                      Ending ending = Ending::kWhole);
  static base::Result<CsvTable> Read(const std::string& path, Ending ending = Ending::kWhole);

  size_t size() const { return rows_.size(); }
  bool Has(std::string_view column) const { return Find(column).has_value(); }

  // The field of a row, counted from 0. Text of an absent column is empty, a number of an absent
  // column or an empty field is nullopt.
  std::string Text(size_t row, std::string_view column) const;
  base::Result<std::optional<int64_t>> Int(size_t row, std::string_view column) const;
  base::Result<std::optional<double>> Number(size_t row, std::string_view column) const;

  // An error when one of these columns is absent.
  base::Result<void> Need(const std::vector<std::string_view>& columns) const;
  // "PATH: line 3: column n: WHY".
  std::unexpected<base::Error> Fail(size_t row, std::string_view column,
                                    std::string_view why) const;

 private:
  std::optional<size_t> Find(std::string_view column) const;

  std::string path_;
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

// A field as it stands in a CSV file; line breaks become blanks.
std::string CsvField(std::string_view text);

}  // namespace mayfly::lab
