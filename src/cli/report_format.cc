#include "cli/report_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace mayfly::cli {

std::string Table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string text;
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      const bool last = i + 1 == row.size();
      text += last ? row[i] + "\n" : fmt::format("{:<{}}   ", row[i], widths[i]);
    }
  }
  return text;
}

std::string Joined(const std::vector<std::string_view>& words, std::string_view separator) {
  std::string text;
  for (const std::string_view word : words) {
    text.append(text.empty() ? "" : separator).append(word);
  }
  return text.empty() ? "-" : text;
}

std::string SizeText(uint64_t bytes) {
  constexpr std::array<std::string_view, 4> kUnits = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 10 * 1024) {
    return fmt::format("{} B", bytes);
  }
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string AgeText(int64_t when_ns, int64_t now_ns) {
  const int64_t seconds = std::max<int64_t>(0, (now_ns - when_ns) / 1'000'000'000);
  if (seconds < 120) {
    return fmt::format("{} s ago", seconds);
  }
  if (seconds < 2 * 3600) {
    return fmt::format("{} min ago", seconds / 60);
  }
  if (seconds < 48 * 3600) {
    return fmt::format("{} h ago", seconds / 3600);
  }
  return fmt::format("{} d ago", seconds / 86400);
}

std::string TimeText(int64_t when_ns) {
  const time_t seconds = when_ns / 1'000'000'000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text;
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

}  // namespace mayfly::cli
