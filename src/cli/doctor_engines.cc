// doctor's checks of the node's configuration, the engine plugins and the cache of compiled code.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "cli/doctor_checks.h"
#include "cli/report_format.h"
#include "engine/code_cache.h"
#include "engine/plugin_report.h"
#include "engine/select.h"

namespace mayfly::cli {

namespace {

using engine::NodeConfig;

Finding CheckConfig(const NodeConfig& node) {
  return {"configuration", Health::kOk,
          fmt::format("engine {}, strategy {}, cache {} up to {}", node.engine, node.strategy,
                      node.cache_dir, SizeText(node.cache_max_bytes)),
          ""};
}

// Plugins run as root in each container's init: nobody else may be able to replace them.
std::string WhoCouldReplace(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0 &&
      ((info.st_mode & 022) != 0 || (info.st_uid != 0 && info.st_uid != ::geteuid()))) {
    return fmt::format("{} may be written by others (owner {}, mode {:04o})", path, info.st_uid,
                       info.st_mode & 07777);
  }
  return "";
}

Finding CheckPlugin(const engine::PluginReport& report, const std::string& directory) {
  const std::string name = "engine " + report.name;
  if (!report.error.empty()) {
    return {name, Health::kFail, report.error,
            "replace or remove the plugin; `mayfly engines` lists them"};
  }
  for (const std::string& path : {directory, report.path, report.compiler_path}) {
    if (const std::string who = WhoCouldReplace(path); !who.empty()) {
      return {name, Health::kFail, who, "chown root and chmod go-w: it runs as root"};
    }
  }
  const std::string text = fmt::format(
      "{}, {}", report.version, Joined(engine::StrategyNames(report.UsableStrategies()), " "));
  if (!report.compiler_error.empty()) {
    return {name, Health::kWarn, fmt::format("{}; {}", text, report.compiler_error),
            "only modules that are in the cache will run"};
  }
  return {name, Health::kOk, text, ""};
}

std::vector<Finding> CheckPlugins(const NodeConfig& node) {
  const auto reports = engine::ReportPlugins(engine::PluginHost(node.plugins_dir));
  if (reports.empty()) {
    return {{"engines", Health::kWarn, "none is installed in " + node.plugins_dir,
             "install one, or set MAYFLY_ENGINES_DIR; native containers work without"}};
  }
  std::vector<Finding> findings;
  findings.reserve(reports.size() + 1);
  for (const engine::PluginReport& report : reports) {
    findings.push_back(CheckPlugin(report, node.plugins_dir));
  }
  const bool has_default =
      std::ranges::any_of(reports, [&](const auto& report) { return report.name == node.engine; });
  if (!has_default) {
    findings.push_back(
        {"engines", Health::kFail,
         fmt::format("the default engine {} is not installed in {}", node.engine, node.plugins_dir),
         "install it, or set `engine` in the node's configuration"});
  }
  return findings;
}

Finding CheckCacheSpace(const std::string& place, const NodeConfig& node, const std::string& text) {
  struct statvfs space{};
  if (::statvfs(place.c_str(), &space) != 0) {
    return {"cache", Health::kFail, fmt::format("{}: cannot be looked at", place),
            "choose another cache.dir"};
  }
  if ((space.f_flag & ST_NOEXEC) != 0) {
    return {"cache", Health::kFail, fmt::format("{} is on a file system mounted noexec", place),
            "compiled code is mapped from it: mount it exec, or choose another cache.dir"};
  }
  if ((space.f_flag & ST_RDONLY) != 0) {
    return {"cache", Health::kWarn, fmt::format("{} is on a read-only file system", place),
            "every first start compiles in memory: choose another cache.dir"};
  }
  const uint64_t free_bytes = uint64_t{space.f_bavail} * space.f_frsize;
  const std::string full = fmt::format("{}, {} free", text, SizeText(free_bytes));
  constexpr uint64_t kLittle = 512ULL << 20;
  if (free_bytes < kLittle) {
    return {
        "cache", Health::kWarn, full,
        fmt::format("make room: compiled code may take up to {}", SizeText(node.cache_max_bytes))};
  }
  return {"cache", Health::kOk, full, ""};
}

Finding CheckCache(const NodeConfig& node) {
  const auto cache = engine::CodeCache::OpenExisting(node.cache_dir);
  if (!cache && cache.error().kind() == base::ErrorKind::kNotFound) {
    std::string place = node.cache_dir;
    while (!place.empty() && !base::PathExists(place)) {
      place.resize(place.find_last_of('/') == std::string::npos ? 0 : place.find_last_of('/'));
    }
    return CheckCacheSpace(place.empty() ? "/" : place, node,
                           node.cache_dir + " is made when it is needed");
  }
  if (!cache) {
    return {"cache", Health::kFail, cache.error().text(),
            fmt::format("chown root {0} && chmod 0700 {0}", node.cache_dir)};
  }
  if (::access(node.cache_dir.c_str(), W_OK | X_OK) != 0 && errno != EROFS) {
    return {"cache", Health::kFail, node.cache_dir + " cannot be written",
            "choose another cache.dir"};
  }
  const auto entries = cache->List();
  if (!entries) {
    return {"cache", Health::kFail, entries.error().text(),
            "remove the directory: it is only a cache"};
  }
  uint64_t bytes = 0;
  for (const engine::CacheEntry& entry : *entries) {
    bytes += entry.size_bytes;
  }
  return CheckCacheSpace(node.cache_dir, node,
                         fmt::format("{}: {} entries, {} of {}", node.cache_dir, entries->size(),
                                     SizeText(bytes), SizeText(node.cache_max_bytes)));
}

}  // namespace

std::vector<Finding> CheckEngines(const base::Result<NodeConfig>& node) {
  if (!node) {
    return {{"configuration", Health::kFail, node.error().text(),
             "correct the file; docs/guide/configuration.md lists the keys"}};
  }
  std::vector<Finding> findings = {CheckConfig(*node)};
  auto plugins = CheckPlugins(*node);
  findings.insert(findings.end(), plugins.begin(), plugins.end());
  findings.push_back(CheckCache(*node));
  return findings;
}

}  // namespace mayfly::cli
