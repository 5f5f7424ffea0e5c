// ResampledMedians: a cell's bootstrap medians, made once and used for every interval it is part
// of.
//
// Each cell of a measurement is compared with many others. All comparisons of cells that share
// their blocks draw the same resamples of those blocks (the seed is fixed), so the medians of the
// resamples are made once a cell, and the ratio's resamples are their quotients: the figures are
// those of RatioOfMedians (stats/ratio.h), bit for bit, at a small part of the time. Cells that do
// not share their blocks, because a run failed or one was measured less often, take the long way.
//
// Sources: as stats/ratio.h. Threads: none.
#pragma once

#include <optional>
#include <vector>

#include "lab/stats/ratio.h"

namespace mayfly::lab {

// Which block each place of each resample takes: resamples x blocks indices.
class BlockDraws {
 public:
  explicit BlockDraws(const BootstrapOptions& options) : options_(options) {}

  const BootstrapOptions& options() const { return options_; }
  // For so many blocks; valid until the next call with another number.
  const std::vector<uint32_t>& For(size_t blocks);

 private:
  BootstrapOptions options_;
  size_t blocks_ = 0;
  std::vector<uint32_t> draws_;
};

class ResampledMedians {
 public:
  // `draws` makes the resamples, and is not kept.
  ResampledMedians(std::vector<Observation> observations, BlockDraws& draws);

  const std::vector<Observation>& observations() const { return observations_; }
  // The percentile interval of the median; none below kLeastBlocks blocks.
  std::optional<Interval> MedianInterval() const;
  // This cell's median over the other's; none when a side has no values or the other's is 0.
  std::optional<Ratio> Over(const ResampledMedians& other) const;

 private:
  std::vector<Observation> observations_;
  BootstrapOptions options_;
  std::vector<int64_t> blocks_;  // in ascending order
  std::vector<double> medians_;  // one a resample; empty below kLeastBlocks blocks
};

}  // namespace mayfly::lab
