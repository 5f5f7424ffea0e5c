// doctor: whether this machine has what containers need.
#include <algorithm>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "cli/command.h"
#include "cli/doctor_checks.h"

namespace mayfly::cli {

using base::Result;

namespace {

using Json = nlohmann::ordered_json;

std::vector<Finding> AllFindings(const Globals& globals) {
  std::vector<Finding> findings = CheckHost(globals.root);
  auto engines = CheckEngines(engine::LoadNodeConfig());
  std::move(engines.begin(), engines.end(), std::back_inserter(findings));
  findings.push_back(CheckContainerd());
  return findings;
}

int Print(const std::vector<Finding>& findings, bool as_json) {
  Health worst = Health::kOk;
  Json list = Json::array();
  for (const Finding& finding : findings) {
    worst = std::max(worst, finding.health);
    if (as_json) {
      Json json = {
          {"check", finding.name}, {"status", HealthName(finding.health)}, {"text", finding.text}};
      if (!finding.advice.empty()) {
        json["advice"] = finding.advice;
      }
      list.push_back(std::move(json));
      continue;
    }
    fmt::print("{:<4}  {:<16}  {}\n", HealthName(finding.health), finding.name, finding.text);
    if (!finding.advice.empty()) {
      fmt::print("      {:<16}  -> {}\n", "", finding.advice);
    }
  }
  if (as_json) {
    fmt::print("{}\n", base::JsonText(Json({{"status", HealthName(worst)}, {"checks", list}}), 2));
  }
  return worst == Health::kFail ? 1 : 0;
}

}  // namespace

std::string_view HealthName(Health health) {
  switch (health) {
    case Health::kOk:
      return "ok";
    case Health::kWarn:
      return "warn";
    case Health::kFail:
      return "fail";
  }
  return "";
}

void AddDoctor(CLI::App* app, Selection* selection) {
  CLI::App* command =
      app->add_subcommand("doctor", "Check that this machine has what containers need");
  const auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "Print a JSON document");
  command->footer(
      "Changes nothing. A line each: ok, warn (it works with less) or fail, and what to do.\n"
      "Exit status: 0 without a fail, 1 with one.\n"
      "Example:\n"
      "  mayfly doctor --json | jq -r '.checks[] | select(.status == \"fail\") | .advice'");
  command->callback([selection, as_json] {
    selection->action = [as_json](const Globals& globals, base::Log&) -> Result<int> {
      return Print(AllFindings(globals), *as_json);
    };
  });
}

}  // namespace mayfly::cli
