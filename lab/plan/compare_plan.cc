#include "lab/plan/compare_plan.h"

#include <algorithm>
#include <filesystem>

#include "lab/exec/sha256.h"
#include "lab/plan/toml.h"

namespace mayfly::lab {
namespace {

using base::Result;

constexpr int64_t kDefaultRuns = 40;

void ReplaceDirectory(Argv& argv, const std::string& directory) {
  constexpr std::string_view kPlaceholder = "{dir}";
  for (std::string& word : argv) {
    for (size_t at = word.find(kPlaceholder); at != std::string::npos;
         at = word.find(kPlaceholder, at + directory.size())) {
      word.replace(at, kPlaceholder.size(), directory);
    }
  }
}

Result<void> ReadExpectation(const TomlTable& table, Expectation& expected) {
  MAYFLY_ASSIGN(const auto exit_code, table.Int("expected_exit"));
  if (exit_code && (*exit_code < 0 || *exit_code > 255)) {
    return table.Fail("expected_exit", "expected a number from 0 to 255");
  }
  expected.exit_code = static_cast<int>(exit_code.value_or(0));
  MAYFLY_ASSIGN(const auto text, table.String("expected_stdout"));
  if (text) {
    expected.stdout_bytes = text->size();
    expected.stdout_sha256 = Sha256Of(*text);
  }
  return {};
}

Result<Cell> ReadCommand(const TomlTable& table, const std::string& directory) {
  MAYFLY_TRY(table.OnlyKeys({"name", "function", "image", "strategy", "argv", "env", "prepare",
                             "cleanup", "expected_exit", "expected_stdout"}));
  Cell cell;
  MAYFLY_ASSIGN(const auto name, table.String("name"));
  if (!name || name->empty()) {
    return table.Fail("name", "is missing");
  }
  cell.environment = *name;
  MAYFLY_ASSIGN(const auto function, table.String("function"));
  cell.function = function.value_or("command");
  MAYFLY_ASSIGN(const auto image, table.String("image"));
  cell.image = image.value_or("");
  MAYFLY_ASSIGN(const auto strategy, table.String("strategy"));
  cell.strategy = strategy.value_or("");
  MAYFLY_ASSIGN(cell.command.argv, table.Strings("argv"));
  if (cell.command.argv.empty()) {
    return table.Fail("argv", "is missing");
  }
  MAYFLY_ASSIGN(cell.command.env, table.StringTable("env"));
  MAYFLY_ASSIGN(cell.prepare, table.Commands("prepare"));
  MAYFLY_ASSIGN(cell.cleanup, table.Commands("cleanup"));
  MAYFLY_TRY(ReadExpectation(table, cell.expected));
  ReplaceDirectory(cell.command.argv, directory);
  for (std::vector<Argv>* commands : {&cell.prepare, &cell.cleanup}) {
    for (Argv& argv : *commands) {
      ReplaceDirectory(argv, directory);
    }
  }
  return cell;
}

Result<void> ReadSettings(const TomlTable& table, Plan& plan) {
  MAYFLY_TRY(table.OnlyKeys({"title", "baselines", "runs", "warm_up_blocks", "pause_ms",
                             "timeout_ms", "seed", "command"}));
  MAYFLY_ASSIGN(const auto title, table.String("title"));
  plan.title = title.value_or("Comparison of commands");
  plan.protocol = "commands run by the lab itself";
  const struct {
    std::string_view key;
    int64_t& value;
    int64_t least;
  } numbers[] = {{"runs", plan.runs, 1},
                 {"warm_up_blocks", plan.warm_up_blocks, 0},
                 {"pause_ms", plan.pause_ms, 0},
                 {"timeout_ms", plan.timeout_ms, 1}};
  plan.runs = kDefaultRuns;
  for (const auto& number : numbers) {
    MAYFLY_ASSIGN(const auto value, table.Int(number.key));
    if (value && *value < number.least) {
      return table.Fail(number.key, fmt::format("{} is less than {}", *value, number.least));
    }
    number.value = value.value_or(number.value);
  }
  MAYFLY_ASSIGN(const auto seed, table.Int("seed"));
  plan.seed = static_cast<uint64_t>(seed.value_or(1));
  MAYFLY_ASSIGN(plan.baselines, table.Strings("baselines"));
  return {};
}

}  // namespace

Result<Plan> ReadComparePlan(const std::string& path) {
  MAYFLY_ASSIGN(const toml::table document, ReadToml(path));
  const TomlTable table(document, path);
  Plan plan;
  MAYFLY_TRY(ReadSettings(table, plan));
  MAYFLY_ASSIGN(const auto commands, table.Tables("command"));
  if (commands.empty()) {
    return table.Fail("command", "there is none: write at least two tables headed [[command]]");
  }
  const std::string directory = std::filesystem::absolute(path).lexically_normal().parent_path();
  for (const TomlTable& command : commands) {
    MAYFLY_ASSIGN(Cell cell, ReadCommand(command, directory));
    for (const Cell& other : plan.cells) {
      if (other.function == cell.function && other.environment == cell.environment) {
        return command.Fail("name", fmt::format("\"{}\" is there already", cell.environment));
      }
    }
    plan.programs[cell.command.argv.front()] = cell.command.argv.front();
    plan.cells.push_back(std::move(cell));
  }
  const std::vector<std::string> names = EnvironmentsOf(plan);
  if (plan.baselines.empty()) {
    plan.baselines = {names.front()};
  }
  for (const std::string& baseline : plan.baselines) {
    if (std::find(names.begin(), names.end(), baseline) == names.end()) {
      return table.Fail("baselines", fmt::format("no command is named \"{}\"", baseline));
    }
  }
  return plan;
}

}  // namespace mayfly::lab
