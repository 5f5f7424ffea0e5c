// The probe's commands: each folder-mate registers a table of them, main looks the first argument
// up.
//
// A command gets the arguments after its name and returns the exit code. Errors of use end with
// code 99, which no test expects.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mayfly::probe {

using Args = std::vector<std::string>;

struct Command {
  std::string_view name;
  std::string_view help;
  int (*run)(const Args& args);
};

struct Section {
  std::string_view name;
  nlohmann::json (*look)();
};

constexpr int kBadUse = 99;

std::span<const Command> LookCommands();
std::span<const Command> ActCommands();
std::span<const Section> PortableSections();
#ifndef __wasi__
std::span<const Command> LinuxCommands();
std::span<const Section> LinuxSections();
#endif

// The whole of a file, or "" and errno in *error.
std::string ReadWhole(const std::string& path, int* error);
// "ENOENT" for ENOENT, "0" for 0.
std::string ErrnoName(int number);
// Prints a document and a newline; bytes that are not UTF-8 are replaced.
void Print(const nlohmann::json& document);
// The program's own argument vector, argv[0] first.
Args& OwnArguments();

}  // namespace mayfly::probe
