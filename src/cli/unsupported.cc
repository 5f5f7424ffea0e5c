#include <array>
#include <string>

#include "cli/command.h"

namespace mayfly::cli {

using base::ErrorKind;
using base::Fail;

void AddUnsupported(CLI::App* app, Selection* selection) {
  for (const char* name : {"checkpoint", "restore"}) {
    CLI::App* command = app->add_subcommand(name, "");
    command->group("");  // not in --help
    command->allow_extras();
    command->prefix_command();
    const std::string word = name;
    command->callback([selection, word] {
      selection->action = [word](const Globals&, base::Log&) -> base::Result<int> {
        return Fail(ErrorKind::kUnsupported,
                    "{}: not supported: mayfly does not checkpoint containers", word);
      };
    });
  }
}

}  // namespace mayfly::cli
