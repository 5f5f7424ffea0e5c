// AddLoads: the density, throughput and image parts of a recipe as parts of a plan.
//
// Threads: pure but for reading the list of image sizes.
#pragma once

#include <vector>

#include "base/result.h"
#include "lab/plan/expand.h"

namespace mayfly::lab {

// `usable` are the recipe's environments that can be measured here.
base::Result<void> AddLoads(const Recipe& recipe, const Places& places,
                            const std::vector<Environment>& usable,
                            const std::vector<Function>& functions, Plan& plan);

}  // namespace mayfly::lab
