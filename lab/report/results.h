// Results: a results folder, read whole.
//
// samples.csv must be there and right. Everything else may be absent, since measurements differ in
// what they record; a file that is there but not valid is an error. The columns and files are in
// docs/formats/lab-results.md.
//
// Units: in the names. Errors: kind invalid, with file, line and column. Ownership: values.
// Threads: none.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/plan/plan.h"
#include "lab/record/sample.h"

namespace mayfly::lab {

// Phases of a run in their order; the column of each is phase_NAME_ns.
inline constexpr std::array<std::string_view, 9> kPhaseNames = {
    "client", "containerd", "shim", "create", "load", "instantiate", "guest", "drain", "teardown"};
// What else a run may have on record: a column of samples.csv each.
inline constexpr std::array<std::string_view, 4> kResourceNames = {"peak_memory_kib", "pss_kib",
                                                                   "cpu_us", "read_bytes"};

// A sample and what stands beside it in newer files.
struct Run {
  Sample sample;
  std::string size;  // of the work: parity, x10, x100; empty where there is only one
  std::array<std::optional<double>, kPhaseNames.size()> phases_ms;
  std::array<std::optional<double>, kResourceNames.size()> resources;
};

struct DensityStep {
  std::string environment;
  std::string image;
  int64_t containers = 0;  // held at once
  std::optional<double> pss_per_container_kib;
  std::optional<double> memory_used_kib;  // below 0: others gave more back
  std::optional<double> start_ms;
  std::string end_reason;  // why it was the last step; empty if it was not
};

struct ThroughputRun {
  std::string environment;
  std::string image;
  int64_t concurrency = 0;
  int64_t finished = 0;
  int64_t failed = 0;
  int64_t elapsed_ns = 0;
};

struct ImageRecord {
  std::string function;
  std::string environment;
  std::string reference;
  std::optional<double> compressed_bytes;
  std::optional<double> unpacked_bytes;
  std::optional<double> module_bytes;
  std::optional<double> pull_ms;
  std::optional<double> unpack_ms;
};

struct Results {
  std::vector<Run> runs;
  std::optional<Plan> plan;
  std::string preset;                          // of the plan; may be empty
  std::map<std::string, std::string> engines;  // environment -> engine, where the plan says it
  nlohmann::json machine;                      // machine.json; null when absent
  std::vector<DensityStep> density;
  std::vector<ThroughputRun> throughput;
  std::vector<ImageRecord> images;
};

base::Result<Results> ReadResults(const std::string& folder);

// The parsers behind it, each for one file's bytes.
base::Result<std::vector<Run>> ParseRuns(std::string_view bytes, std::string_view path);
base::Result<std::vector<DensityStep>> ParseDensity(std::string_view bytes, std::string_view path);
base::Result<std::vector<ThroughputRun>> ParseThroughput(std::string_view bytes,
                                                         std::string_view path);
base::Result<std::vector<ImageRecord>> ParseImages(std::string_view bytes, std::string_view path);

}  // namespace mayfly::lab
