// Where the program that runs lies.
//
// isolate::RunReadOnly() executes it from a mount that is attached nowhere, where /proc/self/exe
// has no path to tell; the environment then has it.
//
// Threads: reads the environment. Fork: usable in a child.
#pragma once

#include <string>

#include "base/result.h"

namespace mayfly::base {

inline constexpr const char* kOwnProgramVariable = "MAYFLY_PROGRAM";

// The absolute path of this program's file.
Result<std::string> OwnProgram();

}  // namespace mayfly::base
