// Embedded: the files that are built into mayfly-lab (cmake/embed.cmake), as text.
//
// Ownership: the program's read-only data. Threads: read-only.
#pragma once

#include <string_view>

namespace mayfly::lab::embedded {

std::string_view PublishedMedians();  // lab/data
std::string_view PublishedImages();
std::string_view PageHtml();  // lab/report/html
std::string_view PageCss();
std::string_view PageJs();   // all scripts, one after the other
std::string_view Echarts();  // empty in a build without ECharts

}  // namespace mayfly::lab::embedded
