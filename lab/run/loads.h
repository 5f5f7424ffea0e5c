// Loads: carries out what a plan has besides single runs: density, throughput, images.
//
// Each writes lines to a file of its own as they come and passes over what is there already, so
// that it goes on after an interruption. docs/formats/lab-results.md has the columns.
//
// Errors: only what keeps the file from being written; what fails is a line, or said. Threads:
// throughput uses one thread per worker.
#pragma once

#include <string>

#include "lab/exec/interrupt.h"
#include "lab/plan/plan.h"

namespace mayfly::lab {

struct LoadContext {
  const Plan& plan;
  const std::string& out;  // folder of the results
  const Interrupt& interrupt;
};

base::Result<void> RunDensity(const LoadContext& context);
base::Result<void> RunThroughput(const LoadContext& context);
base::Result<void> RunImages(const LoadContext& context);

// All that the plan has, in this order: images, throughput, density.
base::Result<void> RunLoads(const LoadContext& context);

}  // namespace mayfly::lab
