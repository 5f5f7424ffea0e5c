// engines: the plugins of this node and what they can do.
#include <memory>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "cli/command.h"
#include "cli/report_format.h"
#include "engine/node_config.h"
#include "engine/plugin_report.h"

namespace mayfly::cli {

using base::Result;

namespace {

using Json = nlohmann::ordered_json;

Json ToJson(const engine::PluginReport& report) {
  Json json = {{"name", report.name},
               {"path", report.path},
               {"compilerPath", report.compiler_path},
               {"usable", report.error.empty()},
               {"version", report.version},
               {"strategies", engine::StrategyNames(report.UsableStrategies())},
               {"features", engine::FeatureNames(report.features)},
               {"options", report.options}};
  for (const auto& [key, error] :
       {std::pair("error", &report.error), std::pair("compilerError", &report.compiler_error)}) {
    if (!error->empty()) {
      json[key] = *error;
    }
  }
  return json;
}

void PrintTable(const std::vector<engine::PluginReport>& reports) {
  std::vector<std::vector<std::string>> rows = {
      {"ENGINE", "VERSION", "STRATEGIES", "OFFERS", "PLUGIN"}};
  for (const engine::PluginReport& report : reports) {
    if (report.error.empty()) {
      rows.push_back({report.name, report.version,
                      Joined(engine::StrategyNames(report.UsableStrategies()), ","),
                      Joined(engine::FeatureNames(report.features), ","), report.path});
    } else {
      rows.push_back({report.name, "-", "-", "-", report.path});
    }
  }
  fmt::print("{}", Table(rows));
}

Result<int> PrintEngines(bool as_json) {
  MAYFLY_ASSIGN(const auto node, engine::LoadNodeConfig());
  const auto reports = engine::ReportPlugins(engine::PluginHost(node.plugins_dir));
  Json list = Json::array();
  int status = 0;
  for (const engine::PluginReport& report : reports) {
    list.push_back(ToJson(report));
    for (const std::string* error : {&report.error, &report.compiler_error}) {
      if (!error->empty()) {
        fmt::print(stderr, "mayfly: {}\n", *error);
        status = 1;
      }
    }
  }
  if (as_json) {
    const Json document = {
        {"directory", node.plugins_dir}, {"default", node.engine}, {"engines", list}};
    fmt::print("{}\n", base::JsonText(document, 2));
  } else if (reports.empty()) {
    fmt::print("no engine is installed in {}\n", node.plugins_dir);
  } else {
    PrintTable(reports);
  }
  return status;
}

}  // namespace

void AddEngines(CLI::App* app, Selection* selection) {
  CLI::App* command = app->add_subcommand("engines", "List the engine plugins of this node");
  const auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "Print a JSON document");
  command->footer(
      "Each plugin is loaded in a process of its own. Exit status: 0, or 1 when one could not be\n"
      "loaded, with the reason on stderr.\n"
      "Examples:\n"
      "  mayfly engines\n"
      "  mayfly engines --json | jq -r '.engines[] | select(.usable) | .name'");
  command->callback([selection, as_json] {
    selection->action = [as_json](const Globals&, base::Log&) { return PrintEngines(*as_json); };
  });
}

}  // namespace mayfly::cli
