#include "lab/plan/cell.h"

#include <nlohmann/json.hpp>

namespace mayfly::lab {

using base::JsonView;
using base::Result;
using nlohmann::json;

namespace {

Result<std::vector<Argv>> Commands(const JsonView& field) {
  std::vector<Argv> commands;
  MAYFLY_ASSIGN(const auto items, field.Items());
  for (const JsonView& item : items) {
    MAYFLY_ASSIGN(Argv argv, item.Strings());
    commands.push_back(std::move(argv));
  }
  return commands;
}

Result<void> ReadFiles(const JsonView& field, std::vector<ExpectedFile>& files) {
  MAYFLY_ASSIGN(const auto items, field.Items());
  for (const JsonView& item : items) {
    ExpectedFile file;
    MAYFLY_ASSIGN(file.path, Need(item["path"], item["path"].String()));
    MAYFLY_ASSIGN(file.bytes, Need(item["bytes"], item["bytes"].Uint()));
    MAYFLY_ASSIGN(file.sha256, Need(item["sha256"], item["sha256"].String()));
    files.push_back(std::move(file));
  }
  return {};
}

Result<void> ReadContext(const JsonView& field, Context& context) {
  MAYFLY_ASSIGN(auto path, field["path"].String());
  if (!path || path->empty()) {
    return {};
  }
  context.path = *std::move(path);
  MAYFLY_ASSIGN(context.source, Need(field["source"], field["source"].String()));
  MAYFLY_ASSIGN(context.inputs, field["inputs"].Strings());
  return {};
}

}  // namespace

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
  for (const ExpectedFile& file : cell.expected.files) {
    expected["files"].push_back(
        {{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  }
  json document = {
      {"function", cell.function}, {"environment", cell.environment}, {"image", cell.image},
      {"strategy", cell.strategy}, {"engine", cell.engine},           {"size", cell.size},
      {"start", cell.start},       {"argv", cell.command.argv},       {"env", env},
      {"prepare", cell.prepare},   {"cleanup", cell.cleanup},         {"expected", expected}};
  if (!cell.context.path.empty()) {
    document["context"] = {{"path", cell.context.path},
                           {"source", cell.context.source},
                           {"inputs", cell.context.inputs}};
  }
  return document;
}

Result<Cell> CellFromJson(const JsonView& view) {
  Cell cell;
  MAYFLY_ASSIGN(cell.function, Need(view["function"], view["function"].String()));
  MAYFLY_ASSIGN(cell.environment, Need(view["environment"], view["environment"].String()));
  MAYFLY_ASSIGN(cell.image, Need(view["image"], view["image"].String()));
  MAYFLY_ASSIGN(cell.strategy, Need(view["strategy"], view["strategy"].String()));
  MAYFLY_ASSIGN(auto engine, view["engine"].String());
  cell.engine = std::move(engine).value_or("");
  MAYFLY_ASSIGN(auto size, view["size"].String());
  cell.size = std::move(size).value_or("parity");
  MAYFLY_ASSIGN(auto start, view["start"].String());
  cell.start = std::move(start).value_or("");
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
  MAYFLY_TRY(ReadFiles(expected["files"], cell.expected.files));
  MAYFLY_TRY(ReadContext(view["context"], cell.context));
  return cell;
}

Result<std::vector<Cell>> CellsFromJson(const JsonView& view) {
  std::vector<Cell> cells;
  MAYFLY_ASSIGN(const auto items, view.Items());
  for (const JsonView& item : items) {
    MAYFLY_ASSIGN(Cell cell, CellFromJson(item));
    cells.push_back(std::move(cell));
  }
  return cells;
}

}  // namespace mayfly::lab
