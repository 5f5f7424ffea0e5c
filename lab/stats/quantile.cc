#include "lab/stats/quantile.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <cmath>
#include <cstddef>

namespace mayfly::lab {

double Quantile(std::span<const double> sorted, double p) {
  const double position = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(std::floor(position));
  const size_t above = std::min(below + 1, sorted.size() - 1);
  const double share = position - static_cast<double>(below);
  return sorted[below] + share * (sorted[above] - sorted[below]);
}

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) {
    return *middle;
  }
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

std::optional<Interval> MedianInterval(std::span<const double> sorted, double confidence) {
  if (sorted.empty()) {
    return std::nullopt;
  }
  // Between the values of rank k and n + 1 - k the coverage is 1 - 2 P(B <= k - 1), B ~ binomial(n,
  // 1/2).
  const boost::math::binomial_distribution<double> above_median(static_cast<double>(sorted.size()),
                                                                0.5);
  size_t rank = 0;
  while (2 * (rank + 1) <= sorted.size() &&
         1 - 2 * boost::math::cdf(above_median, static_cast<double>(rank)) >= confidence) {
    ++rank;
  }
  if (rank == 0) {
    return std::nullopt;
  }
  return Interval{.low = sorted[rank - 1], .high = sorted[sorted.size() - rank]};
}

}  // namespace mayfly::lab
