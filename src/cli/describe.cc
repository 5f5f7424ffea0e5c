#include "cli/describe.h"

#include <algorithm>

namespace mayfly::cli {

namespace {

// "TEXT:{table,json}" -> table, json.
std::vector<std::string> Choices(const std::string& type) {
  std::vector<std::string> choices;
  const size_t open = type.find('{');
  const size_t close = type.find('}');
  if (open == std::string::npos || close == std::string::npos) {
    return choices;
  }
  for (size_t at = open + 1; at < close;) {
    const size_t comma = std::min(type.find(',', at), close);
    choices.push_back(type.substr(at, comma - at));
    at = comma + 1;
  }
  return choices;
}

// CLI11 puts what a check allows behind the name: "N:INT in [0 - 65536]", "TEXT:{table,json}".
std::string WithoutCheck(const std::string& type) {
  return type.substr(0, std::min(type.find(":{"), type.find(":INT in ")));
}

OptionText Describe(const CLI::Option& option) {
  OptionText text;
  for (const std::string& name : option.get_snames()) {
    text.names.push_back("-" + name);
  }
  for (const std::string& name : option.get_lnames()) {
    text.names.push_back("--" + name);
  }
  text.help = option.get_description();
  if (option.get_items_expected_max() == 0) {
    return text;
  }
  text.choices = Choices(option.get_type_name());
  text.argument_name = WithoutCheck(option.get_type_name());
  if (!text.choices.empty()) {
    text.argument = Argument::kChoice;
    text.argument_name = "WORD";
  } else if (text.argument_name == "FILE" || text.argument_name == "SOCKET" ||
             text.argument_name == "PATH") {
    text.argument = Argument::kFile;
  } else if (text.argument_name == "DIR") {
    text.argument = Argument::kDirectory;
  } else {
    text.argument = Argument::kOther;
  }
  return text;
}

CommandText DescribeOne(const CLI::App& app) {
  CommandText text;
  text.name = app.get_name();
  text.help = app.get_description();
  text.footer = app.get_footer();
  text.takes_command = app.get_prefix_command();
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      const std::string name = WithoutCheck(option->get_type_name());
      text.positionals.push_back(option->get_required() ? name : "[" + name + "]");
      text.takes_id = text.takes_id || name == "ID";
      for (const std::string& choice : Choices(option->get_type_name())) {
        text.words.push_back(choice);
      }
    } else if (!option->get_group().empty()) {
      text.options.push_back(Describe(*option));
    }
  }
  return text;
}

}  // namespace

CommandText DescribeProgram(const CLI::App& app) { return DescribeOne(app); }

std::vector<CommandText> DescribeCommands(const CLI::App& app) {
  std::vector<CommandText> commands;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_group().empty()) {
      continue;
    }
    commands.push_back(DescribeOne(*command));
    CommandText& text = commands.back();
    text.commands = DescribeCommands(*command);
    for (const CommandText& inner : text.commands) {
      text.words.push_back(inner.name);
    }
  }
  return commands;
}

}  // namespace mayfly::cli
