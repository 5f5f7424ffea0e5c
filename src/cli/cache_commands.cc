// cache ls, verify, prune, warm: the compiled-code cache of this node.
#include <memory>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "cli/command.h"
#include "cli/report_format.h"
#include "engine/code_cache.h"
#include "engine/cpu_features.h"
#include "engine/node_config.h"
#include "engine/plugin_report.h"
#include "engine/warm.h"

namespace mayfly::cli {

using base::ErrorKind;
using base::Result;
using engine::CodeCache;

namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kShortDigest = 12;
constexpr int64_t kNsPerSecond = 1'000'000'000;

// The cache of this node; none where no module was ever compiled.
Result<std::optional<CodeCache>> OpenCache(const engine::NodeConfig& node) {
  auto cache = CodeCache::OpenExisting(node.cache_dir);
  if (!cache && cache.error().kind() == ErrorKind::kNotFound) {
    return std::nullopt;
  }
  if (!cache) {
    return std::unexpected(std::move(cache).error());
  }
  return std::optional(std::move(*cache));
}

Result<std::vector<engine::CacheEntry>> Entries(const std::optional<CodeCache>& cache) {
  return cache ? cache->List() : std::vector<engine::CacheEntry>();
}

uint64_t TotalBytes(const std::vector<engine::CacheEntry>& entries) {
  uint64_t bytes = 0;
  for (const engine::CacheEntry& entry : entries) {
    bytes += entry.size_bytes;
  }
  return bytes;
}

Json ToJson(const engine::CacheEntry& entry) {
  Json json = {{"key", entry.key},
               {"bytes", entry.size_bytes},
               {"written", TimeText(entry.written_ns)},
               {"lastUse", TimeText(entry.last_use_ns)},
               {"readable", entry.origin.has_value()}};
  if (entry.origin) {
    json["module"] = "sha256:" + entry.origin->module;
    json["engine"] = entry.origin->engine;
    json["version"] = entry.origin->version;
    json["strategy"] = entry.origin->strategy;
    json["options"] = entry.origin->options;
    json["pluginAbi"] = entry.origin->abi;
    json["cpu"] = entry.origin->cpu;
    json["thisCpu"] = entry.origin->cpu == engine::CpuFeatures();
  }
  return json;
}

Result<int> Ls(bool as_json) {
  MAYFLY_ASSIGN(const auto node, engine::LoadNodeConfig());
  MAYFLY_ASSIGN(const auto cache, OpenCache(node));
  MAYFLY_ASSIGN(const auto entries, Entries(cache));
  if (as_json) {
    Json list = Json::array();
    for (const engine::CacheEntry& entry : entries) {
      list.push_back(ToJson(entry));
    }
    const Json document = {{"directory", node.cache_dir},
                           {"bytes", TotalBytes(entries)},
                           {"maxBytes", node.cache_max_bytes},
                           {"entries", list}};
    fmt::print("{}\n", base::JsonText(document, 2));
    return 0;
  }
  std::vector<std::vector<std::string>> rows = {
      {"KEY", "MODULE", "ENGINE", "VERSION", "STRATEGY", "SIZE", "LAST USE", "CPU"}};
  const int64_t now_ns = engine::RealtimeNs();
  for (const engine::CacheEntry& entry : entries) {
    const engine::CodeOrigin origin =
        entry.origin.value_or(engine::CodeOrigin{"-", "-", "-", "-", "-", "-", "-"});
    rows.push_back({entry.key.substr(0, kShortDigest), origin.module.substr(0, kShortDigest),
                    origin.engine, origin.version, origin.strategy, SizeText(entry.size_bytes),
                    AgeText(entry.last_use_ns, now_ns),
                    !entry.origin                         ? "damaged"
                    : origin.cpu == engine::CpuFeatures() ? "this"
                                                          : "other"});
  }
  fmt::print("{}{} entries, {} of {} in {}\n", Table(rows), entries.size(),
             SizeText(TotalBytes(entries)), SizeText(node.cache_max_bytes), node.cache_dir);
  return 0;
}

Result<int> Verify(bool as_json, bool repair) {
  MAYFLY_ASSIGN(const auto node, engine::LoadNodeConfig());
  MAYFLY_ASSIGN(const auto cache, OpenCache(node));
  MAYFLY_ASSIGN(const auto entries, Entries(cache));
  Json bad = Json::array();
  for (const engine::CacheEntry& entry : entries) {
    const auto checked = cache->Check(entry.key);
    if (checked || checked.error().kind() == ErrorKind::kNotFound) {
      continue;  // good, or removed meanwhile
    }
    if (repair) {
      MAYFLY_TRY(cache->Remove(entry.key));
    }
    bad.push_back({{"key", entry.key}, {"reason", checked.error().text()}, {"removed", repair}});
    if (!as_json) {
      fmt::print("{}: {}{}\n", entry.key, checked.error().text(), repair ? ": removed" : "");
    }
  }
  const size_t bad_count = bad.size();
  if (as_json) {
    const Json document = {
        {"directory", node.cache_dir}, {"checked", entries.size()}, {"bad", std::move(bad)}};
    fmt::print("{}\n", base::JsonText(document, 2));
  } else {
    fmt::print("{} entries checked, {} bad\n", entries.size(), bad_count);
  }
  return bad_count == 0 || repair ? 0 : 1;
}

struct PruneFlags {
  std::optional<uint64_t> max_bytes;
  std::optional<int64_t> unused_seconds;
  bool all = false;
  bool as_json = false;
};

Result<int> Prune(const PruneFlags& flags, base::Log& log) {
  MAYFLY_ASSIGN(const auto node, engine::LoadNodeConfig());
  MAYFLY_ASSIGN(const auto cache, OpenCache(node));
  engine::PruneLimits limits{.max_bytes = flags.max_bytes, .all = flags.all};
  if (flags.unused_seconds) {
    limits.max_age_ns = *flags.unused_seconds * kNsPerSecond;
  }
  if (!limits.all && !limits.max_bytes && !limits.max_age_ns) {
    limits.max_bytes = node.cache_max_bytes;
  }
  engine::PruneReport report;
  if (cache) {
    MAYFLY_ASSIGN(report, cache->Prune(limits, "", log));
  }
  MAYFLY_ASSIGN(const auto left, Entries(cache));
  if (flags.as_json) {
    const Json document = {{"directory", node.cache_dir},
                           {"removed", report.files},
                           {"removedBytes", report.bytes},
                           {"left", left.size()},
                           {"leftBytes", TotalBytes(left)}};
    fmt::print("{}\n", base::JsonText(document, 2));
  } else {
    fmt::print("{} entries removed, {}; {} left, {}\n", report.files, SizeText(report.bytes),
               left.size(), SizeText(TotalBytes(left)));
  }
  return 0;
}

struct WarmFlags {
  std::vector<std::string> paths;
  std::vector<std::string> engines;
  bool as_json = false;
};

// The engines to compile for: those named, "all" for every one that compiles, or the node's.
Result<std::vector<std::string>> EnginesFor(const WarmFlags& flags,
                                            const engine::NodeConfig& node) {
  if (flags.engines.empty()) {
    return std::vector<std::string>{node.engine};
  }
  if (flags.engines != std::vector<std::string>{"all"}) {
    return flags.engines;
  }
  std::vector<std::string> engines;
  for (const auto& report : engine::ReportPlugins(engine::PluginHost(node.plugins_dir))) {
    if ((report.UsableStrategies() & MAYFLY_STRATEGY_AOT) != 0) {
      engines.push_back(report.name);
    }
  }
  if (engines.empty()) {
    return base::Fail(ErrorKind::kNotFound, "no engine of {} compiles modules", node.plugins_dir);
  }
  return engines;
}

// "compiled", "cached", or why not.
std::string_view Outcome(const engine::WarmResult& result) {
  if (!result.found) {
    return "failed";
  }
  if (!result.found->kept) {
    return "not kept";
  }
  return result.found->source == engine::CodeSource::kCompiled ? "compiled" : "cached";
}

Json ToJson(const engine::WarmResult& result) {
  Json json = {{"module", result.path},
               {"moduleBytes", result.module_bytes},
               {"engine", result.engine},
               {"outcome", Outcome(result)}};
  if (result.found) {
    json["milliseconds"] = result.found->compile_ms;
    json["codeBytes"] = result.code_bytes;
  } else {
    json["error"] = result.found.error().text();
  }
  return json;
}

Result<int> Warm(const WarmFlags& flags, base::Log& log) {
  MAYFLY_ASSIGN(const auto node, engine::LoadNodeConfig());
  MAYFLY_ASSIGN(const auto engines, EnginesFor(flags, node));
  Json list = Json::array();
  int status = 0;
  for (const std::string& path : flags.paths) {
    MAYFLY_ASSIGN(const auto modules, engine::FindModules(path));
    for (const std::string& module : modules) {
      for (const std::string& name : engines) {
        const engine::WarmResult result = engine::WarmModule(module, name, node, log);
        if (!result.found || !result.found->kept) {
          status = 1;
        }
        if (!result.found) {
          fmt::print(stderr, "mayfly: {}\n", result.found.error().text());
        }
        if (!flags.as_json) {
          fmt::print("{:<8}  {:>6} ms  {:<9}  {}\n", Outcome(result),
                     result.found ? result.found->compile_ms : 0, name, module);
        }
        list.push_back(ToJson(result));
      }
    }
  }
  if (flags.as_json) {
    fmt::print("{}\n", base::JsonText(Json({{"directory", node.cache_dir}, {"modules", list}}), 2));
  } else if (list.empty()) {
    fmt::print("no modules found\n");
  }
  return status;
}

void AddLs(CLI::App* cache, Selection* selection) {
  CLI::App* command = cache->add_subcommand("ls", "List the entries");
  const auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "Print a JSON document, with digests in full");
  command->footer(
      "CPU: `this` or `other` for code of a machine with other features, `damaged` when the "
      "file's\n"
      "end cannot be read. The time of last use is known to a minute.\n"
      "Example:\n"
      "  mayfly cache ls --json | jq '.entries[] | select(.thisCpu | not) | .key'");
  command->callback([selection, as_json] {
    selection->action = [as_json](const Globals&, base::Log&) { return Ls(*as_json); };
  });
}

