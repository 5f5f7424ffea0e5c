#include "lab/report/published.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#include "base/file.h"
#include "lab/record/csv.h"
#include "lab/report/embedded.h"

namespace mayfly::lab {
namespace {

using base::ErrorKind;
using base::Fail;
using base::Result;

constexpr std::array kEngines = {"wasmedge", "wasmtime", "wasmer"};
constexpr std::array kImages = {"distroless", "debian"};
constexpr size_t kLargestRunFile = size_t{1} << 20;
constexpr int64_t kNsPerSecond = 1'000'000'000;

// "0.76" in nanoseconds, exactly; nullopt when it is no decimal number below 10^9 with at most 9
// decimals.
std::optional<int64_t> SecondsToNs(std::string_view text) {
  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string decimals(point == std::string_view::npos ? "" : text.substr(point + 1));
  const auto is_number = [](std::string_view digits) {
    return !digits.empty() && digits.size() <= 9 &&
           std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (!is_number(whole) || (point != std::string_view::npos && !is_number(decimals))) {
    return std::nullopt;
  }
  decimals.resize(9, '0');
  int64_t seconds = 0;
  int64_t ns = 0;
  std::from_chars(whole.data(), whole.data() + whole.size(), seconds);
  std::from_chars(decimals.data(), decimals.data() + decimals.size(), ns);
  return seconds * kNsPerSecond + ns;
}

// "07-matmul.txt": matmul; empty when it is not named like that.
std::string FunctionOf(const std::string& file) {
  const bool fits = file.size() > 7 && file.ends_with(".txt") && file[2] == '-';
  return fits ? file.substr(3, file.size() - 7) : "";
}

struct RunFolder {
  std::string path;
  std::string runtime;
  std::string strategy;
};

Result<void> ImportFolder(const RunFolder& folder, std::vector<Sample>& samples) {
  MAYFLY_ASSIGN(std::vector<std::string> files, base::ListDirectory(folder.path));
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    const std::string path = folder.path + "/" + file;
    const std::string function = FunctionOf(file);
    if (function.empty()) {
      return Fail(ErrorKind::kInvalid, "{}: its name is not like 07-matmul.txt", path);
    }
    MAYFLY_ASSIGN(const std::string bytes, base::ReadFile(path, kLargestRunFile));
    MAYFLY_ASSIGN(const std::vector<int64_t> times, ParseRunTimes(bytes, path));
    for (size_t i = 0; i < times.size(); ++i) {
      Sample sample;
      sample.run = static_cast<int64_t>(samples.size());
      sample.block = static_cast<int64_t>(i);
      sample.function = function;
      sample.environment = PublishedEnvironment(folder.runtime, folder.strategy);
      sample.image = folder.strategy == "native" ? folder.runtime : "scratch";
      sample.strategy = folder.runtime == "wasmedge" && folder.strategy == "jit" ? "interpreter"
                                                                                 : folder.strategy;
      sample.total_ns = times[i];
      sample.ok = true;
      samples.push_back(std::move(sample));
    }
  }
  return {};
}

}  // namespace

std::string PublishedEnvironment(std::string_view runtime, std::string_view strategy) {
  if (strategy == "native") {
    return fmt::format("runc-{}", runtime);
  }
  if (runtime == "wasmedge" && strategy == "jit") {
    strategy = "interpreter";
  }
  return fmt::format("crun-{}-{}", runtime, strategy);
}

Result<std::vector<PublishedCell>> ParseMedians(std::string_view bytes, std::string_view path) {
  MAYFLY_ASSIGN(const CsvTable table, CsvTable::Parse(bytes, path));
  MAYFLY_TRY(table.Need({"function", "runtime", "strategy", "n", "median_ms", "mean_ms"}));
  std::vector<PublishedCell> cells;
  for (size_t row = 0; row < table.size(); ++row) {
    PublishedCell cell;
    cell.function = table.Text(row, "function");
    cell.environment =
        PublishedEnvironment(table.Text(row, "runtime"), table.Text(row, "strategy"));
    MAYFLY_ASSIGN(const auto n, table.Int(row, "n"));
    cell.n = n.value_or(0);
    MAYFLY_ASSIGN(cell.median_ms, table.Number(row, "median_ms"));
    MAYFLY_ASSIGN(cell.mean_ms, table.Number(row, "mean_ms"));
    if (cell.function.empty()) {
      return table.Fail(row, "function", "is empty");
    }
    if (cell.n < 0 || (cell.n > 0) != cell.median_ms.has_value()) {
      return table.Fail(row, "median_ms", "does not fit n");
    }
    cells.push_back(std::move(cell));
  }
  return cells;
}

Result<std::vector<PublishedSize>> ParseSizes(std::string_view bytes, std::string_view path) {
  MAYFLY_ASSIGN(const CsvTable table, CsvTable::Parse(bytes, path));
  MAYFLY_TRY(table.Need({"function", "runtime", "strategy", "size_kb"}));
  std::vector<PublishedSize> sizes;
  for (size_t row = 0; row < table.size(); ++row) {
    MAYFLY_ASSIGN(const auto size_kb, table.Number(row, "size_kb"));
    if (!size_kb || *size_kb <= 0) {
      return table.Fail(row, "size_kb", "is not above 0");
    }
    sizes.push_back({.function = table.Text(row, "function"),
                     .environment = PublishedEnvironment(table.Text(row, "runtime"),
                                                         table.Text(row, "strategy")),
                     .size_kb = *size_kb});
  }
  return sizes;
}

Result<Published> BuiltInPublished() {
  Published published;
  MAYFLY_ASSIGN(published.cells,
                ParseMedians(embedded::PublishedMedians(), "published-medians.csv"));
  MAYFLY_ASSIGN(published.sizes, ParseSizes(embedded::PublishedImages(), "published-images.csv"));
  return published;
}

Result<std::vector<int64_t>> ParseRunTimes(std::string_view bytes, std::string_view path) {
  std::vector<int64_t> times;
  size_t line_number = 1;
  for (size_t begin = 0; begin < bytes.size(); ++line_number) {
    const size_t end = std::min(bytes.find('\n', begin), bytes.size());
    std::string_view line = bytes.substr(begin, end - begin);
    begin = end + 1;
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    const auto ns = SecondsToNs(line);
    if (!ns) {
      const auto bad = std::find_if(line.begin(), line.end(),
                                    [](char c) { return (c < '0' || c > '9') && c != '.'; });
      return Fail(ErrorKind::kInvalid, "{}: line {}: column {}: not a number of seconds", path,
                  line_number, bad == line.end() ? 1 : bad - line.begin() + 1);
    }
    times.push_back(*ns);
  }
  if (times.empty()) {
    return Fail(ErrorKind::kInvalid, "{}: no run times", path);
  }
  return times;
}

Result<std::vector<Sample>> ImportRuns(const std::string& folder) {
  const std::filesystem::path given(folder);
  const std::string root =
      std::filesystem::is_directory(given / "results") ? (given / "results").string() : folder;
  std::vector<Sample> samples;
  for (const char* engine : kEngines) {
    for (const char* strategy : {"aot", "jit"}) {
      MAYFLY_TRY(ImportFolder({.path = fmt::format("{}/{}/{}", root, engine, strategy),
                               .runtime = engine,
                               .strategy = strategy},
                              samples));
    }
  }
  for (const char* image : kImages) {
    MAYFLY_TRY(ImportFolder(
        {.path = fmt::format("{}/{}", root, image), .runtime = image, .strategy = "native"},
        samples));
  }
  return samples;
}

}  // namespace mayfly::lab
