#include "lab/plan/plan.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"

namespace mayfly::lab {
namespace {

using base::ErrorKind;
using base::JsonView;
using base::Result;
using nlohmann::json;

json CellToJson(const Cell& cell) {
  json env = json::object();
  for (const auto& [name, value] : cell.command.env) {
    env[name] = value;
  }
  json expected = {{"exit_code", cell.expected.exit_code}};
  if (cell.expected.stdout_bytes) {
    expected["stdout_bytes"] = *cell.expected.stdout_bytes;
  }
  if (cell.expected.stdout_sha256) {
    expected["stdout_sha256"] = *cell.expected.stdout_sha256;
  }
  return {{"function", cell.function}, {"environment", cell.environment}, {"image", cell.image},
          {"strategy", cell.strategy}, {"argv", cell.command.argv},       {"env", env},
          {"prepare", cell.prepare},   {"cleanup", cell.cleanup},         {"expected", expected}};
}

// A field that must be there.
template <typename T>
Result<T> Need(const JsonView& field, Result<std::optional<T>> value) {
  MAYFLY_ASSIGN(std::optional<T> present, std::move(value));
  if (!present) {
    return field.Fail("is missing");
  }
  return *std::move(present);
}

Result<std::vector<Argv>> Commands(const JsonView& field) {
  std::vector<Argv> commands;
  MAYFLY_ASSIGN(const auto items, field.Items());
  for (const JsonView& item : items) {
    MAYFLY_ASSIGN(Argv argv, item.Strings());
    commands.push_back(std::move(argv));
  }
  return commands;
}

Result<Cell> CellFromJson(const JsonView& view) {
  Cell cell;
  MAYFLY_ASSIGN(cell.function, Need(view["function"], view["function"].String()));
  MAYFLY_ASSIGN(cell.environment, Need(view["environment"], view["environment"].String()));
  MAYFLY_ASSIGN(cell.image, Need(view["image"], view["image"].String()));
  MAYFLY_ASSIGN(cell.strategy, Need(view["strategy"], view["strategy"].String()));
  MAYFLY_ASSIGN(cell.command.argv, view["argv"].Strings());
  if (cell.command.argv.empty()) {
    return view["argv"].Fail("is empty");
  }
  MAYFLY_ASSIGN(const auto env, view["env"].Members());
  for (const auto& [name, value] : env) {
    MAYFLY_ASSIGN(std::string text, Need(value, value.String()));
    cell.command.env.emplace_back(name, std::move(text));
  }
  MAYFLY_ASSIGN(cell.prepare, Commands(view["prepare"]));
  MAYFLY_ASSIGN(cell.cleanup, Commands(view["cleanup"]));
  const JsonView expected = view["expected"];
  MAYFLY_ASSIGN(const int64_t exit_code, Need(expected["exit_code"], expected["exit_code"].Int()));
  cell.expected.exit_code = static_cast<int>(exit_code);
  MAYFLY_ASSIGN(cell.expected.stdout_bytes, expected["stdout_bytes"].Uint());
  MAYFLY_ASSIGN(cell.expected.stdout_sha256, expected["stdout_sha256"].String());
  return cell;
}

std::vector<std::string> Distinct(const Plan& plan, std::string Cell::* field) {
  std::vector<std::string> names;
  for (const Cell& cell : plan.cells) {
    if (std::find(names.begin(), names.end(), cell.*field) == names.end()) {
      names.push_back(cell.*field);
    }
  }
  return names;
}

// An argv as one would type it.
std::string Shown(const Argv& argv) {
  std::string text;
  for (const std::string& word : argv) {
    const bool plain =
        !word.empty() && word.find_first_of(" \t\n'\"\\$;&|<>()*?") == std::string::npos;
    text += text.empty() ? "" : " ";
    text += plain ? word : "'" + word + "'";
  }
  return text;
}

}  // namespace

json PlanToJson(const Plan& plan) {
  json cells = json::array();
  for (const Cell& cell : plan.cells) {
    cells.push_back(CellToJson(cell));
  }
  return {{"format", "mayfly-lab-plan/1"},
          {"title", plan.title},
          {"protocol", plan.protocol},
          {"seed", plan.seed},
          {"runs", plan.runs},
          {"warm_up_blocks", plan.warm_up_blocks},
          {"pause_ms", plan.pause_ms},
          {"timeout_ms", plan.timeout_ms},
          {"sync", plan.sync},
          {"ready", plan.ready},
          {"baselines", plan.baselines},
          {"programs", plan.programs},
          {"files", plan.files},
          {"list_images", plan.list_images},
          {"source_directory", plan.source_directory},
          {"cells", cells}};
}

Result<Plan> PlanFromJson(const json& document, std::string_view source) {
  const JsonView view(document, source);
  MAYFLY_ASSIGN(const std::string format, Need(view["format"], view["format"].String()));
  if (format != "mayfly-lab-plan/1") {
    return view["format"].Fail("is not mayfly-lab-plan/1", ErrorKind::kUnsupported);
  }
  Plan plan;
  MAYFLY_ASSIGN(plan.title, Need(view["title"], view["title"].String()));
  MAYFLY_ASSIGN(plan.protocol, Need(view["protocol"], view["protocol"].String()));
  MAYFLY_ASSIGN(plan.seed, Need(view["seed"], view["seed"].Uint()));
  MAYFLY_ASSIGN(plan.runs, Need(view["runs"], view["runs"].Int()));
  MAYFLY_ASSIGN(plan.warm_up_blocks, Need(view["warm_up_blocks"], view["warm_up_blocks"].Int()));
  MAYFLY_ASSIGN(plan.pause_ms, Need(view["pause_ms"], view["pause_ms"].Int()));
  MAYFLY_ASSIGN(plan.timeout_ms, Need(view["timeout_ms"], view["timeout_ms"].Int()));
  MAYFLY_ASSIGN(plan.sync, Need(view["sync"], view["sync"].Bool()));
  MAYFLY_ASSIGN(plan.ready, view["ready"].Strings());
  MAYFLY_ASSIGN(plan.baselines, view["baselines"].Strings());
  MAYFLY_ASSIGN(plan.files, view["files"].Strings());
  MAYFLY_ASSIGN(plan.list_images, view["list_images"].Strings());
  MAYFLY_ASSIGN(plan.source_directory,
                Need(view["source_directory"], view["source_directory"].String()));
  MAYFLY_ASSIGN(const auto programs, view["programs"].Members());
  for (const auto& [name, path] : programs) {
    MAYFLY_ASSIGN(plan.programs[name], Need(path, path.String()));
  }
  MAYFLY_ASSIGN(const auto cells, view["cells"].Items());
  for (const JsonView& item : cells) {
    MAYFLY_ASSIGN(Cell cell, CellFromJson(item));
    plan.cells.push_back(std::move(cell));
  }
  return plan;
}

Result<Plan> ReadPlan(const std::string& path) {
  MAYFLY_ASSIGN(const std::string bytes, base::ReadFile(path));
  MAYFLY_ASSIGN(const json document, base::ParseJson(bytes, path));
  return PlanFromJson(document, path);
}

std::string DescribePlan(const Plan& plan) {
  const int64_t cells = static_cast<int64_t>(plan.cells.size());
  std::string text = fmt::format(
      "{}\n  protocol   {}\n  runs       {} per cell x {} cells = {}, and {} warm-up block{} of "
      "{}\n"
      "  order      randomised blocks, seed {}\n  pause      {} ms{}\n  time-out   {} ms\n",
      plan.title, plan.protocol, plan.runs, cells, plan.runs * cells, plan.warm_up_blocks,
      plan.warm_up_blocks == 1 ? "" : "s", cells, plan.seed, plan.pause_ms,
      plan.sync ? ", sync before every run" : "", plan.timeout_ms);
  for (const Cell& cell : plan.cells) {
    text += fmt::format("\n{}, {}\n", cell.function, cell.environment);
    for (const Argv& argv : cell.prepare) {
      text += fmt::format("  before  {}\n", Shown(argv));
    }
    text += fmt::format("  timed   {}\n  expect  exit code {}", Shown(cell.command.argv),
                        cell.expected.exit_code);
    if (cell.expected.stdout_bytes) {
      text += fmt::format(", {} bytes on stdout", *cell.expected.stdout_bytes);
    }
    if (cell.expected.stdout_sha256) {
      text += fmt::format(", sha256 {}", *cell.expected.stdout_sha256);
    }
    text += '\n';
  }
  return text;
}

std::vector<std::string> FunctionsOf(const Plan& plan) { return Distinct(plan, &Cell::function); }
std::vector<std::string> EnvironmentsOf(const Plan& plan) {
  return Distinct(plan, &Cell::environment);
}

}  // namespace mayfly::lab
