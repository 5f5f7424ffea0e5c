// start, kill and delete: a container's id and little else.
#include <memory>

#include "base/process.h"
#include "cli/command.h"

namespace mayfly::cli {

using base::Result;

namespace {

std::shared_ptr<std::string> AddId(CLI::App* command) {
  auto id = std::make_shared<std::string>();
  command->add_option("id", *id, "The container")->required()->type_name("ID");
  return id;
}

}  // namespace

void AddStart(CLI::App* app, Selection* selection) {
  CLI::App* command = app->add_subcommand("start", "Let a created container run its program");
  const auto id = AddId(command);
  command->footer("Example:\n  mayfly start hello");
  command->callback([selection, id] {
    selection->part = "start";
    selection->id = id;
    selection->action = [id](const Globals& globals, base::Log& log) {
      return WithRuntime(globals, log, [&](const container::Runtime& runtime) -> Result<int> {
        MAYFLY_TRY(container::Start(runtime, *id));
        return 0;
      });
    };
  });
}

void AddKill(CLI::App* app, Selection* selection) {
  CLI::App* command = app->add_subcommand("kill", "Send a signal to a container's init");
  const auto id = AddId(command);
  const auto signal = std::make_shared<std::string>("SIGTERM");
  const auto all = std::make_shared<bool>(false);
  command->add_option("signal", *signal, "Name or number")
      ->type_name("SIGNAL")
      ->capture_default_str();
  command->add_flag("-a,--all", *all, "To every process of the container");
  command->footer("Example:\n  mayfly kill hello KILL");
  command->callback([selection, id, signal, all] {
    selection->action = [id, signal, all](const Globals& globals, base::Log& log) {
      return WithRuntime(globals, log, [&](const container::Runtime& runtime) -> Result<int> {
        MAYFLY_ASSIGN(const int number, base::ParseSignal(*signal));
        MAYFLY_TRY(container::Kill(
            runtime, *id, number, *all ? container::Processes::kAll : container::Processes::kInit));
        return 0;
      });
    };
  });
}

void AddDelete(CLI::App* app, Selection* selection) {
  CLI::App* command =
      app->add_subcommand("delete", "Remove a stopped container's cgroup and state");
  const auto id = AddId(command);
  const auto force = std::make_shared<bool>(false);
  command->add_flag("-f,--force", *force,
                    "Kill it first if it runs; clean up after a command that was cut off");
  command->footer("Example:\n  mayfly delete --force hello");
  command->callback([selection, id, force] {
    selection->part = "delete";
    selection->id = id;
    selection->action = [id, force](const Globals& globals, base::Log& log) {
      return WithRuntime(globals, log, [&](const container::Runtime& runtime) -> Result<int> {
        MAYFLY_TRY(container::Delete(runtime, *id,
                                     *force ? container::Force::kYes : container::Force::kNo));
        return 0;
      });
    };
  });
}

}  // namespace mayfly::cli
