// Manual pages, from the commands as describe.h has them: mayfly(8), and mayfly-COMMAND(8) each.
//
// Form: the man macros of groff_man(7). Sources: man-pages(7) for the order of the sections.
#pragma once

#include <string>
#include <vector>

#include "cli/describe.h"

namespace mayfly::cli {

std::string ProgramManual(const CommandText& program, const std::vector<CommandText>& commands);
std::string CommandManual(const CommandText& command);

}  // namespace mayfly::cli
