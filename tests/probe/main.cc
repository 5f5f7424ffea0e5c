// probe COMMAND ARG...: see commands.h and README.md.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "commands.h"

namespace mayfly::probe {

namespace {

std::vector<std::span<const Command>> Tables() {
  std::vector<std::span<const Command>> tables = {LookCommands(), ActCommands()};
#ifndef __wasi__
  tables.push_back(LinuxCommands());
#endif
  return tables;
}

int Main(const Args& own) {
  const std::string name = own.size() > 1 ? own[1] : "help";
  for (const auto& table : Tables()) {
    for (const Command& command : table) {
      if (command.name == name) {
        return command.run(Args(own.begin() + 2, own.end()));
      }
    }
  }
  for (const auto& table : Tables()) {
    for (const Command& command : table) {
      std::printf("%-10s %s\n", std::string(command.name).c_str(),
                  std::string(command.help).c_str());
    }
  }
  return name == "help" ? 0 : kBadUse;
}

}  // namespace

Args& OwnArguments() {
  static Args arguments;
  return arguments;
}

}  // namespace mayfly::probe

int main(int argc, char** argv) {
#ifdef __wasi__
  // A WASI program starts at "/": docs/guide/configuration.md tells it to go where PWD says.
  if (const char* directory = std::getenv("PWD"); directory != nullptr && ::chdir(directory) != 0) {
    std::perror(directory);
    return mayfly::probe::kBadUse;
  }
#endif
  mayfly::probe::OwnArguments().assign(argv, argv + argc);
  return mayfly::probe::Main(mayfly::probe::OwnArguments());
}
