#include "cli/manual.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>
#include <string_view>

namespace mayfly::cli {

namespace {

// groff takes a hyphen for one that may break a line, and a dot or quote at a line's start for a
// request.
std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

std::string Head(const std::string& name, const std::string& help) {
  std::string title = name;
  std::ranges::transform(title, title.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return fmt::format(".TH {} 8 \"\" \"mayfly {}\" \"System Administration\"\n.SH NAME\n{} \\- {}\n",
                     Escaped(title), MAYFLY_VERSION, Escaped(name), Escaped(help));
}

std::string Options(const CommandText& command) {
  std::string text = ".SH OPTIONS\n";
  for (const OptionText& option : command.options) {
    text += ".TP\n\\fB";
    for (size_t i = 0; i < option.names.size(); ++i) {
      text += (i == 0 ? "" : "\\fR, \\fB") + Escaped(option.names[i]);
    }
    text += "\\fR";
    if (option.argument == Argument::kChoice) {
      text += Escaped(fmt::format(" {}", fmt::join(option.choices, "|")));
    } else if (option.argument != Argument::kNone) {
      text += " \\fI" + Escaped(option.argument_name) + "\\fR";
    }
    text += "\n" + Escaped(option.help) + "\n";
  }
  return text;
}

// The notes under --help: lines that are indented are examples, set as they stand.
std::string Notes(const std::string& footer) {
  std::string text;
  std::istringstream lines(footer);
  bool in_example = false;
  for (std::string line; std::getline(lines, line);) {
    if (line == "Example:" || line == "Examples:") {
      text += in_example ? ".EE\n" : "";
      text += line == "Example:" ? ".SH EXAMPLE\n.EX\n" : ".SH EXAMPLES\n.EX\n";
      in_example = true;
    } else if (in_example && !line.empty() && !line.starts_with(' ')) {
      text += ".EE\n.PP\n" + Escaped(line) + "\n";
      in_example = false;
    } else if (!line.empty()) {
      const size_t text_at = in_example ? std::min<size_t>(2, line.find_first_not_of(' ')) : 0;
      text += Escaped(line.substr(text_at)) + "\n";
    }
  }
  return text + (in_example ? ".EE\n" : "");
}

std::string Description(const CommandText& command) {
  std::string notes = Notes(command.footer);
  const size_t example = std::min(notes.find(".SH EXAMPLE"), notes.size());
  return ".SH DESCRIPTION\n" + Escaped(command.help) + ".\n" +
         (example > 0 ? ".PP\n" + notes.substr(0, example) : "");
}

std::string Examples(const CommandText& command) {
  std::string notes = Notes(command.footer);
  const size_t example = notes.find(".SH EXAMPLE");
  return example == std::string::npos ? "" : notes.substr(example);
}

}  // namespace

std::string ProgramManual(const CommandText& program, const std::vector<CommandText>& commands) {
  std::string help = program.help;
  if (help.ends_with('.')) {
    help.pop_back();
  }
  CommandText described = program;
  described.help = help;
  std::string text = Head("mayfly", help) +
                     ".SH SYNOPSIS\n\\fBmayfly\\fR [\\fIOPTIONS\\fR] \\fICOMMAND\\fR "
                     "[\\fIARGUMENTS\\fR]\n" +
                     Description(described) + Options(program) + ".SH COMMANDS\n";
  for (const CommandText& command : commands) {
    text += fmt::format(".TP\n\\fB{}\\fR\n{}: see \\fBmayfly\\-{}\\fR(8)\n", Escaped(command.name),
                        Escaped(command.help), Escaped(command.name));
  }
  return text + Examples(program);
}

namespace {

// The commands of a command, each with its options.
std::string InnerCommands(const CommandText& command) {
  std::string text = command.commands.empty() ? "" : ".SH COMMANDS\n";
  for (const CommandText& inner : command.commands) {
    text += fmt::format(".TP\n\\fB{}\\fR", Escaped(inner.name));
    for (const OptionText& option : inner.options) {
      text += fmt::format(" [\\fB{}\\fR{}]", Escaped(option.names.back()),
                          option.argument == Argument::kNone
                              ? ""
                              : " \\fI" + Escaped(option.argument_name) + "\\fR");
    }
    for (const std::string& positional : inner.positionals) {
      text += " \\fI" + Escaped(positional) + "\\fR";
    }
    text += "\n" + Escaped(inner.help) + "\n";
  }
  return text;
}

}  // namespace

std::string CommandManual(const CommandText& command) {
  std::string synopsis = fmt::format(
      ".SH SYNOPSIS\n\\fBmayfly\\fR [\\fIGLOBAL OPTIONS\\fR] "
      "\\fB{}\\fR",
      Escaped(command.name));
  synopsis += command.options.empty() ? "" : " [\\fIOPTIONS\\fR]";
  for (const std::string& positional : command.positionals) {
    synopsis += " \\fI" + Escaped(positional) + "\\fR";
  }
  synopsis += command.takes_command ? " [\\fIWORD\\fR...]\n" : "\n";
  return Head("mayfly-" + command.name, command.help) + synopsis + Description(command) +
         Options(command) + InnerCommands(command) + Examples(command) +
         ".SH SEE ALSO\n\\fBmayfly\\fR(8)\n";
}

}  // namespace mayfly::cli
