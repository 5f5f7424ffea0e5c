// `mayfly-lab import`: published figures in the form of a measurement here.
#include <fcntl.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "lab/commands/commands.h"
#include "lab/commands/measure.h"
#include "lab/commands/publish.h"
#include "lab/record/csv.h"
#include "lab/report/published.h"

namespace mayfly::lab {
namespace {

using base::Result;

constexpr const char* kHelpEnd = R"(
FROM is a folder of run times as the paper's repository has them in results (90 files, which become
OUT/samples.csv), or a table of medians in CSV with the columns function, runtime, strategy, n, median_ms
and mean_ms (which becomes OUT/medians.csv, checked, with the names of environments used here).

Examples:
  mayfly-lab import lab/data/published-runs --out results/published
  mayfly-lab report results/published
  mayfly-lab import medians.csv --out results/other-paper

Exit codes: 0 done; 1 it could not be written; 2 usage, or the input is not valid.)";

struct ImportOptions {
  std::string from;
  std::string out;
};

Result<void> WriteRuns(const ImportOptions& options) {
  MAYFLY_ASSIGN(const std::vector<Sample> samples, ImportRuns(options.from));
  std::string text = CsvHeader();
  std::set<std::pair<std::string, std::string>> cells;
  for (const Sample& sample : samples) {
    text += CsvLine(sample);
    cells.emplace(sample.function, sample.environment);
  }
  MAYFLY_TRY(base::MakeDirs(options.out, 0755));
  MAYFLY_TRY(WriteFile(options.out + "/samples.csv", text));
  fmt::print("{} runs of {} cells are in {}/samples.csv\n", samples.size(), cells.size(),
             options.out);
  return {};
}

Result<void> WriteMedians(const ImportOptions& options) {
  MAYFLY_ASSIGN(const std::string bytes, base::ReadFile(options.from));
  MAYFLY_ASSIGN(const auto cells, ParseMedians(bytes, options.from));
  std::string text = "function,environment,n,median_ms,mean_ms\n";
  const auto number = [](const std::optional<double>& value) {
    return value ? fmt::format("{}", *value) : "";
  };
  for (const PublishedCell& cell : cells) {
    text += fmt::format("{},{},{},{},{}\n", CsvField(cell.function), CsvField(cell.environment),
                        cell.n, number(cell.median_ms), number(cell.mean_ms));
  }
  MAYFLY_TRY(base::MakeDirs(options.out, 0755));
  MAYFLY_TRY(WriteFile(options.out + "/medians.csv", text));
  fmt::print("{} cells are in {}/medians.csv\n", cells.size(), options.out);
  return {};
}

Result<int> Import(const ImportOptions& options) {
  const auto done =
      std::filesystem::is_directory(options.from) ? WriteRuns(options) : WriteMedians(options);
  if (!done) {
    fmt::print(stderr, "mayfly-lab: {}\n", done.error().text());
    return ExitCodeOf(done.error());
  }
  return kExitOk;
}

}  // namespace

void AddImportCommand(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* command = app.add_subcommand("import", "make a results folder of published figures");
  command->footer(kHelpEnd);
  command->add_option("FROM", options->from, "folder of run times, or table of medians")
      ->required();
  command->add_option("--out", options->out, "folder of the results")->required();
  command->callback(
      [options, &context] { context.action = [options] { return Import(*options); }; });
}

}  // namespace mayfly::lab
