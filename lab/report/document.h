// Document: the evaluation as JSON (report.json, and what the HTML page draws), CSV and Markdown.
//
// docs/formats/lab-results.md gives the fields.
//
// Threads: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "lab/report/evaluation.h"
#include "lab/report/published.h"

namespace mayfly::lab {

nlohmann::json ReportJson(const Evaluation& evaluation, const Results& results,
                          const Published& published);

// One line a cell, and one line a test.
std::string CellsCsv(const Evaluation& evaluation);
std::string TestsCsv(const Evaluation& evaluation);

std::string ReportMarkdown(const Evaluation& evaluation, const Published& published);

}  // namespace mayfly::lab
