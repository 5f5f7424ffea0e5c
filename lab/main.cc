// mayfly-lab: measures the installed programs from outside, and reports.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "lab/commands/commands.h"
#include "lab/commands/measure.h"

int main(int argc, char** argv) {
  using namespace mayfly::lab;
  CLI::App app("Measures functions in containers, and OCI runtimes, from outside.", "mayfly-lab");
  app.set_version_flag("--version", "mayfly-lab " MAYFLY_VERSION);
  app.require_subcommand(1);
  app.footer(
      "\nExamples:\n"
      "  mayfly-lab run quick\n"
      "  mayfly-lab table --runs 20\n"
      "  mayfly-lab report results/table-20260102T030405Z\n"
      "  mayfly-lab SUBCOMMAND --help     options and more examples");
  CommandContext context;
  context.command_line.assign(argv, argv + argc);
  AddRunCommand(app, context);
  AddTableCommand(app, context);
  AddResumeCommand(app, context);
  AddReportCommand(app, context);
  AddChangesCommand(app, context);
  AddImportCommand(app, context);
  AddCompareCommand(app, context);
  AddBundlesCommand(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // --help and --version arrive here as well, with the exit code 0.
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  const auto code = context.action();
  if (!code) {
    fmt::print(stderr, "mayfly-lab: {}\n", code.error().text());
    return kExitFailure;
  }
  return *code;
}
