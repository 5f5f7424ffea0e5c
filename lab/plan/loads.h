// Loads: the measurements that are no repeated single runs: density, throughput, images.
//
// Each holds cells whose commands say what to start; how often and for how long is here.
//
// Units: in the names. Ownership: values. Threads: none.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lab/plan/cell.h"

namespace mayfly::lab {

// Containers that are started and held until a step's number is there; what they need of memory is
// read at each step. A cell's command starts one that stays, its clean-up removes it.
struct DensityPlan {
  std::vector<int64_t> steps;  // ascending
  int64_t min_free_mib = 0;    // no container is started with less memory available
  int64_t time_s = 0;          // for each environment
  std::vector<Cell> cells;

  bool operator==(const DensityPlan&) const = default;
};

// Containers run one after the other by as many workers as the concurrency says.
struct ThroughputPlan {
  std::vector<int64_t> concurrency;
  int64_t repeats = 1;
  int64_t time_s = 0;  // for each concurrency and repeat
  std::vector<Cell> cells;

  bool operator==(const ThroughputPlan&) const = default;
};

struct ImageItem {
  std::string function;
  std::string environment;  // the image's variant
  std::string reference;
  std::string archive;  // what is imported
  std::string program;  // the module or executable in it
  int64_t compressed_bytes = 0;
  int64_t unpacked_bytes = 0;
  std::vector<Argv> pull;    // timed together: archive to content store
  std::vector<Argv> unpack;  // timed together: content store to snapshot
  std::vector<Argv> cleanup;

  bool operator==(const ImageItem&) const = default;
};

struct ImagesPlan {
  std::vector<ImageItem> items;

  bool operator==(const ImagesPlan&) const = default;
};

// Adds the keys `density`, `throughput` and `images` to a plan's document, and reads them from it.
void LoadsToJson(const std::optional<DensityPlan>& density,
                 const std::optional<ThroughputPlan>& throughput,
                 const std::optional<ImagesPlan>& images, nlohmann::json& document);
base::Result<void> LoadsFromJson(const base::JsonView& view, std::optional<DensityPlan>& density,
                                 std::optional<ThroughputPlan>& throughput,
                                 std::optional<ImagesPlan>& images);

std::string DescribeLoads(const std::optional<DensityPlan>& density,
                          const std::optional<ThroughputPlan>& throughput,
                          const std::optional<ImagesPlan>& images);

// How long they take together, at most or about.
int64_t EstimateMs(const std::optional<DensityPlan>& density,
                   const std::optional<ThroughputPlan>& throughput,
                   const std::optional<ImagesPlan>& images);

}  // namespace mayfly::lab
