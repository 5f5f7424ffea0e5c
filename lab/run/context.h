// Context: the folder of a measurement's own that a guest may write to, in the state that a run
// expects, and what a run must have left in it.
//
// The suite's input files are never shown writable: they are copied once, and what a run leaves is
// taken away before the next one, so that every run creates its files anew.
//
// Errors: files that cannot be copied, read or removed, with their paths. Threads: none.
#pragma once

#include <string>

#include "base/result.h"
#include "lab/plan/plan.h"

namespace mayfly::lab {

// The inputs are there, with their sizes, and nothing else. Does nothing for a cell without a
// context.
base::Result<void> MakeContext(const Context& context);

// Why the files in the context are not the expected ones; empty when they are.
std::string FilesMismatch(const Expectation& expected, const Context& context);

// Fails for a plan whose contexts are not below OUT/context: results that were moved, or a
// plan.json that would have other files removed.
base::Result<void> CheckContexts(const Plan& plan, const std::string& out);

}  // namespace mayfly::lab
