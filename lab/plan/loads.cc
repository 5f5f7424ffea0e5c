#include "lab/plan/loads.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace mayfly::lab {

using base::JsonView;
using base::Result;
using nlohmann::json;

namespace {

constexpr int64_t kImageMs = 1500;  // about: pull, unpack and removal

json CellsToJson(const std::vector<Cell>& cells) {
  json array = json::array();
  for (const Cell& cell : cells) {
    array.push_back(CellToJson(cell));
  }
  return array;
}

Result<std::vector<int64_t>> Numbers(const JsonView& view) {
  std::vector<int64_t> numbers;
  MAYFLY_ASSIGN(const auto items, view.Items());
  for (const JsonView& item : items) {
    MAYFLY_ASSIGN(const int64_t number, Need(item, item.Int()));
    numbers.push_back(number);
  }
  return numbers;
}

Result<std::vector<Argv>> Commands(const JsonView& view) {
  std::vector<Argv> commands;
  MAYFLY_ASSIGN(const auto items, view.Items());
  for (const JsonView& item : items) {
    MAYFLY_ASSIGN(Argv argv, item.Strings());
    commands.push_back(std::move(argv));
  }
  return commands;
}

json ImageToJson(const ImageItem& item) {
  return {{"function", item.function},
          {"environment", item.environment},
          {"reference", item.reference},
          {"archive", item.archive},
          {"program", item.program},
          {"compressed_bytes", item.compressed_bytes},
          {"unpacked_bytes", item.unpacked_bytes},
          {"pull", item.pull},
          {"unpack", item.unpack},
          {"cleanup", item.cleanup}};
}

Result<ImageItem> ImageFromJson(const JsonView& view) {
  ImageItem item;
  MAYFLY_ASSIGN(item.function, Need(view["function"], view["function"].String()));
  MAYFLY_ASSIGN(item.environment, Need(view["environment"], view["environment"].String()));
  MAYFLY_ASSIGN(item.reference, Need(view["reference"], view["reference"].String()));
  MAYFLY_ASSIGN(item.archive, Need(view["archive"], view["archive"].String()));
  MAYFLY_ASSIGN(item.program, Need(view["program"], view["program"].String()));
  MAYFLY_ASSIGN(item.compressed_bytes,
                Need(view["compressed_bytes"], view["compressed_bytes"].Int()));
  MAYFLY_ASSIGN(item.unpacked_bytes, Need(view["unpacked_bytes"], view["unpacked_bytes"].Int()));
  MAYFLY_ASSIGN(item.pull, Commands(view["pull"]));
  MAYFLY_ASSIGN(item.unpack, Commands(view["unpack"]));
  MAYFLY_ASSIGN(item.cleanup, Commands(view["cleanup"]));
  return item;
}

}  // namespace

void LoadsToJson(const std::optional<DensityPlan>& density,
                 const std::optional<ThroughputPlan>& throughput,
                 const std::optional<ImagesPlan>& images, json& document) {
  if (density) {
    document["density"] = {{"steps", density->steps},
                           {"min_free_mib", density->min_free_mib},
                           {"time_s", density->time_s},
                           {"cells", CellsToJson(density->cells)}};
  }
  if (throughput) {
    document["throughput"] = {{"concurrency", throughput->concurrency},
                              {"repeats", throughput->repeats},
                              {"time_s", throughput->time_s},
                              {"cells", CellsToJson(throughput->cells)}};
  }
  if (images) {
    json items = json::array();
    for (const ImageItem& item : images->items) {
      items.push_back(ImageToJson(item));
    }
    document["images"] = {{"items", items}};
  }
}

Result<void> LoadsFromJson(const JsonView& view, std::optional<DensityPlan>& density,
                           std::optional<ThroughputPlan>& throughput,
                           std::optional<ImagesPlan>& images) {
  if (const JsonView part = view["density"]; part.present()) {
    DensityPlan plan;
    MAYFLY_ASSIGN(plan.steps, Numbers(part["steps"]));
    MAYFLY_ASSIGN(plan.min_free_mib, Need(part["min_free_mib"], part["min_free_mib"].Int()));
    MAYFLY_ASSIGN(plan.time_s, Need(part["time_s"], part["time_s"].Int()));
    MAYFLY_ASSIGN(plan.cells, CellsFromJson(part["cells"]));
    density = std::move(plan);
  }
  if (const JsonView part = view["throughput"]; part.present()) {
    ThroughputPlan plan;
    MAYFLY_ASSIGN(plan.concurrency, Numbers(part["concurrency"]));
    MAYFLY_ASSIGN(plan.repeats, Need(part["repeats"], part["repeats"].Int()));
    MAYFLY_ASSIGN(plan.time_s, Need(part["time_s"], part["time_s"].Int()));
    MAYFLY_ASSIGN(plan.cells, CellsFromJson(part["cells"]));
    throughput = std::move(plan);
  }
  if (const JsonView part = view["images"]; part.present()) {
    ImagesPlan plan;
    MAYFLY_ASSIGN(const auto items, part["items"].Items());
    for (const JsonView& item : items) {
      MAYFLY_ASSIGN(ImageItem image, ImageFromJson(item));
      plan.items.push_back(std::move(image));
    }
    images = std::move(plan);
  }
  return {};
}

std::string DescribeLoads(const std::optional<DensityPlan>& density,
                          const std::optional<ThroughputPlan>& throughput,
                          const std::optional<ImagesPlan>& images) {
  std::string text;
  if (density) {
    text += fmt::format("  density    {} environments, steps {}, {} s each, {} MiB kept free\n",
                        density->cells.size(), fmt::join(density->steps, " "), density->time_s,
                        density->min_free_mib);
  }
  if (throughput) {
    text += fmt::format("  throughput {} environments, concurrency {}, {} x {} s each\n",
                        throughput->cells.size(), fmt::join(throughput->concurrency, " "),
                        throughput->repeats, throughput->time_s);
  }
  if (images) {
    text += fmt::format("  images     {}\n", images->items.size());
  }
  return text;
}

int64_t EstimateMs(const std::optional<DensityPlan>& density,
                   const std::optional<ThroughputPlan>& throughput,
                   const std::optional<ImagesPlan>& images) {
  int64_t estimate_ms = 0;
  if (density) {
    // Removing takes about as long as starting.
    estimate_ms += static_cast<int64_t>(density->cells.size()) * density->time_s * 1500;
  }
  if (throughput) {
    estimate_ms += static_cast<int64_t>(throughput->cells.size() * throughput->concurrency.size()) *
                   throughput->repeats * (throughput->time_s + 1) * 1000;
  }
  if (images) {
    estimate_ms += static_cast<int64_t>(images->items.size()) * kImageMs;
  }
  return estimate_ms;
}

}  // namespace mayfly::lab
