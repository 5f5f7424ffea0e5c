// Schedule: the order of all runs, in randomised interleaved blocks.
//
// Each block has every cell once, in an order of its own drawn from the seed. So no cell runs
// always after the same other one, and whatever drifts over minutes reaches all cells alike.
//
// Sources: Kalibera and Jones, Rigorous Benchmarking in Reasonable Time, ISMM 2013 (random order,
// warm-up). Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mayfly::lab {

struct ScheduledRun {
  int64_t run = 0;
  int64_t block = 0;
  int64_t order = 0;
  size_t cell = 0;
  bool warm_up = false;

  bool operator==(const ScheduledRun&) const = default;
};

// warm_up_blocks blocks that are marked as such, then `runs` blocks; the same arguments, the same
// order.
std::vector<ScheduledRun> MakeSchedule(size_t cells, int64_t warm_up_blocks, int64_t runs,
                                       uint64_t seed);

}  // namespace mayfly::lab
