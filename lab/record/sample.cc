#include "lab/record/sample.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/file.h"

namespace mayfly::lab {
namespace {

using base::ErrorKind;
using base::Fail;
using base::Result;

// The columns in the file's order. A new one goes to the end, so that old files stay readable by
// position.
constexpr std::array kColumns = {"run",
                                 "block",
                                 "order",
                                 "warm_up",
                                 "function",
                                 "environment",
                                 "image",
                                 "strategy",
                                 "start_unix_ns",
                                 "total_ns",
                                 "user_us",
                                 "sys_us",
                                 "max_rss_kib",
                                 "exit_code",
                                 "stdout_bytes",
                                 "stdout_sha256",
                                 "ok",
                                 "note",
                                 "size",
                                 "phase_client_ns",
                                 "phase_containerd_ns",
                                 "phase_shim_ns",
                                 "phase_create_ns",
                                 "phase_load_ns",
                                 "phase_instantiate_ns",
                                 "phase_guest_ns",
                                 "phase_drain_ns",
                                 "phase_teardown_ns",
                                 "peak_memory_kib",
                                 "pss_kib",
                                 "cpu_us",
                                 "read_bytes"};
constexpr size_t kFirstPhase = 19;  // phase_client_ns

// RFC 4180: quotes where a field has a comma or a quote. Line ends never get into a field.
std::string Quote(std::string_view field) {
  std::string text(field);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r' || c == '\0'; }, ' ');
  if (text.find_first_of(",\"") == std::string::npos) {
    return text;
  }
  std::string quoted = "\"";
  for (const char c : text) {
    quoted += c;
    if (c == '"') {
      quoted += c;
    }
  }
  return quoted + '"';
}

// The fields of one line without its line feed; nullopt when a quote is not closed or stands inside
// a field.
std::optional<std::vector<std::string>> SplitLine(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted) {
      if (c != '"') {
        fields.back() += c;
      } else if (i + 1 < line.size() && line[i + 1] == '"') {
        fields.back() += line[++i];
      } else {
        quoted = false;
        if (i + 1 < line.size() && line[i + 1] != ',') {
          return std::nullopt;
        }
      }
    } else if (c == ',') {
      fields.emplace_back();
    } else if (c == '"') {
      if (!fields.back().empty()) {
        return std::nullopt;
      }
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

// One line's fields by column name, with errors that name path, line and column.
class Row {
 public:
  Row(const std::vector<std::string>& header, std::vector<std::string> fields, std::string where)
      : header_(header), fields_(std::move(fields)), where_(std::move(where)) {}

  Result<void> Get(std::string_view column, std::string& value) const {
    MAYFLY_ASSIGN(value, Find(column));
    return {};
  }

  template <typename Integer>
  Result<void> Get(std::string_view column, Integer& value) const {
    MAYFLY_ASSIGN(const std::string text, Find(column));
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
      return Fail(ErrorKind::kInvalid, "{}: column {}: \"{}\" is not a whole number in range",
                  where_, column, text);
    }
    return {};
  }

  // Absent when the file has no such column or the field is empty.
  Result<void> Get(std::string_view column, std::optional<int64_t>& value) const {
    const auto text = Find(column);
    if (!text || text->empty()) {
      value.reset();
      return {};
    }
    int64_t number = 0;
    MAYFLY_TRY(Get(column, number));
    value = number;
    return {};
  }

  bool Has(std::string_view column) const {
    return std::find(header_.begin(), header_.end(), column) != header_.end();
  }

  Result<void> Get(std::string_view column, bool& value) const {
    int number = 0;
    MAYFLY_TRY(Get(column, number));
    if (number != 0 && number != 1) {
      return Fail(ErrorKind::kInvalid, "{}: column {}: {} is neither 0 nor 1", where_, column,
                  number);
    }
    value = number == 1;
    return {};
  }

 private:
  Result<std::string> Find(std::string_view column) const {
    const auto found = std::find(header_.begin(), header_.end(), column);
    if (found == header_.end()) {
      return Fail(ErrorKind::kInvalid, "{}: the header has no column {}", where_, column);
    }
    return fields_[static_cast<size_t>(found - header_.begin())];
  }

  const std::vector<std::string>& header_;
  std::vector<std::string> fields_;
  std::string where_;
};

Result<Sample> ParseRow(const Row& row) {
  Sample sample;
  MAYFLY_TRY(row.Get("run", sample.run));
  MAYFLY_TRY(row.Get("block", sample.block));
  MAYFLY_TRY(row.Get("order", sample.order));
  MAYFLY_TRY(row.Get("warm_up", sample.warm_up));
  MAYFLY_TRY(row.Get("function", sample.function));
  MAYFLY_TRY(row.Get("environment", sample.environment));
  MAYFLY_TRY(row.Get("image", sample.image));
  MAYFLY_TRY(row.Get("strategy", sample.strategy));
  MAYFLY_TRY(row.Get("start_unix_ns", sample.start_unix_ns));
  MAYFLY_TRY(row.Get("total_ns", sample.total_ns));
  MAYFLY_TRY(row.Get("user_us", sample.user_us));
  MAYFLY_TRY(row.Get("sys_us", sample.sys_us));
  MAYFLY_TRY(row.Get("max_rss_kib", sample.max_rss_kib));
  MAYFLY_TRY(row.Get("exit_code", sample.exit_code));
  MAYFLY_TRY(row.Get("stdout_bytes", sample.stdout_bytes));
  MAYFLY_TRY(row.Get("stdout_sha256", sample.stdout_sha256));
  MAYFLY_TRY(row.Get("ok", sample.ok));
  MAYFLY_TRY(row.Get("note", sample.note));
  if (row.Has("size")) {
    MAYFLY_TRY(row.Get("size", sample.size));
  }
  for (size_t i = 0; i < sample.phases_ns.size(); ++i) {
    MAYFLY_TRY(row.Get(kColumns[kFirstPhase + i], sample.phases_ns[i]));
  }
  MAYFLY_TRY(row.Get("peak_memory_kib", sample.peak_memory_kib));
  MAYFLY_TRY(row.Get("pss_kib", sample.pss_kib));
  MAYFLY_TRY(row.Get("cpu_us", sample.cpu_us));
  MAYFLY_TRY(row.Get("read_bytes", sample.read_bytes));
  return sample;
}

}  // namespace

std::string CsvHeader() { return fmt::format("{}\n", fmt::join(kColumns, ",")); }

std::string CsvLine(const Sample& s) {
  std::string line = fmt::format(
      "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}", s.run, s.block, s.order,
      s.warm_up ? 1 : 0, Quote(s.function), Quote(s.environment), Quote(s.image), Quote(s.strategy),
      s.start_unix_ns, s.total_ns, s.user_us, s.sys_us, s.max_rss_kib, s.exit_code, s.stdout_bytes,
      s.stdout_sha256, s.ok ? 1 : 0, Quote(s.note), Quote(s.size));
  const auto add = [&line](const std::optional<int64_t>& value) {
    line += ',';
    line += value ? std::to_string(*value) : "";
  };
  for (const auto& phase : s.phases_ns) {
    add(phase);
  }
  for (const auto& value : {s.peak_memory_kib, s.pss_kib, s.cpu_us, s.read_bytes}) {
    add(value);
  }
  return line + '\n';
}

Result<std::vector<Sample>> ParseCsv(std::string_view bytes, std::string_view path,
                                     size_t* complete_bytes) {
  std::vector<Sample> samples;
  std::vector<std::string> header;
  size_t begin = 0;
  for (int64_t line_number = 1;; ++line_number) {
    const size_t end = bytes.find('\n', begin);
    if (end == std::string_view::npos) {
      break;
    }
    const std::string where = fmt::format("{}: line {}", path, line_number);
    auto fields = SplitLine(bytes.substr(begin, end - begin));
    if (!fields) {
      return Fail(ErrorKind::kInvalid, "{}: a quotation mark is out of place", where);
    }
    begin = end + 1;
    if (header.empty()) {
      header = std::move(*fields);
      continue;
    }
    if (fields->size() != header.size()) {
      return Fail(ErrorKind::kInvalid, "{}: {} fields where the header has {}", where,
                  fields->size(), header.size());
    }
    MAYFLY_ASSIGN(Sample sample, ParseRow(Row(header, std::move(*fields), where)));
    samples.push_back(std::move(sample));
  }
  if (header.empty()) {
    return Fail(ErrorKind::kInvalid, "{}: no header line", path);
  }
  if (complete_bytes != nullptr) {
    *complete_bytes = begin;
  }
  return samples;
}

Result<std::vector<Sample>> ReadCsv(const std::string& path) {
  MAYFLY_ASSIGN(const std::string bytes, base::ReadFile(path, size_t{1} << 30));
  return ParseCsv(bytes, path);
}

Result<SampleWriter> SampleWriter::Create(const std::string& path) {
  MAYFLY_ASSIGN(base::UniqueFd fd, base::Open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0644));
  MAYFLY_TRY(base::WriteAll(fd.get(), CsvHeader(), path));
  return SampleWriter(std::move(fd), path);
}

Result<SampleWriter> SampleWriter::Continue(const std::string& path, size_t complete_bytes) {
  MAYFLY_ASSIGN(base::UniqueFd fd, base::Open(path, O_WRONLY | O_APPEND));
  if (::ftruncate(fd.get(), static_cast<off_t>(complete_bytes)) != 0) {
    return base::FailErrno("cut {} to {} bytes", path, complete_bytes);
  }
  return SampleWriter(std::move(fd), path);
}

Result<void> SampleWriter::Append(const Sample& sample) {
  return base::WriteAll(fd_.get(), CsvLine(sample), path_);
}

}  // namespace mayfly::lab
