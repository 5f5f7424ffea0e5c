// completion and man: what the shell and the manual need to know of the commands.
#include <memory>

#include "cli/command.h"
#include "cli/completion.h"
#include "cli/manual.h"

namespace mayfly::cli {

using base::ErrorKind;
using base::Fail;
using base::Result;

void AddCompletion(CLI::App* app, Selection* selection) {
  CLI::App* command =
      app->add_subcommand("completion", "Print a shell's completion script for mayfly");
  const auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->type_name("SHELL")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(
      "Examples:\n"
      "  mayfly completion bash > /etc/bash_completion.d/mayfly\n"
      "  mayfly completion zsh > /usr/local/share/zsh/site-functions/_mayfly\n"
      "  mayfly completion fish > /etc/fish/completions/mayfly.fish");
  command->callback([app, selection, shell] {
    selection->action = [app, shell](const Globals&, base::Log&) -> Result<int> {
      const CommandText program = DescribeProgram(*app);
      const auto commands = DescribeCommands(*app);
      fmt::print("{}", *shell == "bash"  ? BashCompletion(program, commands)
                       : *shell == "zsh" ? ZshCompletion(program, commands)
                                         : FishCompletion(program, commands));
      return 0;
    };
  });
}

void AddManual(CLI::App* app, Selection* selection) {
  CLI::App* command = app->add_subcommand("man", "Print a manual page for man(1)");
  const auto name = std::make_shared<std::string>();
  command->add_option("command", *name, "Of this command; without, of mayfly")
      ->type_name("COMMAND");
  command->footer("Example:\n  mayfly man exec | man -l -");
  command->callback([app, selection, name] {
    selection->action = [app, name](const Globals&, base::Log&) -> Result<int> {
      const auto commands = DescribeCommands(*app);
      if (name->empty()) {
        fmt::print("{}", ProgramManual(DescribeProgram(*app), commands));
        return 0;
      }
      for (const CommandText& candidate : commands) {
        if (candidate.name == *name) {
          fmt::print("{}", CommandManual(candidate));
          return 0;
        }
      }
      return Fail(ErrorKind::kNotFound, "man: there is no command \"{}\"", *name);
    };
  });
}

}  // namespace mayfly::cli
