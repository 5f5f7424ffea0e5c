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
#include "lab/plan/cell.h"
#include "lab/plan/loads.h"

namespace mayfly::lab {

struct Plan {
  std::string title;
  std::string
      protocol;  // in words of the report: "running containerd", "restored store before every run"
  uint64_t seed = 1;
  int64_t runs = 20;  // per cell, warm-up not counted
  int64_t warm_up_blocks = 1;
  int64_t pause_ms = 0;
  int64_t timeout_ms = 60'000;
  bool sync = false;           // sync(2) before every run
  bool drop_caches = false;    // and an empty page cache
  bool hide_unified = false;   // measure without the v2 mount of a hybrid host, which crun refuses
  int64_t min_runs = 0;        // of a slow cell; 0: all cells have `runs`
  int64_t run_limit_ms = 0;    // a size whose runs would take longer is left out; 0: none is
  int64_t cell_budget_ms = 0;  // a cell whose runs would take longer has fewer, min_runs at least
  int64_t budget_ms = 0;       // of a session; 0: until all is done
  std::string cpus;            // what the lab, its commands and the daemon may use; empty: all
  std::string preset;          // the plan file's name
  std::string containerd;      // its socket; empty: none is used
  std::string name_space;      // containerd's, and the name of its containers' cgroup
  std::string phases_file;     // where Mayfly writes its phases; empty: not asked for
  Argv events;                 // prints containerd's events; empty: not asked for
  Argv ready;                  // succeeds once the daemon answers; empty: nothing to wait for
  int64_t ready_timeout_ms = 20'000;            // not part of its file
  std::vector<std::string> baselines;           // environments that the others are compared with
  std::map<std::string, std::string> programs;  // to put on record: name -> path or name on PATH
  std::vector<std::string> files;               // to put on record: plugins and the like
  Argv list_images;              // prints the images that are there; empty: none needed
  std::string source_directory;  // whose git revision is put on record
  std::vector<Cell> cells;
  std::vector<Skipped> skipped;
  std::optional<DensityPlan> density;
  std::optional<ThroughputPlan> throughput;
  std::optional<ImagesPlan> images;

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
