#include "lab/stats/rank_tests.h"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <cstddef>
#include <cstdint>
#include <numeric>

namespace mayfly::lab {
namespace {

struct Ranks {
  std::vector<double> sums;  // of each sample's ranks
  double ties = 0;           // sum of t^3 - t over the groups of t equal values
};

struct Ranked {
  double value = 0;
  size_t sample = 0;
};

// Midranks are whole or half numbers, so every sum of them is exact.
Ranks RankAll(std::span<const std::vector<double>> samples) {
  std::vector<Ranked> all;
  for (size_t i = 0; i < samples.size(); ++i) {
    for (const double value : samples[i]) {
      all.push_back({.value = value, .sample = i});
    }
  }
  std::sort(all.begin(), all.end(),
            [](const Ranked& a, const Ranked& b) { return a.value < b.value; });
  Ranks ranks{.sums = std::vector<double>(samples.size()), .ties = 0};
  for (size_t begin = 0; begin < all.size();) {
    size_t end = begin + 1;
    while (end < all.size() && all[end].value == all[begin].value) {
      ++end;
    }
    const double midrank = static_cast<double>(begin + 1 + end) / 2;
    for (size_t i = begin; i < end; ++i) {
      ranks.sums[all[i].sample] += midrank;
    }
    const auto equal = static_cast<double>(end - begin);
    ranks.ties += equal * equal * equal - equal;
    begin = end;
  }
  return ranks;
}

}  // namespace

std::optional<KruskalWallis> TestKruskalWallis(std::span<const std::vector<double>> samples) {
  double n = 0;
  for (const std::vector<double>& sample : samples) {
    if (sample.empty()) {
      return std::nullopt;
    }
    n += static_cast<double>(sample.size());
  }
  if (samples.size() < 2) {
    return std::nullopt;
  }
  const Ranks ranks = RankAll(samples);
  const double correction = 1 - ranks.ties / (n * n * n - n);
  if (correction <= 0) {
    return std::nullopt;
  }
  double sum = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    sum += ranks.sums[i] * ranks.sums[i] / static_cast<double>(samples[i].size());
  }
  // Rounding may leave a difference of nothing just below 0.
  const double h = std::max(0.0, (12 / (n * (n + 1)) * sum - 3 * (n + 1)) / correction);
  const boost::math::chi_squared_distribution<double> chi_squared(
      static_cast<double>(samples.size() - 1));
  return KruskalWallis{.h = h, .p = boost::math::cdf(boost::math::complement(chi_squared, h))};
}

std::vector<double> AdjustHolm(std::span<const double> p_values) {
  std::vector<size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double largest = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    const double scaled = p_values[order[i]] * static_cast<double>(order.size() - i);
    largest = std::max(largest, std::min(1.0, scaled));
    adjusted[order[i]] = largest;
  }
  return adjusted;
}

std::optional<double> CliffsDelta(std::span<const double> a, std::span<const double> b) {
  if (a.empty() || b.empty()) {
    return std::nullopt;
  }
  std::vector<double> sorted(b.begin(), b.end());
  std::sort(sorted.begin(), sorted.end());
  int64_t more = 0;  // pairs with a > b less those with a < b
  for (const double value : a) {
    const auto [low, high] = std::equal_range(sorted.begin(), sorted.end(), value);
    more += (low - sorted.begin()) - (sorted.end() - high);
  }
  return static_cast<double>(more) / static_cast<double>(a.size()) / static_cast<double>(b.size());
}

}  // namespace mayfly::lab
