#include "lab/report/results.h"

#include "base/file.h"
#include "base/json.h"
#include "lab/record/csv.h"
#include "lab/record/machine.h"

namespace mayfly::lab {
namespace {

using base::Result;

constexpr size_t kLargestFile = size_t{1} << 30;

// The bytes of a file of the folder; nullopt when it is not there.
Result<std::optional<std::string>> ReadIfThere(const std::string& path) {
  auto bytes = base::ReadFile(path, kLargestFile);
  if (!bytes && bytes.error().kind() == base::ErrorKind::kNotFound) {
    return std::nullopt;
  }
  MAYFLY_ASSIGN(std::string text, std::move(bytes));
  return std::optional<std::string>(std::move(text));
}

// Reads FOLDER/NAME with `parse` into `target`, which stays as it is when there is no such file.
template <typename T>
Result<void> ReadOptional(const std::string& folder, const char* name,
                          Result<T> (*parse)(std::string_view, std::string_view), T& target) {
  const std::string path = folder + "/" + name;
  MAYFLY_ASSIGN(const auto bytes, ReadIfThere(path));
  if (bytes) {
    MAYFLY_ASSIGN(target, parse(*bytes, path));
  }
  return {};
}

// A whole number that must be there and not below 0.
Result<int64_t> Count(const CsvTable& table, size_t row, std::string_view column) {
  MAYFLY_ASSIGN(const auto value, table.Int(row, column));
  if (!value || *value < 0) {
    return table.Fail(row, column, "is not a number from 0 on");
  }
  return *value;
}

// A figure that may be absent, and is not below 0.
Result<std::optional<double>> Figure(const CsvTable& table, size_t row, std::string_view column) {
  MAYFLY_ASSIGN(const auto value, table.Number(row, column));
  if (value && *value < 0) {
    return table.Fail(row, column, "is below 0");
  }
  return value;
}

Result<void> ReadPlanFile(const std::string& folder, Results& results) {
  const std::string path = folder + "/plan.json";
  MAYFLY_ASSIGN(const auto bytes, ReadIfThere(path));
  if (!bytes) {
    return {};
  }
  MAYFLY_ASSIGN(const nlohmann::json document, base::ParseJson(*bytes, path));
  MAYFLY_ASSIGN(results.plan, PlanFromJson(document, path));
  const base::JsonView view(document, path);
  MAYFLY_ASSIGN(const auto preset, view["preset"].String());
  results.preset = preset.value_or("");
  MAYFLY_ASSIGN(const auto cells, view["cells"].Items());
  for (const base::JsonView& cell : cells) {
    MAYFLY_ASSIGN(const auto environment, cell["environment"].String());
    MAYFLY_ASSIGN(const auto engine, cell["engine"].String());
    if (environment && engine && !engine->empty()) {
      results.engines[*environment] = *engine;
    }
  }
  return {};
}

}  // namespace

Result<std::vector<Run>> ParseRuns(std::string_view bytes, std::string_view path) {
  MAYFLY_ASSIGN(std::vector<Sample> samples, ParseCsv(bytes, path));
  MAYFLY_ASSIGN(const CsvTable table, CsvTable::Parse(bytes, path, Ending::kMayBeCut));
  if (table.size() != samples.size()) {
    return base::Fail(base::ErrorKind::kInvalid, "{}: {} lines, of which {} are runs", path,
                      table.size(), samples.size());
  }
  std::vector<Run> runs;
  runs.reserve(samples.size());
  for (size_t row = 0; row < samples.size(); ++row) {
    Run run{.sample = std::move(samples[row]),
            .size = table.Text(row, "size"),
            .phases_ms = {},
            .resources = {}};
    for (size_t i = 0; i < kPhaseNames.size(); ++i) {
      MAYFLY_ASSIGN(run.phases_ms[i],
                    Figure(table, row, fmt::format("phase_{}_ns", kPhaseNames[i])));
      if (run.phases_ms[i]) {
        *run.phases_ms[i] /= 1e6;
      }
    }
    for (size_t i = 0; i < kResourceNames.size(); ++i) {
      MAYFLY_ASSIGN(run.resources[i], Figure(table, row, kResourceNames[i]));
    }
    runs.push_back(std::move(run));
  }
  return runs;
}

Result<std::vector<DensityStep>> ParseDensity(std::string_view bytes, std::string_view path) {
  MAYFLY_ASSIGN(const CsvTable table, CsvTable::Parse(bytes, path, Ending::kMayBeCut));
  MAYFLY_TRY(table.Need({"environment", "containers"}));
  std::vector<DensityStep> steps;
  for (size_t row = 0; row < table.size(); ++row) {
    DensityStep step;
    step.environment = table.Text(row, "environment");
    step.image = table.Text(row, "image");
    step.end_reason = table.Text(row, "end_reason");
    MAYFLY_ASSIGN(step.containers, Count(table, row, "containers"));
    MAYFLY_ASSIGN(step.pss_per_container_kib, Figure(table, row, "pss_per_container_kib"));
    MAYFLY_ASSIGN(step.memory_used_kib, table.Number(row, "memory_used_kib"));
    MAYFLY_ASSIGN(step.start_ms, Figure(table, row, "start_ms"));
    steps.push_back(std::move(step));
  }
  return steps;
}

Result<std::vector<ThroughputRun>> ParseThroughput(std::string_view bytes, std::string_view path) {
  MAYFLY_ASSIGN(const CsvTable table, CsvTable::Parse(bytes, path, Ending::kMayBeCut));
  MAYFLY_TRY(table.Need({"environment", "concurrency", "finished", "elapsed_ns"}));
  std::vector<ThroughputRun> runs;
  for (size_t row = 0; row < table.size(); ++row) {
    ThroughputRun run;
    run.environment = table.Text(row, "environment");
    run.image = table.Text(row, "image");
    MAYFLY_ASSIGN(run.concurrency, Count(table, row, "concurrency"));
    MAYFLY_ASSIGN(run.finished, Count(table, row, "finished"));
    MAYFLY_ASSIGN(const auto failed, table.Int(row, "failed"));
    run.failed = failed.value_or(0);
    MAYFLY_ASSIGN(run.elapsed_ns, Count(table, row, "elapsed_ns"));
    if (run.elapsed_ns == 0) {
      return table.Fail(row, "elapsed_ns", "is 0");
    }
    runs.push_back(std::move(run));
  }
  return runs;
}

Result<std::vector<ImageRecord>> ParseImages(std::string_view bytes, std::string_view path) {
  MAYFLY_ASSIGN(const CsvTable table, CsvTable::Parse(bytes, path, Ending::kMayBeCut));
  MAYFLY_TRY(table.Need({"function", "environment"}));
  std::vector<ImageRecord> images;
  for (size_t row = 0; row < table.size(); ++row) {
    ImageRecord image;
    image.function = table.Text(row, "function");
    image.environment = table.Text(row, "environment");
    image.reference = table.Text(row, "reference");
    MAYFLY_ASSIGN(image.compressed_bytes, Figure(table, row, "compressed_bytes"));
    MAYFLY_ASSIGN(image.unpacked_bytes, Figure(table, row, "unpacked_bytes"));
    MAYFLY_ASSIGN(image.module_bytes, Figure(table, row, "module_bytes"));
    MAYFLY_ASSIGN(image.pull_ms, Figure(table, row, "pull_ms"));
    MAYFLY_ASSIGN(image.unpack_ms, Figure(table, row, "unpack_ms"));
    images.push_back(std::move(image));
  }
  return images;
}

Result<Results> ReadResults(const std::string& folder) {
  Results results;
  const std::string samples = folder + "/samples.csv";
  MAYFLY_ASSIGN(const std::string bytes, base::ReadFile(samples, kLargestFile));
  MAYFLY_ASSIGN(results.runs, ParseRuns(bytes, samples));
  MAYFLY_TRY(ReadPlanFile(folder, results));
  const std::string machine = folder + "/machine.json";
  MAYFLY_ASSIGN(const auto machine_bytes, ReadIfThere(machine));
  if (machine_bytes) {
    MAYFLY_ASSIGN(results.machine, ParseMachine(*machine_bytes, machine));
  }
  MAYFLY_TRY(ReadOptional(folder, "density.csv", ParseDensity, results.density));
  MAYFLY_TRY(ReadOptional(folder, "throughput.csv", ParseThroughput, results.throughput));
  MAYFLY_TRY(ReadOptional(folder, "images.csv", ParseImages, results.images));
  return results;
}

}  // namespace mayfly::lab
