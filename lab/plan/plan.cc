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
  json skipped = json::array();
  for (const Skipped& item : plan.skipped) {
    skipped.push_back(
        {{"environment", item.environment}, {"function", item.function}, {"reason", item.reason}});
  }
  json document = {{"format", "mayfly-lab-plan/1"},
                   {"title", plan.title},
                   {"protocol", plan.protocol},
                   {"seed", plan.seed},
                   {"runs", plan.runs},
                   {"warm_up_blocks", plan.warm_up_blocks},
                   {"pause_ms", plan.pause_ms},
                   {"timeout_ms", plan.timeout_ms},
                   {"sync", plan.sync},
                   {"drop_caches", plan.drop_caches},
                   {"hide_unified", plan.hide_unified},
                   {"min_runs", plan.min_runs},
                   {"run_limit_ms", plan.run_limit_ms},
                   {"cell_budget_ms", plan.cell_budget_ms},
                   {"budget_ms", plan.budget_ms},
                   {"cpus", plan.cpus},
                   {"preset", plan.preset},
                   {"containerd", plan.containerd},
                   {"namespace", plan.name_space},
                   {"phases_file", plan.phases_file},
                   {"events", plan.events},
                   {"ready", plan.ready},
                   {"baselines", plan.baselines},
                   {"programs", plan.programs},
                   {"files", plan.files},
                   {"list_images", plan.list_images},
                   {"source_directory", plan.source_directory},
                   {"cells", cells},
                   {"skipped", skipped}};
  LoadsToJson(plan.density, plan.throughput, plan.images, document);
  return document;
}

// What came later than the format: absent in older plans.
Result<void> ReadAdditions(const JsonView& view, Plan& plan) {
  const struct {
    const char* key;
    std::string& value;
  } texts[] = {{"cpus", plan.cpus},
               {"preset", plan.preset},
               {"containerd", plan.containerd},
               {"namespace", plan.name_space},
               {"phases_file", plan.phases_file}};
  for (const auto& text : texts) {
    MAYFLY_ASSIGN(auto value, view[text.key].String());
    text.value = std::move(value).value_or("");
  }
  const struct {
    const char* key;
    int64_t& value;
  } numbers[] = {{"min_runs", plan.min_runs},
                 {"run_limit_ms", plan.run_limit_ms},
                 {"cell_budget_ms", plan.cell_budget_ms},
                 {"budget_ms", plan.budget_ms}};
  for (const auto& number : numbers) {
    MAYFLY_ASSIGN(const auto value, view[number.key].Int());
    number.value = value.value_or(0);
  }
  MAYFLY_ASSIGN(const auto drop_caches, view["drop_caches"].Bool());
  plan.drop_caches = drop_caches.value_or(false);
  MAYFLY_ASSIGN(const auto hide_unified, view["hide_unified"].Bool());
  plan.hide_unified = hide_unified.value_or(false);
  MAYFLY_ASSIGN(plan.events, view["events"].Strings());
  MAYFLY_ASSIGN(const auto skipped, view["skipped"].Items());
  for (const JsonView& item : skipped) {
    Skipped one;
    MAYFLY_ASSIGN(one.environment, Need(item["environment"], item["environment"].String()));
    MAYFLY_ASSIGN(one.function, Need(item["function"], item["function"].String()));
    MAYFLY_ASSIGN(one.reason, Need(item["reason"], item["reason"].String()));
    plan.skipped.push_back(std::move(one));
  }
  return LoadsFromJson(view, plan.density, plan.throughput, plan.images);
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
  MAYFLY_ASSIGN(plan.cells, CellsFromJson(view["cells"]));
  MAYFLY_TRY(ReadAdditions(view, plan));
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
  if (plan.budget_ms > 0) {
    text += fmt::format("  time       {} s at most\n", plan.budget_ms / 1000);
  }
  if (plan.cell_budget_ms > 0) {
    text += fmt::format("  slow cells {} s each, {} runs at least\n", plan.cell_budget_ms / 1000,
                        plan.min_runs);
  }
  if (plan.run_limit_ms > 0) {
    text += fmt::format("  long runs  x10 and x100 where a run takes less than {} s\n",
                        plan.run_limit_ms / 1000);
  }
  for (const Skipped& item : plan.skipped) {
    text += fmt::format("  left out   {}{}{}: {}\n", item.environment,
                        item.function.empty() ? "" : ", ", item.function, item.reason);
  }
  text += DescribeLoads(plan.density, plan.throughput, plan.images);
  for (const Cell& cell : plan.cells) {
    text += fmt::format("\n{}{}, {}\n", cell.function, cell.size == "parity" ? "" : " " + cell.size,
                        cell.environment);
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
    for (const ExpectedFile& file : cell.expected.files) {
      text += fmt::format(", file {} of {} bytes, sha256 {}", file.path, file.bytes, file.sha256);
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
