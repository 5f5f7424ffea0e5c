// Ih12: a near-normal deviate (mean 0, variance 1) from twelve uniform ones, after Irwin and Hall.
//
// Additions only, no libm: the bits are the same on every platform, provided the compiler neither
// contracts nor reassociates (-ffp-contract=off, no fast-math).
#pragma once

#include "support/sm64.h"

namespace mayfly::suite {

inline double Ih12(Sm64& random) {
  double sum = 0.0;
  for (int i = 0; i < 12; ++i) sum += random.NextUnit();
  return sum - 6.0;
}

}  // namespace mayfly::suite
