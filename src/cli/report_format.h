// How the commands about the node and its cache print: tables, times, sizes, JSON.
//
// Units: as the names say. Threads: pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mayfly::cli {

// Rows under a heading, columns as wide as their widest text, three spaces between.
std::string Table(const std::vector<std::vector<std::string>>& rows);

std::string Joined(const std::vector<std::string_view>& words, std::string_view separator);

// "1.5 MiB"; bytes as they are below 10 KiB.
std::string SizeText(uint64_t bytes);
// "3 min ago", "2 d ago".
std::string AgeText(int64_t when_ns, int64_t now_ns);
// RFC 3339 in seconds, UTC.
std::string TimeText(int64_t when_ns);

}  // namespace mayfly::cli
