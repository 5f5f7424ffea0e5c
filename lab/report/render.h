// Renderers: a table for a terminal, as Markdown and as JSON.
//
// Threads: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "lab/report/table.h"

namespace mayfly::lab {

enum class Colours : unsigned char { kOff, kOn };

// Colours where standard output is a terminal and NO_COLOR is not set (no-color.org).
Colours ColoursOfStdout();

std::string RenderTerminal(const Table& table, Colours colours);
std::string RenderMarkdown(const Table& table);
// docs/formats/lab-results.md gives the fields.
nlohmann::json RenderJson(const Table& table);

}  // namespace mayfly::lab
