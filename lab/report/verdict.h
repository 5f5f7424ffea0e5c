// Verdicts: what the intervals support, in sentences.
//
// A cell is faster when the whole interval of its ratio is below 1, slower when it is above 1, and
// nothing is said to differ otherwise. Each interval stands on its own: with 20 comparisons at 95
// %, one is expected to miss the truth. Sentences are made from the numbers; none is written
// beforehand.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "lab/report/table.h"

namespace mayfly::lab {

enum class Finding : unsigned char { kFaster, kSlower, kNoDifference, kUnknown };

Finding FindingOf(const Comparison& comparison);

// "1.12 [1.08, 1.15]"; more digits where rounding would hide on which side of 1 a bound lies.
std::string FormatRatio(const Ratio& ratio);
// Milliseconds with at least three significant digits.
std::string FormatMs(double ms);

struct Summary {
  std::vector<std::string> losses;
  std::vector<std::string> wins;
  std::vector<std::string> open;    // no difference shown, or too few runs
  std::vector<std::string> counts;  // one line per environment and baseline
};

// About the environments whose name has "mayfly" in it; about all of them if none has.
Summary Summarise(const Table& table);

}  // namespace mayfly::lab
