#include "cli/completion.h"

#include <fmt/ranges.h>

#include <string_view>

namespace mayfly::cli {

namespace {

using Commands = std::vector<CommandText>;

std::string Replaced(std::string_view text, char wanted, std::string_view by) {
  std::string out;
  for (const char c : text) {
    if (c == wanted) {
      out += by;
    } else {
      out += c;
    }
  }
  return out;
}

// In single quotes; what the shell would take for their end is spelt out.
std::string Quoted(std::string_view text) { return "'" + Replaced(text, '\'', "'\\''") + "'"; }
// fish knows \' inside of single quotes.
std::string FishQuoted(std::string_view text) {
  return "'" + Replaced(Replaced(text, '\\', "\\\\"), '\'', "\\'") + "'";
}

std::string Names(const Commands& commands) {
  std::string names;
  for (const CommandText& command : commands) {
    names += (names.empty() ? "" : " ") + command.name;
  }
  return names;
}

std::string Flags(const CommandText& command) {
  std::string flags;
  for (const OptionText& option : command.options) {
    for (const std::string& name : option.names) {
      flags += (flags.empty() ? "" : " ") + name;
    }
  }
  return flags;
}

// What bash offers after an option: a case branch "COMMAND:--option)".
std::string BashArguments(const std::string& command, const CommandText& text) {
  std::string branches;
  for (const OptionText& option : text.options) {
    if (option.argument == Argument::kNone) {
      continue;
    }
    std::string pattern;
    for (const std::string& name : option.names) {
      pattern += fmt::format("{}{}:{}", pattern.empty() ? "" : "|", command, name);
    }
    std::string offer = "COMPREPLY=()";
    if (option.argument == Argument::kChoice) {
      offer = fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$current\"))",
                          fmt::join(option.choices, " "));
    } else if (option.argument == Argument::kFile) {
      offer = "COMPREPLY=($(compgen -f -- \"$current\"))";
    } else if (option.argument == Argument::kDirectory) {
      offer = "COMPREPLY=($(compgen -d -- \"$current\"))";
    }
    branches += fmt::format("    {}) {}; return ;;\n", pattern, offer);
  }
  return branches;
}

// The options of the program itself that take a value: skipped when the command is looked for.
std::string WithValues(const CommandText& program) {
  std::string names;
  for (const OptionText& option : program.options) {
    for (const std::string& name : option.names) {
      if (option.argument != Argument::kNone) {
        names += (names.empty() ? "" : "|") + name;
      }
    }
  }
  return names;
}

// "--bundle[Directory of the bundle]:DIR:_files -/" for _arguments.
std::string ZshOption(const OptionText& option) {
  const std::string help =
      Replaced(Replaced(Replaced(option.help, '[', "("), ']', ")"), ':', "\\:");
  std::string value;
  switch (option.argument) {
    case Argument::kNone:
      break;
    case Argument::kFile:
      value = fmt::format(":{}:_files", option.argument_name);
      break;
    case Argument::kDirectory:
      value = fmt::format(":{}:_files -/", option.argument_name);
      break;
    case Argument::kChoice:
      value = fmt::format(":{}:({})", option.argument_name, fmt::join(option.choices, " "));
      break;
    case Argument::kOther:
      value = ":" + Replaced(Replaced(option.argument_name, '[', ""), ']', "") + ": ";
      value = ":" + Replaced(value.substr(1, value.size() - 3), ':', "\\:") + ": ";
      break;
  }
  std::string lines;
  for (const std::string& name : option.names) {
    lines += " " + Quoted(fmt::format("*{}[{}]{}", name, help, value));
  }
  return lines;
}

std::string FishOption(const std::string& condition, const OptionText& option) {
  std::string line = "complete -c mayfly -n " + FishQuoted(condition);
  for (const std::string& name : option.names) {
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  switch (option.argument) {
    case Argument::kNone:
      break;
    case Argument::kFile:
      line += " -r -F";
      break;
    case Argument::kDirectory:
      line += " -x -a '(__fish_complete_directories)'";
      break;
    case Argument::kChoice:
      line += fmt::format(" -x -a '{}'", fmt::join(option.choices, " "));
      break;
    case Argument::kOther:
      line += " -x";
      break;
  }
  return line + " -d " + FishQuoted(option.help) + "\n";
}

}  // namespace

std::string BashCompletion(const CommandText& program, const Commands& commands) {
  std::string arguments = BashArguments("", program);
  std::string words = fmt::format("    '') words='{} {}' ;;\n", Names(commands), Flags(program));
  std::string with_id;
  std::string with_words;
  for (const CommandText& command : commands) {
    if (!command.words.empty()) {
      with_words +=
          fmt::format("    {}) words='{}' ;;\n", command.name, fmt::join(command.words, " "));
    }
    arguments += BashArguments(command.name, command);
    words += fmt::format("    {}) words='{}' ;;\n", command.name, Flags(command));
    if (command.takes_id && command.name != "create" && command.name != "run") {
      with_id += (with_id.empty() ? "" : "|") + command.name;
    }
  }
  return fmt::format(
      R"bash(# bash completion for mayfly, from `mayfly completion bash`.
_mayfly() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}}
  local command='' words='' i
  local -a root=()
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${{COMP_WORDS[i]}} in
    --root) root=(--root "${{COMP_WORDS[i + 1]}}"); i=$((i + 1)) ;;
    {0}) i=$((i + 1)) ;;
    -*) ;;
    *) command=${{COMP_WORDS[i]}}; break ;;
    esac
  done
  case $command:$previous in
{1}  esac
  case $command in
{2}  esac
  if [[ $current != -* ]]; then
    case $command in
    '') ;;
{4}    {3}) words=$("${{COMP_WORDS[0]}}" "${{root[@]}}" list --quiet 2>/dev/null) ;;
    *) words='' ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -F _mayfly mayfly
)bash",
      WithValues(program), arguments, words, with_id, with_words);
}

