#include "lab/plan/recipe.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "lab/plan/toml.h"

namespace mayfly::lab {
namespace {

using base::ErrorKind;
using base::Fail;
using base::Result;

constexpr std::array<std::string_view, 5> kEngines = {"", "wasmtime", "wasmedge", "wasmer",
                                                      "wasmer-singlepass"};
constexpr std::array<std::string_view, 6> kStrategies = {"",    "native",      "aot",
                                                         "jit", "interpreter", "handler"};
constexpr std::array<std::string_view, 4> kVariants = {"wasm", "scratch", "distroless", "debian"};
constexpr std::array<std::string_view, 3> kSizes = {"parity", "x10", "x100"};
constexpr std::array<std::string_view, 3> kStarts = {"ctr", "oci", "command"};
constexpr std::array<std::string_view, 2> kProtocols = {"running", "restored"};

template <size_t N>
Result<void> OneOf(const TomlTable& table, std::string_view key, const std::string& value,
                   const std::array<std::string_view, N>& known) {
  if (std::find(known.begin(), known.end(), value) != known.end()) {
    return {};
  }
  std::vector<std::string_view> shown(known.begin(), known.end());
  std::erase(shown, "");
  return table.Fail(
      key, fmt::format("\"{}\" is not known; known are {}", value, fmt::join(shown, ", ")));
}

Result<void> ReadText(const TomlTable& table, std::string_view key, std::string& value) {
  MAYFLY_ASSIGN(auto text, table.String(key));
  if (text) {
    value = *std::move(text);
  }
  return {};
}

Result<void> ReadFlag(const TomlTable& table, std::string_view key, bool& value) {
  MAYFLY_ASSIGN(const auto flag, table.Bool(key));
  value = flag.value_or(value);
  return {};
}

Result<void> ReadNumber(const TomlTable& table, std::string_view key, int64_t least,
                        int64_t& value) {
  MAYFLY_ASSIGN(const auto number, table.Int(key));
  if (number && *number < least) {
    return table.Fail(key, fmt::format("{} is less than {}", *number, least));
  }
  value = number.value_or(value);
  return {};
}

Result<void> ReadSizes(const TomlTable& table, std::vector<std::string>& sizes) {
  if (!table.Has("sizes")) {
    return {};
  }
  MAYFLY_ASSIGN(sizes, table.Strings("sizes"));
  for (const std::string& size : sizes) {
    MAYFLY_TRY(OneOf(table, "sizes", size, kSizes));
  }
  return {};
}

Result<void> CheckEnvironment(const TomlTable& table, const Environment& environment) {
  if (environment.name.empty()) {
    return table.Fail("name", "is missing");
  }
  MAYFLY_TRY(OneOf(table, "engine", environment.engine, kEngines));
  MAYFLY_TRY(OneOf(table, "strategy", environment.strategy, kStrategies));
  if (environment.start == Start::kCommand) {
    return environment.argv.empty() ? table.Fail("argv", "is missing") : Result<void>();
  }
  MAYFLY_TRY(OneOf(table, "image", environment.variant, kVariants));
  if (environment.start == Start::kOci && environment.binary.empty()) {
    return table.Fail("binary", "is missing: which OCI runtime?");
  }
  if (environment.variant == "wasm" && environment.strategy == "native") {
    return table.Fail("strategy", "a module is not native");
  }
  return {};
}

Result<Environment> ReadEnvironment(const TomlTable& table) {
  MAYFLY_TRY(
      table.OnlyKeys({"name", "start", "image", "engine", "strategy", "runtime", "binary", "needs",
                      "annotations", "functions", "sizes", "v1_only", "argv", "function"}));
  Environment environment;
  MAYFLY_TRY(ReadText(table, "name", environment.name));
  std::string start = "ctr";
  MAYFLY_TRY(ReadText(table, "start", start));
  MAYFLY_TRY(OneOf(table, "start", start, kStarts));
  environment.start = start == "ctr" ? Start::kCtr : start == "oci" ? Start::kOci : Start::kCommand;
  MAYFLY_TRY(ReadText(table, "image", environment.variant));
  MAYFLY_TRY(ReadText(table, "engine", environment.engine));
  MAYFLY_TRY(ReadText(table, "strategy", environment.strategy));
  MAYFLY_TRY(ReadText(table, "runtime", environment.runtime_type));
  MAYFLY_TRY(ReadText(table, "binary", environment.binary));
  MAYFLY_TRY(ReadText(table, "function", environment.label));
  MAYFLY_TRY(ReadFlag(table, "v1_only", environment.v1_only));
  MAYFLY_ASSIGN(environment.needs, table.Strings("needs"));
  MAYFLY_ASSIGN(environment.functions, table.Strings("functions"));
  MAYFLY_ASSIGN(environment.annotations, table.StringTable("annotations"));
  MAYFLY_ASSIGN(environment.argv, table.Strings("argv"));
  MAYFLY_TRY(ReadSizes(table, environment.sizes));
  MAYFLY_TRY(CheckEnvironment(table, environment));
  return environment;
}

Result<void> ReadSettings(const TomlTable& table, Recipe& recipe) {
  Plan& plan = recipe.settings;
  MAYFLY_TRY(ReadText(table, "title", plan.title));
  MAYFLY_TRY(ReadNumber(table, "runs", 1, plan.runs));
  MAYFLY_TRY(ReadNumber(table, "min_runs", 1, plan.min_runs));
  MAYFLY_TRY(ReadNumber(table, "run_limit_ms", 1, plan.run_limit_ms));
  MAYFLY_TRY(ReadNumber(table, "cell_budget_ms", 1, plan.cell_budget_ms));
  MAYFLY_TRY(ReadNumber(table, "warm_up_blocks", 0, plan.warm_up_blocks));
  MAYFLY_TRY(ReadNumber(table, "pause_ms", 0, plan.pause_ms));
  MAYFLY_TRY(ReadNumber(table, "timeout_ms", 1, plan.timeout_ms));
  MAYFLY_TRY(ReadFlag(table, "sync", plan.sync));
  MAYFLY_TRY(ReadFlag(table, "drop_caches", plan.drop_caches));
  MAYFLY_TRY(ReadFlag(table, "hide_unified", plan.hide_unified));
  MAYFLY_TRY(ReadText(table, "cpus", plan.cpus));
  MAYFLY_ASSIGN(const auto seed, table.Int("seed"));
  plan.seed = static_cast<uint64_t>(seed.value_or(1));
  std::string protocol = "running";
  MAYFLY_TRY(ReadText(table, "protocol", protocol));
  MAYFLY_TRY(OneOf(table, "protocol", protocol, kProtocols));
  recipe.restored = protocol == "restored";
  MAYFLY_ASSIGN(plan.baselines, table.Strings("baselines"));
  MAYFLY_ASSIGN(recipe.functions, table.Strings("functions"));
  return ReadSizes(table, recipe.sizes);
}

Result<void> CheckNames(const TomlTable& table, std::string_view key,
                        const std::vector<std::string>& names,
                        const std::vector<Environment>& environments) {
  for (const std::string& name : names) {
    if (std::none_of(environments.begin(), environments.end(),
                     [&](const Environment& e) { return e.name == name; })) {
      return table.Fail(key, fmt::format("no environment is named \"{}\"", name));
    }
  }
  return {};
}

Result<std::optional<LoadRecipe>> ReadLoad(const TomlTable& table, std::string_view key,
                                           std::string_view counts, const Recipe& recipe) {
  MAYFLY_ASSIGN(const auto part, table.Table(key));
  if (!part) {
    return std::nullopt;
  }
  MAYFLY_TRY(part->OnlyKeys(
      {"environments", "function", "args", counts, "repeats", "time_s", "min_free_mib"}));
  LoadRecipe load;
  MAYFLY_ASSIGN(load.environments, part->Strings("environments"));
  MAYFLY_TRY(CheckNames(*part, "environments", load.environments, recipe.environments));
  MAYFLY_TRY(ReadText(*part, "function", load.function));
  if (load.function.empty()) {
    return part->Fail("function", "is missing");
  }
  MAYFLY_ASSIGN(load.args, part->Strings("args"));
  MAYFLY_ASSIGN(load.counts, part->Ints(counts));
  if (load.counts.empty() || load.counts.front() < 1 ||
      !std::is_sorted(load.counts.begin(), load.counts.end())) {
    return part->Fail(counts, "expected numbers from 1, ascending");
  }
  MAYFLY_TRY(ReadNumber(*part, "repeats", 1, load.repeats));
  MAYFLY_TRY(ReadNumber(*part, "time_s", 1, load.time_s));
  MAYFLY_TRY(ReadNumber(*part, "min_free_mib", 0, load.min_free_mib));
  return load;
}

Result<std::optional<ImagesRecipe>> ReadImages(const TomlTable& table) {
  MAYFLY_ASSIGN(const auto part, table.Table("images"));
  if (!part) {
    return std::nullopt;
  }
  MAYFLY_TRY(part->OnlyKeys({"functions", "variants"}));
  ImagesRecipe images;
  MAYFLY_ASSIGN(images.functions, part->Strings("functions"));
  MAYFLY_ASSIGN(images.variants, part->Strings("variants"));
  for (const std::string& variant : images.variants) {
    MAYFLY_TRY(OneOf(*part, "variants", variant, kVariants));
  }
  if (images.variants.empty()) {
    images.variants.assign(kVariants.begin(), kVariants.end());
  }
  return images;
}

}  // namespace

Result<Recipe> ReadRecipe(const std::string& path) {
  MAYFLY_ASSIGN(const toml::table document, ReadToml(path));
  const TomlTable table(document, path);
  MAYFLY_TRY(table.OnlyKeys(
      {"title",          "functions",      "sizes",    "runs",       "min_runs",  "run_limit_ms",
       "cell_budget_ms", "warm_up_blocks", "pause_ms", "timeout_ms", "seed",      "sync",
       "drop_caches",    "hide_unified",   "cpus",     "protocol",   "baselines", "environment",
       "density",        "throughput",     "images"}));
  Recipe recipe;
  recipe.path = path;
  recipe.settings.preset = std::filesystem::path(path).stem().string();
  recipe.settings.title = recipe.settings.preset;
  MAYFLY_TRY(ReadSettings(table, recipe));
  MAYFLY_ASSIGN(const auto environments, table.Tables("environment"));
  for (const TomlTable& item : environments) {
    MAYFLY_ASSIGN(Environment environment, ReadEnvironment(item));
    if (std::any_of(recipe.environments.begin(), recipe.environments.end(),
                    [&](const Environment& e) { return e.name == environment.name; })) {
      return item.Fail("name", fmt::format("\"{}\" is there already", environment.name));
    }
    recipe.environments.push_back(std::move(environment));
  }
  if (recipe.environments.empty()) {
    return table.Fail("environment", "there is none: write tables headed [[environment]]");
  }
  MAYFLY_TRY(CheckNames(table, "baselines", recipe.settings.baselines, recipe.environments));
  MAYFLY_ASSIGN(recipe.density, ReadLoad(table, "density", "steps", recipe));
  MAYFLY_ASSIGN(recipe.throughput, ReadLoad(table, "throughput", "concurrency", recipe));
  MAYFLY_ASSIGN(recipe.images, ReadImages(table));
  return recipe;
}

Result<void> KeepEnvironments(const std::vector<std::string>& names, Recipe& recipe) {
  if (names.empty()) {
    return {};
  }
  std::vector<Environment> kept;
  for (const std::string& name : names) {
    const auto found =
        std::find_if(recipe.environments.begin(), recipe.environments.end(),
                     [&](const Environment& environment) { return environment.name == name; });
    if (found == recipe.environments.end()) {
      return Fail(ErrorKind::kInvalid, "{}: no environment is named {}", recipe.path, name);
    }
    kept.push_back(*found);
  }
  recipe.environments = std::move(kept);
  const auto is_gone = [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) == names.end();
  };
  std::erase_if(recipe.settings.baselines, is_gone);
  for (auto* load : {&recipe.density, &recipe.throughput}) {
    if (*load) {
      std::erase_if((*load)->environments, is_gone);
      if ((*load)->environments.empty()) {
        load->reset();
      }
    }
  }
  return {};
}

}  // namespace mayfly::lab
