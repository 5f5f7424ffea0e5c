#include "cli/create_options.h"

namespace mayfly::cli {

using base::Result;

void AddCreate(CLI::App* app, Selection* selection) {
  CLI::App* command =
      app->add_subcommand("create", "Set up a container from a bundle; it waits for `start`");
  const auto options = AddCreateOptions(command);
  command->footer(
      "The bundle holds config.json (OCI runtime-spec) and the root file system.\n"
      "The program may be native or a WebAssembly module: its first bytes decide.\n"
      "Example:\n"
      "  mayfly create --bundle /var/lib/bundles/hello --pid-file hello.pid hello\n"
      "  mayfly start hello");
  command->callback([selection, options] {
    selection->part = "create";
    selection->id = {options, &options->id};
    selection->action = [options](const Globals& globals, base::Log& log) {
      return WithRuntime(globals, log, [&](const container::Runtime& runtime) -> Result<int> {
        MAYFLY_ASSIGN(const auto create, ToCreateOptions(*options));
        MAYFLY_TRY(container::Create(runtime, create));
        return 0;
      });
    };
  });
}

}  // namespace mayfly::cli
