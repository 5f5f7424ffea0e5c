// Embedded: the files that are built into mayfly-lab (cmake/embed.cmake), as text.
//
// Ownership: the program's read-only data. Threads: read-only.
#pragma once

#include <string_view>

namespace mayfly::lab::embedded {

std::string_view PublishedMedians();  // lab/data
std::string_view PublishedImages();

}  // namespace mayfly::lab::embedded
