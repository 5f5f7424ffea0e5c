#include "cli/create_options.h"

namespace mayfly::cli {

using base::Result;

void AddRun(CLI::App* app, Selection* selection) {
  CLI::App* command =
      app->add_subcommand("run", "Create and start a container; wait for it and delete it");
  const auto options = AddCreateOptions(command);
  const auto detach = std::make_shared<bool>(false);
  const auto keep = std::make_shared<bool>(false);
  command->add_flag("-d,--detach", *detach, "Return when the guest runs");
  command->add_flag("--keep", *keep, "Do not delete the container when it has ended");
  const auto no_subreaper = std::make_shared<bool>(false);
  command->add_flag("--no-subreaper", *no_subreaper,
                    "Accepted for runc's users; mayfly never makes itself a subreaper");
  command->footer(
      "The exit status is the guest's; 128 + n when signal n ended it; 134 when a module trapped.\n"
      "Example:\n"
      "  mayfly spec --bundle hello && mayfly run --bundle hello c1");
  command->callback([selection, options, detach, keep, no_subreaper] {
    selection->part = "run";
    selection->id = {options, &options->id};
    selection->action = [options, detach, keep](const Globals& globals, base::Log& log) {
      return WithRuntime(globals, log, [&](const container::Runtime& runtime) -> Result<int> {
        MAYFLY_ASSIGN(const auto create, ToCreateOptions(*options));
        return container::Run(
            runtime, create,
            *detach ? container::RunMode::kDetached : container::RunMode::kForeground,
            *keep ? container::AfterRun::kKeep : container::AfterRun::kDelete);
      });
    };
  });
}

}  // namespace mayfly::cli
