// The ratio of two cells' medians, with a bootstrap interval that respects the blocks.
//
// Cells are measured in blocks, each block having every cell once, minutes apart from the first to
// the last. What moves slowly (temperature, neighbours on the host) is shared by the cells of a
// block. So the bootstrap draws whole blocks: both medians of a resample come from the same blocks,
// and a shared drift cancels in their ratio instead of widening it.
//
// Sources: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13 (percentile
// interval); Davison and Hinkley, Bootstrap Methods and their Application, 1997, section 3.8
// (resampling of blocks). Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "lab/stats/quantile.h"

namespace mayfly::lab {

// One measured value and the block it was measured in.
struct Observation {
  int64_t block = 0;
  double value = 0;
};

struct Ratio {
  double value = 0;                  // median of the numerator / median of the denominator
  std::optional<Interval> interval;  // none when the two share fewer than kLeastBlocks blocks
};

struct BootstrapOptions {
  int resamples = 10'000;
  uint64_t seed = 1;  // fixed, so that a report made again has the same figures
  double confidence = 0.95;
};

// Below this the percentile interval is too narrow to be told.
inline constexpr int kLeastBlocks = 6;

// None when one side has no values or the denominator's median is 0.
std::optional<Ratio> RatioOfMedians(std::span<const Observation> numerator,
                                    std::span<const Observation> denominator,
                                    const BootstrapOptions& options = {});

}  // namespace mayfly::lab
