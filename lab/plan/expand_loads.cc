#include "lab/plan/expand_loads.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "base/file.h"

namespace mayfly::lab {
namespace {

using base::Result;

// Beside the others' content: what is there already would not be fetched.
constexpr const char* kImagesNamespace = "mayfly-lab-images";

// A container of the function that stays: detached, without output.
Cell HeldCell(const Function& function, const Environment& environment, const LoadRecipe& recipe,
              const ContainerSettings& settings) {
  Function held = function;
  held.args = recipe.args;
  held.inputs.clear();
  held.writes = false;
  Cell cell = MakeContainerCell(held, environment, settings);
  Argv& argv = cell.command.argv;
  const auto remove = std::find(argv.begin(), argv.end(), "--rm");
  if (remove != argv.end()) {
    *remove = "--detach";
    const Argv mount = ContextMount("{out}/hold", false);
    argv.insert(remove + 1, mount.begin(), mount.end());
    argv.insert(std::find(argv.begin(), argv.end(), "--detach"), "--null-io");
  }
  cell.expected = {};
  return cell;
}

std::vector<Cell> LoadCells(const LoadRecipe& recipe, const Places& places,
                            const std::vector<Environment>& usable, const Function& function,
                            bool held) {
  std::vector<Cell> cells;
  for (const std::string& name : recipe.environments) {
    for (const Environment& environment : usable) {
      if (environment.name == name && environment.start == Start::kCtr) {
        cells.push_back(held ? HeldCell(function, environment, recipe, places.containers)
                             : MakeContainerCell(function, environment, places.containers));
      }
    }
  }
  return cells;
}

// image,function,kind,layers,compressed_bytes,unpacked_bytes,digest, as the image builder lists
// them. No field has a comma.
std::vector<std::vector<std::string>> ReadSizes(const std::string& path) {
  std::vector<std::vector<std::string>> rows;
  const auto text = base::ReadFile(path);
  std::istringstream lines(text.value_or(""));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::vector<std::string> row;
    for (std::string field; std::getline(fields, field, ',');) {
      row.push_back(field);
    }
    if (row.size() >= 6 && row[0] != "image") {
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

int64_t Number(const std::string& text) {
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

ImageItem MakeImage(const std::vector<std::string>& row, const Places& places) {
  ImageItem item;
  item.reference = row[0];
  item.function = row[1];
  item.environment = row[2];
  item.compressed_bytes = Number(row[4]);
  item.unpacked_bytes = Number(row[5]);
  item.archive = fmt::format("{}/{}-{}.tar", places.archives, item.function, item.environment);
  item.program = item.environment == "wasm"
                     ? fmt::format("{}/wasm/{}.wasm", places.programs, item.function)
                 : item.environment == "scratch"
                     ? fmt::format("{}/native-static/{}", places.programs, item.function)
                     : fmt::format("{}/native-dynamic/{}", places.programs, item.function);
  ContainerSettings apart = places.containers;
  apart.name_space = kImagesNamespace;
  item.pull = {CtrCommand(apart, {"images", "import", "--no-unpack", item.archive})};
  const std::string digest = row.size() > 6 ? row[6] : "";
  item.unpack = {CtrCommand(apart, {"snapshots", "unpack", digest})};
  item.cleanup = {CtrCommand(apart, {"images", "rm", "--sync", item.reference})};
  return item;
}

}  // namespace

Result<void> AddLoads(const Recipe& recipe, const Places& places,
                      const std::vector<Environment>& usable,
                      const std::vector<Function>& functions, Plan& plan) {
  const auto& density = recipe.density;
  if (density) {
    MAYFLY_ASSIGN(const auto held, LoadFunctions(places.suite, {density->function}));
    plan.density = DensityPlan{.steps = density->counts,
                               .min_free_mib = density->min_free_mib,
                               .time_s = density->time_s,
                               .cells = LoadCells(*density, places, usable, held.front(), true)};
  }
  const auto& throughput = recipe.throughput;
  if (throughput) {
    MAYFLY_ASSIGN(const auto run, LoadFunctions(places.suite, {throughput->function}));
    plan.throughput =
        ThroughputPlan{.concurrency = throughput->counts,
                       .repeats = throughput->repeats,
                       .time_s = throughput->time_s,
                       .cells = LoadCells(*throughput, places, usable, run.front(), false)};
  }
  if (recipe.images) {
    plan.images.emplace();
    const auto& wanted = recipe.images->functions;
    for (const auto& row : ReadSizes(places.archives + "/sizes.csv")) {
      const bool named =
          wanted.empty()
              ? std::any_of(functions.begin(), functions.end(),
                            [&](const Function& function) { return function.name == row[1]; })
              : std::find(wanted.begin(), wanted.end(), row[1]) != wanted.end();
      const auto& variants = recipe.images->variants;
      if (named && std::find(variants.begin(), variants.end(), row[2]) != variants.end()) {
        plan.images->items.push_back(MakeImage(row, places));
      }
    }
    if (plan.images->items.empty()) {
      plan.skipped.push_back(
          {.environment = "images",
           .function = "",
           .reason = fmt::format("{}/sizes.csv lists none: ./dev images", places.archives)});
    }
  }
  return {};
}

}  // namespace mayfly::lab
