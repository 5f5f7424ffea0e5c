#include "lab/report/verdict.h"

#include <algorithm>
#include <cmath>

namespace mayfly::lab {
namespace {

struct Counts {
  int faster = 0;
  int slower = 0;
  int open = 0;
  int unknown = 0;
};

// Environments to speak about.
std::vector<std::string> Subjects(const Table& table) {
  std::vector<std::string> ours;
  std::copy_if(table.environments.begin(), table.environments.end(), std::back_inserter(ours),
               [](const std::string& name) { return name.find("mayfly") != std::string::npos; });
  return ours.empty() ? table.environments : ours;
}

void Say(const std::string& function, const std::string& environment, const Comparison& comparison,
         Summary& summary, Counts& counts) {
  const std::string ratio = comparison.ratio ? FormatRatio(*comparison.ratio) : "";
  switch (FindingOf(comparison)) {
    case Finding::kFaster:
      ++counts.faster;
      summary.wins.push_back(fmt::format("{} is faster than {} on {}: {}", environment,
                                         comparison.baseline, function, ratio));
      break;
    case Finding::kSlower:
      ++counts.slower;
      summary.losses.push_back(fmt::format("{} is slower than {} on {}: {}", environment,
                                           comparison.baseline, function, ratio));
      break;
    case Finding::kNoDifference:
      ++counts.open;
      summary.open.push_back(fmt::format("no difference shown between {} and {} on {}: {}",
                                         environment, comparison.baseline, function, ratio));
      break;
    case Finding::kUnknown:
      ++counts.unknown;
      summary.open.push_back(fmt::format("too few good runs to compare {} with {} on {}",
                                         environment, comparison.baseline, function));
      break;
  }
}

// True when this many decimals show a bound as exactly 1 that is not.
bool HidesSide(double value, int decimals) {
  const double scale = std::pow(10.0, decimals);
  return value != 1 && std::round(value * scale) == scale;
}

}  // namespace

Finding FindingOf(const Comparison& comparison) {
  if (!comparison.ratio || !comparison.ratio->interval) {
    return Finding::kUnknown;
  }
  if (comparison.ratio->interval->high < 1) {
    return Finding::kFaster;
  }
  return comparison.ratio->interval->low > 1 ? Finding::kSlower : Finding::kNoDifference;
}

std::string FormatRatio(const Ratio& ratio) {
  if (!ratio.interval) {
    return fmt::format("{:.2f}", ratio.value);
  }
  int decimals = 2;
  while (decimals < 4 &&
         (HidesSide(ratio.interval->low, decimals) || HidesSide(ratio.interval->high, decimals))) {
    ++decimals;
  }
  return fmt::format("{:.{}f} [{:.{}f}, {:.{}f}]", ratio.value, decimals, ratio.interval->low,
                     decimals, ratio.interval->high, decimals);
}

std::string FormatMs(double ms) {
  if (ms >= 1000) {
    return fmt::format("{:.0f}", ms);
  }
  return ms >= 10 ? fmt::format("{:.1f}", ms) : fmt::format("{:.2f}", ms);
}

Summary Summarise(const Table& table) {
  Summary summary;
  for (size_t b = 0; b < table.baselines.size(); ++b) {
    for (const std::string& subject : Subjects(table)) {
      if (subject == table.baselines[b]) {
        continue;
      }
      Counts counts;
      for (const FunctionSummary& function : table.functions) {
        for (const CellSummary& cell : function.cells) {
          if (cell.environment == subject) {
            Say(function.function, subject, cell.comparisons[b], summary, counts);
          }
        }
      }
      summary.counts.push_back(fmt::format(
          "{} against {}: faster on {} of {}, slower on {}, no difference shown on {}{}", subject,
          table.baselines[b], counts.faster,
          counts.faster + counts.slower + counts.open + counts.unknown, counts.slower, counts.open,
          counts.unknown == 0 ? "" : fmt::format(", too few runs on {}", counts.unknown)));
    }
  }
  return summary;
}

}  // namespace mayfly::lab
