#include "lab/stats/resampled.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "lab/stats/random.h"

namespace mayfly::lab {
namespace {

Interval Percentile(std::vector<double> values, double confidence) {
  std::sort(values.begin(), values.end());
  const double tail = (1 - confidence) / 2;
  return {.low = Quantile(values, tail), .high = Quantile(values, 1 - tail)};
}

double MedianInPlace(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) {
    return *middle;
  }
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

std::vector<double> ValuesOf(const std::vector<Observation>& observations) {
  std::vector<double> values;
  values.reserve(observations.size());
  for (const Observation& observation : observations) {
    values.push_back(observation.value);
  }
  return values;
}

// The medians of the resamples where each block has one value. A resample is counted by the rank of
// its values, which is several times faster than selecting among them.
std::vector<double> MediansByRank(const std::vector<std::vector<double>>& values,
                                  const std::vector<uint32_t>& drawn) {
  const size_t n = values.size();
  std::vector<uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return values[a][0] < values[b][0]; });
  std::vector<uint32_t> rank_of(n);
  for (size_t rank = 0; rank < n; ++rank) {
    rank_of[order[rank]] = static_cast<uint32_t>(rank);
  }
  std::vector<uint32_t> counts(n);
  std::vector<double> medians;
  medians.reserve(drawn.size() / n);
  for (size_t begin = 0; begin < drawn.size(); begin += n) {
    std::fill(counts.begin(), counts.end(), 0U);
    for (size_t i = begin; i < begin + n; ++i) {
      ++counts[rank_of[drawn[i]]];
    }
    size_t rank = 0;
    size_t below = counts[0];  // values up to this rank
    const size_t lower = (n + 1) / 2;
    for (; below < lower; below += counts[rank]) {
      ++rank;
    }
    const double low = values[order[rank]][0];
    for (; below < n / 2 + 1; below += counts[rank]) {
      ++rank;
    }
    const double high = values[order[rank]][0];
    medians.push_back(n % 2 == 1 ? low : (low + high) / 2);
  }
  return medians;
}

}  // namespace

const std::vector<uint32_t>& BlockDraws::For(size_t blocks) {
  if (blocks != blocks_) {
    Random random(options_.seed);
    draws_.resize(static_cast<size_t>(options_.resamples) * blocks);
    for (uint32_t& draw : draws_) {
      draw = static_cast<uint32_t>(random.Below(blocks));
    }
    blocks_ = blocks;
  }
  return draws_;
}

ResampledMedians::ResampledMedians(std::vector<Observation> observations, BlockDraws& draws)
    : observations_(std::move(observations)), options_(draws.options()) {
  std::map<int64_t, std::vector<double>> by_block;
  for (const Observation& observation : observations_) {
    by_block[observation.block].push_back(observation.value);
  }
  std::vector<std::vector<double>> values;
  for (auto& [block, in_block] : by_block) {
    blocks_.push_back(block);
    values.push_back(std::move(in_block));
  }
  if (blocks_.size() < kLeastBlocks) {
    return;
  }
  const std::vector<uint32_t>& drawn = draws.For(blocks_.size());
  if (std::all_of(values.begin(), values.end(),
                  [](const std::vector<double>& in_block) { return in_block.size() == 1; })) {
    medians_ = MediansByRank(values, drawn);
    return;
  }
  std::vector<double> scratch;
  medians_.reserve(static_cast<size_t>(options_.resamples));
  for (size_t begin = 0; begin < drawn.size(); begin += blocks_.size()) {
    scratch.clear();
    for (size_t i = begin; i < begin + blocks_.size(); ++i) {
      const std::vector<double>& in_block = values[drawn[i]];
      scratch.insert(scratch.end(), in_block.begin(), in_block.end());
    }
    medians_.push_back(MedianInPlace(scratch));
  }
}

std::optional<Interval> ResampledMedians::MedianInterval() const {
  if (medians_.empty()) {
    return std::nullopt;
  }
  return Percentile(medians_, options_.confidence);
}

std::optional<Ratio> ResampledMedians::Over(const ResampledMedians& other) const {
  const bool zero =
      std::find(other.medians_.begin(), other.medians_.end(), 0.0) != other.medians_.end();
  if (blocks_ != other.blocks_ || medians_.empty() || zero) {
    return RatioOfMedians(observations_, other.observations_, options_);
  }
  const double divisor = Median(ValuesOf(other.observations_));
  if (divisor == 0) {
    return std::nullopt;
  }
  std::vector<double> ratios;
  ratios.reserve(medians_.size());
  for (size_t i = 0; i < medians_.size(); ++i) {
    ratios.push_back(medians_[i] / other.medians_[i]);
  }
  return Ratio{.value = Median(ValuesOf(observations_)) / divisor,
               .interval = Percentile(std::move(ratios), options_.confidence)};
}

}  // namespace mayfly::lab