std::string ZshCompletion(const CommandText& program, const Commands& commands) {
  std::string globals;
  for (const OptionText& option : program.options) {
    globals += ZshOption(option);
  }
  std::string names;
  std::string branches;
  for (const CommandText& command : commands) {
    names += "        " + Quoted(command.name + ":" + command.help) + "\n";
    branches += "    " + command.name + ")\n      _arguments -S";
    for (const OptionText& option : command.options) {
      branches += ZshOption(option);
    }
    if (command.takes_id) {
      branches += command.name == "create" || command.name == "run" ? " '1:container: '"
                                                                    : " '1:container:_mayfly_ids'";
    }
    if (!command.words.empty()) {
      branches += fmt::format(" '1:word:({})'", fmt::join(command.words, " "));
    }
    branches += command.takes_command ? " '*:word: '\n      ;;\n" : "\n      ;;\n";
  }
  return fmt::format(
      R"zsh(#compdef mayfly
# zsh completion for mayfly, from `mayfly completion zsh`.
_mayfly_ids() {{
  local -a ids
  ids=(${{(f)"$(mayfly ${{opt_args[--root]:+--root $opt_args[--root]}} list --quiet 2>/dev/null)"}})
  _describe container ids
}}
_mayfly() {{
  local context state line
  typeset -A opt_args
  _arguments -C{0} '1: :->command' '*:: :->arguments'
  case $state in
  command)
    local -a names=(
{1}    )
    _describe command names
    ;;
  arguments)
    case $words[1] in
{2}    esac
    ;;
  esac
}}
if [ "$funcstack[1]" = _mayfly ]; then
  _mayfly "$@"
else
  compdef _mayfly mayfly
fi
)zsh",
      globals, names, branches);
}

std::string FishCompletion(const CommandText& program, const Commands& commands) {
  std::string text =
      "# fish completion for mayfly, from `mayfly completion fish`.\n"
      "complete -c mayfly -f\n";
  for (const OptionText& option : program.options) {
    text += FishOption("__fish_use_subcommand", option);
  }
  for (const CommandText& command : commands) {
    text += fmt::format("complete -c mayfly -n __fish_use_subcommand -a {} -d {}\n", command.name,
                        FishQuoted(command.help));
    const std::string condition = "__fish_seen_subcommand_from " + command.name;
    for (const OptionText& option : command.options) {
      text += FishOption(condition, option);
    }
    if (command.takes_id && command.name != "create" && command.name != "run") {
      text += fmt::format("complete -c mayfly -n {} -a '(mayfly list --quiet 2>/dev/null)'\n",
                          FishQuoted(condition));
    }
  }
  return text;
}

}  // namespace mayfly::cli
