// The subcommands of mayfly-lab: each adds itself, with its options, to the command line.
//
// A subcommand is parsed by CLI11, then run by main; what it returns is the exit code.
// Threads: none.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace CLI {
class App;
}

namespace mayfly::lab {

// Set by the subcommand that was given; called after parsing.
using Action = std::function<base::Result<int>()>;

// What every subcommand gets: where to leave its action, and the command line for the record.
struct CommandContext {
  Action action;
  std::vector<std::string> command_line;
};

void AddRunCommand(CLI::App& app, CommandContext& context);
void AddTableCommand(CLI::App& app, CommandContext& context);
void AddResumeCommand(CLI::App& app, CommandContext& context);
void AddReportCommand(CLI::App& app, CommandContext& context);
void AddChangesCommand(CLI::App& app, CommandContext& context);
void AddImportCommand(CLI::App& app, CommandContext& context);
void AddCompareCommand(CLI::App& app, CommandContext& context);
void AddBundlesCommand(CLI::App& app, CommandContext& context);

}  // namespace mayfly::lab
