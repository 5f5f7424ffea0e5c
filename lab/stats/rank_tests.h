// Tests on ranks: do samples come from one distribution, and by how much do two differ.
//
// They ask nothing of the distributions, which for run times are skewed and have several modes.
// Equal values share the mean of their ranks, and the statistic is corrected for them; with the
// published data, which have 10 ms steps, that matters.
//
// On two samples Kruskal-Wallis is Mann-Whitney's test with the normal approximation and without
// continuity correction. The tail of chi-squared is taken as such, not as 1 - cdf, and keeps its
// digits far below 1e-34.
//
// Sources: Kruskal and Wallis, Use of Ranks in One-Criterion Variance Analysis, 1952 (H, the
// correction for ties: section 1.3); Holm, A Simple Sequentially Rejective Multiple Test Procedure,
// 1979; Cliff, Dominance Statistics, 1993. Threads: pure functions.
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace mayfly::lab {

struct KruskalWallis {
  double h = 0;  // the statistic, corrected for ties
  double p = 1;  // of chi-squared with one degree of freedom less than there are samples
};

// None when there are fewer than two samples, one of them is empty, or all values are equal.
std::optional<KruskalWallis> TestKruskalWallis(std::span<const std::vector<double>> samples);

// Holm's adjusted p-values, in the order of the given ones: with those below alpha taken as
// findings, the chance of even one wrong finding among all is below alpha.
std::vector<double> AdjustHolm(std::span<const double> p_values);

// Cliff's delta: P(a > b) - P(a < b) over all pairs; from -1 (every a is below every b) to 1. None
// when a sample is empty.
std::optional<double> CliffsDelta(std::span<const double> a, std::span<const double> b);

}  // namespace mayfly::lab
