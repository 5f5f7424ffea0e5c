#include "lab/stats/shape.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lab/stats/quantile.h"
#include "lab/stats/rank_tests.h"

namespace mayfly::lab {
namespace {

using Values = std::span<const double>;  // ascending

constexpr double kLeastShare = 0.1;
constexpr size_t kLeastValues = 5;
constexpr double kValley = 0.5;  // of the lower peak
constexpr double kLeastValley = 0.05;
constexpr int kGridSteps = 64;
constexpr double kFlagP = 0.01;
constexpr double kFlagDelta = 0.33;
constexpr double kFlagDeviations = 3;  // standard errors of an autocorrelation

// Where to cut into two parts of at least `least` values with the smallest sum of squares within.
size_t BestCut(Values values, size_t least) {
  const double mean =
      std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  size_t best = 0;
  double best_between = -1;
  double below = 0;  // sum of the deviations from the mean
  for (size_t cut = 1; cut + least <= values.size(); ++cut) {
    below += values[cut - 1] - mean;
    const auto low = static_cast<double>(cut);
    const double between = below * below / (low * (static_cast<double>(values.size()) - low));
    if (cut >= least && values[cut] > values[cut - 1] && between > best_between) {
      best = cut;
      best_between = between;
    }
  }
  return best;
}

// Silverman's rule of thumb. Where half the values are equal, it rests on the step between values.
double Bandwidth(Values values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  double step = values.back() - values.front();
  for (size_t i = 0; i < values.size(); ++i) {
    squares += (values[i] - mean) * (values[i] - mean);
    if (i > 0 && values[i] > values[i - 1]) {
      step = std::min(step, values[i] - values[i - 1]);
    }
  }
  double spread = std::sqrt(squares / std::max(1.0, n - 1));
  const double quartiles = Quantile(values, 0.75) - Quantile(values, 0.25);
  if (quartiles > 0) {
    spread = std::min(spread, quartiles / 1.34);
  }
  return std::max(0.9 * spread * std::pow(n, -0.2), step);
}

// A Gaussian kernel density, up to a factor, of both parts, each with its own bandwidth.
class Density {
 public:
  Density(Values low, Values high)
      : low_(low), high_(high), low_width_(Bandwidth(low)), high_width_(Bandwidth(high)) {
    // A part of equal values has no width of its own.
    const double floor = (high.back() - low.front()) / 1000;
    low_width_ = std::max(low_width_, floor);
    high_width_ = std::max(high_width_, floor);
  }

  double At(double x) const { return Sum(low_, low_width_, x) + Sum(high_, high_width_, x); }

 private:
  static double Sum(Values values, double width, double x) {
    double sum = 0;
    for (const double value : values) {
      const double distance = (x - value) / width;
      sum += std::exp(-distance * distance / 2);
    }
    return sum / width;
  }

  Values low_;
  Values high_;
  double low_width_;
  double high_width_;
};

// How high a valley may be. A peak of m values is uncertain by about 1 / sqrt(m) of its height, so
// few values must leave a deeper one.
double AllowedValley(Values low, Values high) {
  const auto fewer = static_cast<double>(std::min(low.size(), high.size()));
  return std::max(kLeastValley, kValley * (1 - 2 / std::sqrt(fewer)));
}

bool HasValley(Values low, Values high) {
  const Density density(low, high);
  std::vector<double> heights;
  const double first = Quantile(low, 0.25);
  const double last = Quantile(high, 0.75);
  for (int i = 0; i <= kGridSteps; ++i) {
    heights.push_back(density.At(first + (last - first) * i / kGridSteps));
  }
  const double allowed = AllowedValley(low, high);
  // For every place in between: the highest peaks to its left and right.
  std::vector<double> right(heights);
  for (size_t i = right.size() - 1; i-- > 0;) {
    right[i] = std::max(right[i], right[i + 1]);
  }
  double left = 0;
  for (size_t i = 0; i < heights.size(); ++i) {
    left = std::max(left, heights[i]);
    if (heights[i] <= allowed * std::min(left, right[i])) {
      return true;
    }
  }
  return false;
}

void Split(Values values, size_t least, size_t total, std::vector<Mode>& modes) {
  if (values.size() >= std::max(2 * least, kLeastForModes)) {
    const size_t cut = BestCut(values, least);
    if (cut != 0 && HasValley(values.first(cut), values.subspan(cut))) {
      Split(values.first(cut), least, total, modes);
      Split(values.subspan(cut), least, total, modes);
      return;
    }
  }
  modes.push_back({.median = Quantile(values, 0.5),
                   .share = static_cast<double>(values.size()) / static_cast<double>(total)});
}

double Autocorrelation(Values in_order) {
  const double mean =
      std::accumulate(in_order.begin(), in_order.end(), 0.0) / static_cast<double>(in_order.size());
  double squares = 0;
  double products = 0;
  for (size_t i = 0; i < in_order.size(); ++i) {
    squares += (in_order[i] - mean) * (in_order[i] - mean);
    if (i > 0) {
      products += (in_order[i] - mean) * (in_order[i - 1] - mean);
    }
  }
  return squares == 0 ? 0 : products / squares;
}

}  // namespace

std::vector<Mode> FindModes(std::vector<double> values) {
  std::vector<Mode> modes;
  if (values.empty()) {
    return modes;
  }
  std::sort(values.begin(), values.end());
  const auto least =
      std::max(kLeastValues,
               static_cast<size_t>(std::ceil(kLeastShare * static_cast<double>(values.size()))));
  Split(values, least, values.size(), modes);
  return modes;
}

Drift FindDrift(std::span<const double> in_order) {
  Drift drift;
  if (in_order.size() < kLeastForDrift) {
    return drift;
  }
  const size_t half = in_order.size() / 2;
  const std::vector<double> halves[] = {
      std::vector<double>(in_order.begin(), in_order.begin() + static_cast<std::ptrdiff_t>(half)),
      std::vector<double>(in_order.end() - static_cast<std::ptrdiff_t>(half), in_order.end())};
  drift.autocorrelation = Autocorrelation(in_order);
  drift.halves_delta = CliffsDelta(halves[1], halves[0]).value_or(0);
  if (const auto test = TestKruskalWallis(halves)) {
    drift.halves_p = test->p;
  }
  drift.flagged =
      drift.autocorrelation > kFlagDeviations / std::sqrt(static_cast<double>(in_order.size())) ||
      (drift.halves_p < kFlagP && std::abs(drift.halves_delta) >= kFlagDelta);
  return drift;
}

}  // namespace mayfly::lab
