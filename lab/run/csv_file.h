// CsvFile: a results file with a header, to which lines are added; it knows those that are there.
//
// Fields here never hold a comma, a quotation mark or a line feed but for the reasons of failures,
// in which they become blanks. Errors: file cannot be read or written. Threads: none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace mayfly::lab {

class CsvFile {
 public:
  // Makes it with the header if it is not there; a line cut off at its end is removed.
  static base::Result<CsvFile> Open(const std::string& path, std::string_view header);

  // Whether a line begins with these fields.
  bool Has(const std::vector<std::string>& first_fields) const;
  base::Result<void> Add(const std::vector<std::string>& fields);

 private:
  CsvFile(base::UniqueFd fd, std::string path, std::string text)
      : fd_(std::move(fd)), path_(std::move(path)), text_(std::move(text)) {}

  base::UniqueFd fd_;
  std::string path_;
  std::string text_;
};

}  // namespace mayfly::lab
