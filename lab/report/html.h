// Html: the report as one file that needs nothing else, no network and no server.
//
// The page, its style, its scripts and ECharts are files of the tree and of ECharts's npm package,
// built in as they are (lab/report/html, tools/setup/echarts.sh). The evaluation goes in as JSON;
// "<" is escaped in it, so no text of a measurement can end the element it stands in.
//
// Errors: kind unsupported in a build without ECharts. Threads: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"

namespace mayfly::lab {

base::Result<std::string> RenderHtml(const nlohmann::json& report);

}  // namespace mayfly::lab
