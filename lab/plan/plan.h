// Plan: everything that a measurement is going to do, as data.
//
// A plan is a set of cells (function x environment), each with the exact command, what it must
// print, and how to prepare and clean up, plus how often and in what order they run. What makes a
// plan (the table's options, a comparison's file) and what carries it out know nothing of each
// other. A plan is written beside its results, so that an interrupted measurement goes on from it.
//
// In every argv, "{id}" stands for an id that is new with every run.
//
// Errors: kind invalid, with the field. Ownership: values. Threads: none.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/exec/process.h"

namespace mayfly::lab {

// What a run must do to count; a digest that is absent is not checked.
struct Expectation {
  int exit_code = 0;
  std::optional<uint64_t> stdout_bytes;
  std::optional<std::string> stdout_sha256;

  bool operator==(const Expectation&) const = default;
};

struct Cell {
  std::string function;
  std::string environment;
  std::string image;
  std::string strategy;
  Command command;
  std::vector<Argv> prepare;  // before every run, not timed; must succeed
  std::vector<Argv> cleanup;  // after a run that failed; what it returns does not matter
  Expectation expected;

  bool operator==(const Cell&) const = default;
};

struct Plan {
  std::string title;
  std::string
      protocol;  // in words of the report: "running containerd", "restored store before every run"
  uint64_t seed = 1;
  int64_t runs = 20;  // per cell, warm-up not counted
  int64_t warm_up_blocks = 1;
  int64_t pause_ms = 0;
  int64_t timeout_ms = 60'000;
  bool sync = false;  // sync(2) before every run
  Argv ready;         // succeeds once the daemon answers; empty: nothing to wait for
  std::vector<std::string> baselines;           // environments that the others are compared with
  std::map<std::string, std::string> programs;  // to put on record: name -> path or name on PATH
  std::vector<std::string> files;               // to put on record: plugins and the like
  Argv list_images;              // prints the images that are there; empty: none needed
  std::string source_directory;  // whose git revision is put on record
  std::vector<Cell> cells;

  bool operator==(const Plan&) const = default;
};

nlohmann::json PlanToJson(const Plan& plan);
base::Result<Plan> PlanFromJson(const nlohmann::json& document, std::string_view source);
base::Result<Plan> ReadPlan(const std::string& path);

// The plan for people: its settings, then one line per cell with the whole command.
std::string DescribePlan(const Plan& plan);

// Names of the functions and of the environments in the plan's order, each once.
std::vector<std::string> FunctionsOf(const Plan& plan);
std::vector<std::string> EnvironmentsOf(const Plan& plan);

}  // namespace mayfly::lab
