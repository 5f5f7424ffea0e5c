// Quantiles of a sample, and the exact interval of its median.
//
// The interval is distribution-free: a run time is above the true median with probability 1/2,
// whatever its distribution, so the ranks between which the median lies follow from the binomial
// distribution. It needs no resampling and holds for skewed and bimodal data; its coverage is at
// least the one asked for.
//
// Sources: Hyndman and Fan, Sample Quantiles in Statistical Packages, 1996 (definition 7);
// David and Nagaraja, Order Statistics, 3rd edition, section 7.1.
// Threads: pure functions.
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace mayfly::lab {

struct Interval {
  double low = 0;
  double high = 0;
};

// The p-quantile (0 <= p <= 1) of values in ascending order, of which there must be at least one.
double Quantile(std::span<const double> sorted, double p);

// The median of values in any order, at least one of them; reorders its copy.
double Median(std::vector<double> values);

// The narrowest interval between two order statistics of equal rank from both ends that holds the
// median with at least `confidence`; none when there are too few values (fewer than 6 for 0.95).
std::optional<Interval> MedianInterval(std::span<const double> sorted, double confidence);

}  // namespace mayfly::lab
