// Describe: the command line as plain data, read from the CLI11 definitions, so that completions
// and manual pages say what --help says.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace mayfly::cli {

enum class Argument : unsigned char { kNone, kFile, kDirectory, kChoice, kOther };

struct OptionText {
  std::vector<std::string> names;  // "-b", "--bundle"
  std::string help;
  Argument argument = Argument::kNone;
  std::string argument_name;         // "DIR"
  std::vector<std::string> choices;  // with kChoice
};

struct CommandText {
  std::string name;
  std::string help;
  std::string footer;  // notes and examples
  std::vector<OptionText> options;
  std::vector<std::string> positionals;  // "ID", "[SIGNAL]"
  std::vector<CommandText> commands;     // of its own: `cache ls`
  // What the first word after the command can be: commands of its own, or a fixed choice.
  std::vector<std::string> words;
  bool takes_id = false;
  bool takes_command = false;  // words after the positionals, as they are
};

// The program itself: its options and no positionals.
CommandText DescribeProgram(const CLI::App& app);
// The commands that --help lists, in its order.
std::vector<CommandText> DescribeCommands(const CLI::App& app);

}  // namespace mayfly::cli
