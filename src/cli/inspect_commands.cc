// state and list: what there is.
#include <algorithm>
#include <memory>

#include "cli/command.h"
#include "oci/state_json.h"

namespace mayfly::cli {

using base::Result;

namespace {

void PrintTable(const std::vector<oci::StateReport>& reports) {
  size_t id_width = 2;
  size_t bundle_width = 6;
  for (const oci::StateReport& report : reports) {
    id_width = std::max(id_width, report.id.size());
    bundle_width = std::max(bundle_width, report.bundle.size());
  }
  const auto row = [&](std::string_view id, std::string_view pid, std::string_view status,
                       std::string_view bundle, std::string_view created, std::string_view owner) {
    fmt::print("{:<{}}   {:<7}   {:<8}   {:<{}}   {:<30}   {}\n", id, id_width, pid, status, bundle,
               bundle_width, created, owner);
  };
  row("ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER");
  for (const oci::StateReport& report : reports) {
    row(report.id, std::to_string(report.pid), oci::StatusName(report.status), report.bundle,
        report.created, "root");
  }
}

}  // namespace

void AddState(CLI::App* app, Selection* selection) {
  CLI::App* command = app->add_subcommand("state", "Print a container's state as JSON");
  const auto id = std::make_shared<std::string>();
  command->add_option("id", *id, "The container")->required()->type_name("ID");
  command->footer("Example:\n  mayfly state hello | jq -r .status");
  command->callback([selection, id] {
    selection->action = [id](const Globals& globals, base::Log& log) {
      return WithRuntime(globals, log, [&](const container::Runtime& runtime) -> Result<int> {
        MAYFLY_ASSIGN(const auto report, container::Query(runtime, *id));
        fmt::print("{}", oci::StateJson(report));
        return 0;
      });
    };
  });
}

void AddList(CLI::App* app, Selection* selection) {
  CLI::App* command = app->add_subcommand("list", "List the containers below --root");
  const auto format = std::make_shared<std::string>("table");
  const auto quiet = std::make_shared<bool>(false);
  command->add_option("-f,--format", *format, "table or json")
      ->capture_default_str()
      ->check(CLI::IsMember({"table", "json"}));
  command->add_flag("-q,--quiet", *quiet, "Ids only");
  command->footer("Example:\n  mayfly list --format json");
  command->callback([selection, format, quiet] {
    selection->action = [format, quiet](const Globals& globals, base::Log& log) {
      return WithRuntime(globals, log, [&](const container::Runtime& runtime) -> Result<int> {
        MAYFLY_ASSIGN(const auto reports, container::List(runtime));
        if (*quiet) {
          for (const oci::StateReport& report : reports) {
            fmt::print("{}\n", report.id);
          }
        } else if (*format == "json") {
          fmt::print("{}", oci::StateListJson(reports));
        } else {
          PrintTable(reports);
        }
        return 0;
      });
    };
  });
}

}  // namespace mayfly::cli
