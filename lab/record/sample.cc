#include "lab/record/sample.h"

#include <fcntl.h>

#include <array>
#include <concepts>
#include <optional>
#include <utility>

#include "base/file.h"
#include "lab/record/csv.h"

namespace mayfly::lab {
namespace {

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
constexpr size_t kFirstOptional = 18;  // size; files of older versions end before it
constexpr size_t kFirstPhase = 19;     // phase_client_ns

// One line's fields by column name, into the sample's types; errors name path, line and column.
class Row {
 public:
  Row(const CsvTable& table, size_t row) : table_(table), row_(row) {}

  Result<void> Get(std::string_view column, std::string& value) const {
    value = table_.Text(row_, column);
    return {};
  }

  template <std::integral Integer>
  Result<void> Get(std::string_view column, Integer& value) const {
    MAYFLY_ASSIGN(const auto number, table_.Int(row_, column));
    if (!number || !std::in_range<Integer>(*number)) {
      return table_.Fail(
          row_, column,
          fmt::format("\"{}\" is not a whole number in range", table_.Text(row_, column)));
    }
    value = static_cast<Integer>(*number);
    return {};
  }

  // Absent when the file has no such column or the field is empty.
  Result<void> Get(std::string_view column, std::optional<int64_t>& value) const {
    MAYFLY_ASSIGN(value, table_.Int(row_, column));
    return {};
  }

  Result<void> Get(std::string_view column, bool& value) const {
    int number = 0;
    MAYFLY_TRY(Get(column, number));
    if (number != 0 && number != 1) {
      return table_.Fail(row_, column, fmt::format("{} is neither 0 nor 1", number));
    }
    value = number == 1;
    return {};
  }

 private:
  const CsvTable& table_;
  size_t row_;
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
  std::string size;
  MAYFLY_TRY(row.Get("size", size));
  if (!size.empty()) {
    sample.size = size;
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
  std::string line =
      fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}", s.run, s.block,
                  s.order, s.warm_up ? 1 : 0, CsvField(s.function), CsvField(s.environment),
                  CsvField(s.image), CsvField(s.strategy), s.start_unix_ns, s.total_ns, s.user_us,
                  s.sys_us, s.max_rss_kib, s.exit_code, s.stdout_bytes, s.stdout_sha256,
                  s.ok ? 1 : 0, CsvField(s.note), CsvField(s.size));
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
  MAYFLY_ASSIGN(const CsvTable table, CsvTable::Parse(bytes, path, Ending::kMayBeCut));
  MAYFLY_TRY(table.Need({kColumns.begin(), kColumns.begin() + kFirstOptional}));
  std::vector<Sample> samples;
  samples.reserve(table.size());
  for (size_t row = 0; row < table.size(); ++row) {
    MAYFLY_ASSIGN(Sample sample, ParseRow(Row(table, row)));
    samples.push_back(std::move(sample));
  }
  if (complete_bytes != nullptr) {
    *complete_bytes = bytes.rfind('\n') + 1;
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
