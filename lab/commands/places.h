// Where programs and files are looked for when the command line does not say it.
//
// Threads: none.
#pragma once

#include <string>
#include <vector>

#include "lab/commands/measure.h"
#include "lab/plan/plan.h"

namespace CLI {
class App;
}

namespace mayfly::lab {

// A program in the folder of this one.
std::string SiblingProgram(const std::string& name);

// A path in the source tree: below the current directory, or below the first folder above this
// program that has a suite/. The plain path when there is neither.
std::string InTree(const std::string& path);

// Made absolute against the current directory.
std::string AbsolutePath(const std::string& path);

// The engine plugins of a mayfly program: ../lib/mayfly/engines/*.so beside it.
std::vector<std::string> PluginsOf(const std::string& mayfly);

// --out --json --dry-run --progress --sync, which all measuring commands have.
void AddMeasureOptions(CLI::App& command, Plan& plan, MeasureOptions& measure);

}  // namespace mayfly::lab
