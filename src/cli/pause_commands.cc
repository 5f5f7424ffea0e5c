// pause and resume: all processes of a container at once.
#include <memory>

#include "cli/command.h"

namespace mayfly::cli {

using base::Result;

namespace {

void Add(CLI::App* command, Selection* selection,
         Result<void> (*verb)(const container::Runtime&, const std::string&)) {
  const auto id = std::make_shared<std::string>();
  command->add_option("id", *id, "The container")->required()->type_name("ID");
  command->callback([selection, id, verb] {
    selection->action = [id, verb](const Globals& globals, base::Log& log) {
      return WithRuntime(globals, log, [&](const container::Runtime& runtime) -> Result<int> {
        MAYFLY_TRY(verb(runtime, *id));
        return 0;
      });
    };
  });
}

}  // namespace

void AddPause(CLI::App* app, Selection* selection) {
  CLI::App* command = app->add_subcommand("pause", "Stop all processes of a container");
  command->footer("Example:\n  mayfly pause hello && mayfly state hello | jq -r .status");
  Add(command, selection, &container::Pause);
}

void AddResume(CLI::App* app, Selection* selection) {
  CLI::App* command = app->add_subcommand("resume", "Let a paused container go on");
  command->footer("Example:\n  mayfly resume hello");
  Add(command, selection, &container::Resume);
}

}  // namespace mayfly::cli
