// Recipe: a plan file as it is written: environments, functions, sizes, and how often.
//
// A peer is an entry of such a file and no code. Presets are files of the same kind
// (lab/plans/*.toml). What a recipe becomes on this machine is lab/plan/expand.h's.
//
// Format: docs/guide/lab.md "Plan files". Errors: kind invalid, with file, field and line: unknown
// keys, engines, strategies, images, sizes, and environments that are named but not described.
// Ownership: values. Threads: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "lab/plan/environment.h"
#include "lab/plan/plan.h"

namespace mayfly::lab {

// What a load runs, by the names of the recipe.
struct LoadRecipe {
  std::vector<std::string> environments;
  std::string function;
  std::vector<std::string> args;  // density: of a run that waits
  std::vector<int64_t> counts;    // density: steps; throughput: concurrency
  int64_t repeats = 1;
  int64_t time_s = 10;
  int64_t min_free_mib = 512;
};

struct ImagesRecipe {
  std::vector<std::string> functions;  // empty: those of the recipe
  std::vector<std::string> variants;
};

struct Recipe {
  std::string path;
  Plan settings;                       // everything but cells and what depends on the machine
  bool restored = false;               // protocol: containerd's store is restored before every run
  std::vector<std::string> functions;  // empty: all
  std::vector<std::string> sizes = {"parity"};
  std::vector<Environment> environments;
  std::optional<LoadRecipe> density;
  std::optional<LoadRecipe> throughput;
  std::optional<ImagesRecipe> images;
};

base::Result<Recipe> ReadRecipe(const std::string& path);

// Which of the recipe's environments are to be measured, in the given order; all when names is
// empty.
base::Result<void> KeepEnvironments(const std::vector<std::string>& names, Recipe& recipe);

}  // namespace mayfly::lab
