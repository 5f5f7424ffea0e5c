#include "lab/plan/schedule.h"

#include <numeric>

#include "lab/stats/random.h"

namespace mayfly::lab {

std::vector<ScheduledRun> MakeSchedule(size_t cells, int64_t warm_up_blocks, int64_t runs,
                                       uint64_t seed) {
  Random random(seed);
  std::vector<ScheduledRun> schedule;
  std::vector<size_t> order(cells);
  for (int64_t block = 0; block < warm_up_blocks + runs; ++block) {
    std::iota(order.begin(), order.end(), size_t{0});
    random.Shuffle(order);
    for (size_t position = 0; position < cells; ++position) {
      schedule.push_back({.run = static_cast<int64_t>(schedule.size()),
                          .block = block,
                          .order = static_cast<int64_t>(position),
                          .cell = order[position],
                          .warm_up = block < warm_up_blocks});
    }
  }
  return schedule;
}

}  // namespace mayfly::lab
