// Completion scripts for bash, zsh and fish, from the commands as describe.h has them.
#pragma once

#include <string>
#include <vector>

#include "cli/describe.h"

namespace mayfly::cli {

std::string BashCompletion(const CommandText& program, const std::vector<CommandText>& commands);
std::string ZshCompletion(const CommandText& program, const std::vector<CommandText>& commands);
std::string FishCompletion(const CommandText& program, const std::vector<CommandText>& commands);

}  // namespace mayfly::cli
