// Random: seeded draws that give the same numbers on every machine and with every standard library.
//
// std::mt19937_64 is fixed bit by bit by the C++ standard; std::shuffle and the distributions are
// not, so the two that the lab needs (a number below a bound, a shuffle) are made here.
//
// Sources: C++23 [rand.predef]; Knuth, The Art of Computer Programming 2, 3.4.2, algorithm P
// (shuffle). Threads: one object, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace mayfly::lab {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  // A number in [0, bound), every one equally likely; bound must not be 0.
  uint64_t Below(uint64_t bound) {
    const uint64_t unusable =
        (UINT64_MAX % bound + 1) % bound;  // draws above the last whole multiple
    uint64_t draw = engine_();
    while (draw > UINT64_MAX - unusable) {
      draw = engine_();
    }
    return draw % bound;
  }

  template <typename T>
  void Shuffle(std::vector<T>& items) {
    for (size_t left = items.size(); left > 1; --left) {
      std::swap(items[left - 1], items[Below(left)]);
    }
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace mayfly::lab
