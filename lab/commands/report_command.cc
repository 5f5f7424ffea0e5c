// `mayfly-lab report`: everything that is said about a measurement, from its raw samples.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "lab/commands/commands.h"
#include "lab/commands/measure.h"
#include "lab/commands/publish.h"
#include "lab/report/document.h"
#include "lab/report/evaluation.h"
#include "lab/report/html.h"
#include "lab/report/render.h"
#include "lab/report/results.h"

namespace mayfly::lab {
namespace {

using base::ErrorKind;
using base::Fail;
using base::Result;

constexpr const char* kHelpEnd = R"(
Written into OUT: report.html (one file, no network needed), report.md, report.json, cells.csv, tests.csv,
and the table: table.md and table.json. Every figure comes from OUT/samples.csv; density.csv,
throughput.csv, images.csv, machine.json and plan.json are used where they are there.

Examples:
  mayfly-lab report results/table-20260102T030405Z
  mayfly-lab report results/table-20260102T030405Z --baseline runc-scratch,runc-debian
  mayfly-lab report results/full --html full.html

Exit codes: 0 done; 1 a file could not be read or written; 2 usage, or a file of OUT is not valid.)";

struct ReportOptions {
  std::string out;
  std::string html;
  std::vector<std::string> baselines;
  bool json = false;
};

// The plan only says how to arrange the figures.
Result<Layout> LayoutFor(const ReportOptions& options, const Results& results,
                         const std::vector<Sample>& samples) {
  Layout layout = results.plan ? LayoutOf(*results.plan) : DefaultLayout(samples);
  if (!options.baselines.empty()) {
    for (const std::string& baseline : options.baselines) {
      if (std::none_of(samples.begin(), samples.end(),
                       [&](const Sample& sample) { return sample.environment == baseline; })) {
        return Fail(ErrorKind::kInvalid, "--baseline {}: no sample of it in {}", baseline,
                    options.out);
      }
    }
    layout.baselines = options.baselines;
  }
  return layout;
}

Result<void> WriteReport(const ReportOptions& options) {
  MAYFLY_ASSIGN(const Results results, ReadResults(options.out));
  if (results.runs.empty()) {
    return Fail(ErrorKind::kInvalid, "{}/samples.csv: no runs in it", options.out);
  }
  MAYFLY_ASSIGN(const Layout layout, LayoutFor(options, results, PaperSamples(results)));
  MAYFLY_ASSIGN(const Published published, BuiltInPublished());
  const Evaluation evaluation = Evaluate(results, layout);
  const nlohmann::json report = ReportJson(evaluation, results, published);
  const std::string table_json = base::JsonText(RenderJson(evaluation.table), 2) + "\n";
  const std::pair<const char*, std::string> files[] = {
      {"table.md", RenderMarkdown(evaluation.table)},
      {"table.json", table_json},
      {"report.md", ReportMarkdown(evaluation, published)},
      {"report.json", base::JsonText(report, 1) + "\n"},
      {"cells.csv", CellsCsv(evaluation)},
      {"tests.csv", TestsCsv(evaluation)}};
  for (const auto& [name, text] : files) {
    MAYFLY_TRY(WriteFile(options.out + "/" + name, text));
  }
  const std::string text =
      options.json ? table_json : RenderTerminal(evaluation.table, ColoursOfStdout());
  MAYFLY_TRY(base::WriteAll(STDOUT_FILENO, text, "standard output"));
  const auto page = RenderHtml(report);
  if (page) {
    const std::string path = options.html.empty() ? options.out + "/report.html" : options.html;
    MAYFLY_TRY(WriteFile(path, *page));
    fmt::print(stderr, "the report is {}\n", path);
  } else if (options.html.empty()) {
    fmt::print(stderr, "mayfly-lab: {}\n", page.error().text());
  } else {
    return std::unexpected(page.error());
  }
  return {};
}

Result<int> Report(const ReportOptions& options) {
  const auto done = WriteReport(options);
  if (!done) {
    fmt::print(stderr, "mayfly-lab: {}\n", done.error().text());
    return ExitCodeOf(done.error());
  }
  return kExitOk;
}

}  // namespace

void AddReportCommand(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* command =
      app.add_subcommand("report", "make the report and the table from the raw samples");
  command->footer(kHelpEnd);
  command->add_option("OUT", options->out, "folder of the results")->required();
  command
      ->add_option("--baseline", options->baselines, "what to compare with (default: as measured)")
      ->delimiter(',');
  command->add_option("--html", options->html, "where the page goes (default: OUT/report.html)");
  command->add_flag("--json", options->json, "print table.json instead of the table");
  command->callback(
      [options, &context] { context.action = [options] { return Report(*options); }; });
}

}  // namespace mayfly::lab
