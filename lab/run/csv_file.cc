#include "lab/run/csv_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"

namespace mayfly::lab {

using base::Result;

namespace {

std::string Joined(const std::vector<std::string>& fields) {
  std::string line;
  for (const std::string& field : fields) {
    std::string plain = field;
    std::replace_if(
        plain.begin(), plain.end(),
        [](char c) { return c == ',' || c == '"' || c == '\n' || c == '\r' || c == '\0'; }, ' ');
    line += line.empty() ? "" : ",";
    line += plain;
  }
  return line;
}

}  // namespace

Result<CsvFile> CsvFile::Open(const std::string& path, std::string_view header) {
  MAYFLY_ASSIGN(base::UniqueFd fd, base::Open(path, O_RDWR | O_CREAT | O_APPEND, 0644));
  MAYFLY_ASSIGN(std::string text, base::ReadAll(fd.get(), path, size_t{1} << 28));
  const size_t complete = text.find_last_of('\n') + 1;  // npos + 1 is 0
  if (complete != text.size()) {
    text.resize(complete);
    if (::ftruncate(fd.get(), static_cast<off_t>(complete)) != 0) {
      return base::FailErrno("cut {} to {} bytes", path, complete);
    }
  }
  if (text.empty()) {
    text = std::string(header) + "\n";
    MAYFLY_TRY(base::WriteAll(fd.get(), text, path));
  } else if (!text.starts_with(std::string(header) + "\n")) {
    return base::Fail(base::ErrorKind::kInvalid, "{}: its header is not {}", path, header);
  }
  return CsvFile(std::move(fd), path, std::move(text));
}

bool CsvFile::Has(const std::vector<std::string>& first_fields) const {
  return text_.contains("\n" + Joined(first_fields) + ",");
}

Result<void> CsvFile::Add(const std::vector<std::string>& fields) {
  const std::string line = Joined(fields) + "\n";
  text_ += line;
  return base::WriteAll(fd_.get(), line, path_);
}

}  // namespace mayfly::lab