void AddVerify(CLI::App* cache, Selection* selection) {
  CLI::App* command = cache->add_subcommand("verify", "Check every entry's owner, mode, checksum");
  const auto as_json = std::make_shared<bool>(false);
  const auto repair = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "Print a JSON document");
  command->add_flag("--repair", *repair, "Remove what is bad; it is compiled again when needed");
  command->footer(
      "Exit status: 0 when all is good or --repair removed what was not, 1 when something is bad.\n"
      "A start never uses a bad entry: it finds the same by itself.\n"
      "Example:\n"
      "  mayfly cache verify || mayfly cache verify --repair");
  command->callback([selection, as_json, repair] {
    selection->action = [as_json, repair](const Globals&, base::Log&) {
      return Verify(*as_json, *repair);
    };
  });
}

void AddPrune(CLI::App* cache, Selection* selection) {
  CLI::App* command = cache->add_subcommand("prune", "Remove entries that are not needed");
  const auto flags = std::make_shared<PruneFlags>();
  const auto size = std::make_shared<uint64_t>(0);
  const auto age = std::make_shared<int64_t>(0);
  CLI::Option* size_option =
      command->add_option("--max-size", *size, "Keep so much, the least recently used go first")
          ->type_name("BYTES")
          ->transform(CLI::AsSizeValue(false));
  CLI::Option* age_option =
      command->add_option("--unused-for", *age, "Remove what was not used for so long: 12h, 30d")
          ->type_name("TIME")
          ->transform(CLI::AsNumberWithUnit(
              std::map<std::string, int64_t>{{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}}));
  for (CLI::Option* option : {size_option, age_option}) {
    option->get_validator(0)->description("");
  }
  command->add_flag("--all", flags->all, "Remove everything");
  command->add_flag("--json", flags->as_json, "Print a JSON document");
  command->footer(
      "Without an option: down to cache.max_bytes of the node's configuration, as after each\n"
      "compile. Containers that run keep the code they have.\n"
      "Examples:\n"
      "  mayfly cache prune --unused-for 30d\n"
      "  mayfly cache prune --max-size 2GiB");
  command->callback([selection, flags, size, age, size_option, age_option] {
    if (size_option->count() != 0) {
      flags->max_bytes = *size;
    }
    if (age_option->count() != 0) {
      flags->unused_seconds = *age;
    }
    selection->action = [flags](const Globals&, base::Log& log) { return Prune(*flags, log); };
  });
}

