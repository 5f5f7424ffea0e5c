// Publish: the tables of a results folder, from its samples.
//
// Threads: none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/record/sample.h"
#include "lab/report/table.h"

namespace mayfly::lab {

// Writes OUT/table.md and OUT/table.json and prints the table, or with `json` the JSON, to standard
// output.
base::Result<void> Publish(const std::string& out, const std::vector<Sample>& samples,
                           const Layout& layout, bool json);

// Replaces a file atomically.
base::Result<void> WriteFile(const std::string& path, std::string_view bytes);

}  // namespace mayfly::lab
