// Sm64: the suite's deterministic generator (SplitMix64), the source of all generated data.
//
// The state is a counter, so a stream is reproducible from its seed alone, on every platform.
// Sources: G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA
// 2014.
#pragma once

#include <cstdint>

namespace mayfly::suite {

class Sm64 {
 public:
  explicit constexpr Sm64(uint64_t seed) : state_(seed) {}

  constexpr uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

  // Uniform in [0, 1): 53 bits of one draw. The signed conversion is exact and one instruction.
  constexpr double NextUnit() {
    return static_cast<double>(static_cast<int64_t>(Next() >> 11)) * 0x1p-53;
  }

 private:
  uint64_t state_;
};

}  // namespace mayfly::suite