void AddWarm(CLI::App* cache, Selection* selection) {
  CLI::App* command =
      cache->add_subcommand("warm", "Compile modules ahead, so that no start waits for it");
  const auto flags = std::make_shared<WarmFlags>();
  command->add_option("path", flags->paths, "Modules, or directories to look for modules in")
      ->required()
      ->type_name("PATH");
  command->add_option("-e,--engine", flags->engines, "Engine to compile for, or `all`; repeatable")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->default_str("the node's default");
  command->add_flag("--json", flags->as_json, "Print a JSON document");
  command->footer(
      "For an agent of the node that has pulled an image: PATH is the image's mounted root. "
      "Symbolic\n"
      "links below it are not followed. Exit status: 0, or 1 when a module could not be compiled.\n"
      "Examples:\n"
      "  mayfly cache warm app.wasm\n"
      "  ctr images mount IMAGE /mnt && mayfly cache warm --engine all /mnt");
  command->callback([selection, flags] {
    selection->action = [flags](const Globals&, base::Log& log) { return Warm(*flags, log); };
  });
}

}  // namespace

void AddCache(CLI::App* app, Selection* selection) {
  CLI::App* cache = app->add_subcommand("cache", "Look after the cache of compiled code");
  cache->require_subcommand(1);
  cache->footer("Example:\n  mayfly cache ls");
  AddLs(cache, selection);
  AddVerify(cache, selection);
  AddPrune(cache, selection);
  AddWarm(cache, selection);
}

}  // namespace mayfly::cli
