// `mayfly-lab report`: the table again, from the raw samples.
#include <CLI/CLI.hpp>
#include <memory>

#include "base/file.h"
#include "lab/commands/commands.h"
#include "lab/commands/measure.h"
#include "lab/commands/publish.h"
#include "lab/plan/plan.h"

namespace mayfly::lab {
namespace {

using base::Result;

struct ReportOptions {
  std::string out;
  std::vector<std::string> baselines;
  bool json = false;
};

// plan.json, when it is there, only says how to arrange the table; all figures come from the
// samples.
Result<int> Report(const ReportOptions& options) {
  MAYFLY_ASSIGN(const std::vector<Sample> samples, ReadCsv(options.out + "/samples.csv"));
  Layout layout = DefaultLayout(samples);
  if (const std::string path = options.out + "/plan.json"; base::PathExists(path)) {
    MAYFLY_ASSIGN(const Plan plan, ReadPlan(path));
    layout = LayoutOf(plan);
  }
  if (!options.baselines.empty()) {
    for (const std::string& baseline : options.baselines) {
      if (std::none_of(samples.begin(), samples.end(),
                       [&](const Sample& sample) { return sample.environment == baseline; })) {
        return base::Fail(base::ErrorKind::kInvalid, "--baseline {}: no sample of it in {}",
                          baseline, options.out);
      }
    }
    layout.baselines = options.baselines;
  }
  MAYFLY_TRY(Publish(options.out, samples, layout, options.json));
  return kExitOk;
}

}  // namespace

void AddReportCommand(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* command = app.add_subcommand("report", "make the table again from the raw samples");
  command->footer(
      "\nReads OUT/samples.csv, writes OUT/table.md and OUT/table.json, prints the table.\n\n"
      "Examples:\n"
      "  mayfly-lab report results/table-20260102T030405Z\n"
      "  mayfly-lab report results/table-20260102T030405Z --baseline runc-scratch,runc-debian");
  command->add_option("OUT", options->out, "folder of the results")->required();
  command
      ->add_option("--baseline", options->baselines, "what to compare with (default: as measured)")
      ->delimiter(',');
  command->add_flag("--json", options->json, "print JSON instead of the table");
  command->callback(
      [options, &context] { context.action = [options] { return Report(*options); }; });
}

}  // namespace mayfly::lab
