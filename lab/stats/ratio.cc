#include "lab/stats/ratio.h"

#include <algorithm>
#include <map>
#include <vector>

#include "lab/stats/random.h"

namespace mayfly::lab {
namespace {

struct Block {
  std::vector<double> numerator;
  std::vector<double> denominator;
};

std::vector<Block> GroupByBlock(std::span<const Observation> numerator,
                                std::span<const Observation> denominator) {
  std::map<int64_t, Block> blocks;
  for (const Observation& observation : numerator) {
    blocks[observation.block].numerator.push_back(observation.value);
  }
  for (const Observation& observation : denominator) {
    blocks[observation.block].denominator.push_back(observation.value);
  }
  std::vector<Block> grouped;
  grouped.reserve(blocks.size());
  for (auto& entry : blocks) {
    grouped.push_back(std::move(entry.second));
  }
  return grouped;
}

std::optional<double> RatioOf(const std::vector<double>& numerator,
                              const std::vector<double>& denominator) {
  if (numerator.empty() || denominator.empty()) {
    return std::nullopt;
  }
  const double divisor = Median(denominator);
  if (divisor == 0) {
    return std::nullopt;
  }
  return Median(numerator) / divisor;
}

// The ratio of one resample of the blocks, with replacement; none when a side has no value in it.
std::optional<double> Resample(const std::vector<Block>& blocks, Random& random, Block& scratch) {
  scratch.numerator.clear();
  scratch.denominator.clear();
  for (size_t i = 0; i < blocks.size(); ++i) {
    const Block& drawn = blocks[random.Below(blocks.size())];
    scratch.numerator.insert(scratch.numerator.end(), drawn.numerator.begin(),
                             drawn.numerator.end());
    scratch.denominator.insert(scratch.denominator.end(), drawn.denominator.begin(),
                               drawn.denominator.end());
  }
  return RatioOf(scratch.numerator, scratch.denominator);
}

std::optional<Interval> PercentileInterval(const std::vector<Block>& blocks,
                                           const BootstrapOptions& options) {
  const auto shared = std::count_if(blocks.begin(), blocks.end(), [](const Block& block) {
    return !block.numerator.empty() && !block.denominator.empty();
  });
  if (shared < kLeastBlocks) {
    return std::nullopt;
  }
  Random random(options.seed);
  Block scratch;
  std::vector<double> ratios;
  ratios.reserve(static_cast<size_t>(options.resamples));
  for (int i = 0; i < options.resamples; ++i) {
    if (const auto ratio = Resample(blocks, random, scratch)) {
      ratios.push_back(*ratio);
    }
  }
  if (ratios.empty()) {
    return std::nullopt;
  }
  std::sort(ratios.begin(), ratios.end());
  const double tail = (1 - options.confidence) / 2;
  return Interval{.low = Quantile(ratios, tail), .high = Quantile(ratios, 1 - tail)};
}

}  // namespace

std::optional<Ratio> RatioOfMedians(std::span<const Observation> numerator,
                                    std::span<const Observation> denominator,
                                    const BootstrapOptions& options) {
  const std::vector<Block> blocks = GroupByBlock(numerator, denominator);
  Block all;
  for (const Block& block : blocks) {
    all.numerator.insert(all.numerator.end(), block.numerator.begin(), block.numerator.end());
    all.denominator.insert(all.denominator.end(), block.denominator.begin(),
                           block.denominator.end());
  }
  const auto value = RatioOf(all.numerator, all.denominator);
  if (!value) {
    return std::nullopt;
  }
  return Ratio{.value = *value, .interval = PercentileInterval(blocks, options)};
}

}  // namespace mayfly::lab
