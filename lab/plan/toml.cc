#include "lab/plan/toml.h"

#include <algorithm>

#include "base/file.h"

namespace mayfly::lab {
namespace {

using base::ErrorKind;
using base::Result;

std::optional<std::vector<std::string>> StringsOf(const toml::array& array) {
  std::vector<std::string> strings;
  for (const toml::node& item : array) {
    const auto text = item.value_exact<std::string>();
    if (!text) {
      return std::nullopt;
    }
    strings.push_back(*text);
  }
  return strings;
}

}  // namespace

Result<toml::table> ReadToml(const std::string& path) {
  MAYFLY_ASSIGN(const std::string bytes, base::ReadFile(path));
  try {
    return toml::parse(bytes);
  } catch (const toml::parse_error& error) {
    return base::Fail(ErrorKind::kInvalid, "{}: line {}: {}", path, error.source().begin.line,
                      error.description());
  }
}

std::unexpected<base::Error> TomlTable::Fail(std::string_view key, std::string_view why) const {
  const toml::node* node = table_.get(key);
  const auto line = node != nullptr ? node->source().begin.line : table_.source().begin.line;
  return base::Fail(ErrorKind::kInvalid, "{}: {}: {}{}", where_, key, why,
                    line > 0 ? fmt::format(" (line {})", line) : "");
}

Result<std::optional<std::string>> TomlTable::String(std::string_view key) const {
  const toml::node* node = table_.get(key);
  if (node == nullptr) {
    return std::nullopt;
  }
  auto text = node->value_exact<std::string>();
  if (!text) {
    return Fail(key, "expected a string");
  }
  return text;
}

Result<std::optional<int64_t>> TomlTable::Int(std::string_view key) const {
  const toml::node* node = table_.get(key);
  if (node == nullptr) {
    return std::nullopt;
  }
  const auto number = node->value_exact<int64_t>();
  if (!number) {
    return Fail(key, "expected a whole number");
  }
  return number;
}

Result<std::optional<bool>> TomlTable::Bool(std::string_view key) const {
  const toml::node* node = table_.get(key);
  if (node == nullptr) {
    return std::nullopt;
  }
  const auto truth = node->value_exact<bool>();
  if (!truth) {
    return Fail(key, "expected true or false");
  }
  return truth;
}

Result<std::vector<std::string>> TomlTable::Strings(std::string_view key) const {
  const toml::node* node = table_.get(key);
  if (node == nullptr) {
    return std::vector<std::string>();
  }
  const toml::array* array = node->as_array();
  auto strings = array != nullptr ? StringsOf(*array) : std::nullopt;
  if (!strings) {
    return Fail(key, "expected an array of strings");
  }
  return *std::move(strings);
}

Result<std::vector<std::vector<std::string>>> TomlTable::Commands(std::string_view key) const {
  std::vector<std::vector<std::string>> commands;
  const toml::node* node = table_.get(key);
  if (node == nullptr) {
    return commands;
  }
  const toml::array* array = node->as_array();
  if (array == nullptr) {
    return Fail(key, "expected an array of strings, or an array of such arrays");
  }
  if (array->empty() || !array->front().is_array()) {
    MAYFLY_ASSIGN(auto strings, Strings(key));
    if (!strings.empty()) {
      commands.push_back(std::move(strings));
    }
    return commands;
  }
  for (const toml::node& item : *array) {
    const toml::array* inner = item.as_array();
    auto strings = inner != nullptr ? StringsOf(*inner) : std::nullopt;
    if (!strings || strings->empty()) {
      return Fail(key, "expected an array of non-empty arrays of strings");
    }
    commands.push_back(*std::move(strings));
  }
  return commands;
}

Result<std::vector<std::pair<std::string, std::string>>> TomlTable::StringTable(
    std::string_view key) const {
  std::vector<std::pair<std::string, std::string>> pairs;
  const toml::node* node = table_.get(key);
  if (node == nullptr) {
    return pairs;
  }
  const toml::table* table = node->as_table();
  if (table == nullptr) {
    return Fail(key, "expected a table of strings");
  }
  for (const auto& [name, value] : *table) {
    const auto text = value.value_exact<std::string>();
    if (!text) {
      return Fail(key, fmt::format("{}: expected a string", name.str()));
    }
    pairs.emplace_back(name.str(), *text);
  }
  return pairs;
}

Result<std::vector<TomlTable>> TomlTable::Tables(std::string_view key) const {
  std::vector<TomlTable> tables;
  const toml::node* node = table_.get(key);
  if (node == nullptr) {
    return tables;
  }
  const toml::array* array = node->as_array();
  if (array == nullptr || !array->is_array_of_tables()) {
    return Fail(key, fmt::format("expected tables, each headed [[{}]]", key));
  }
  for (const toml::node& item : *array) {
    tables.emplace_back(*item.as_table(), fmt::format("{}: {}[{}]", where_, key, tables.size()));
  }
  return tables;
}

Result<std::optional<TomlTable>> TomlTable::Table(std::string_view key) const {
  const toml::node* node = table_.get(key);
  if (node == nullptr) {
    return std::nullopt;
  }
  if (!node->is_table()) {
    return Fail(key, "expected a table");
  }
  return TomlTable(*node->as_table(), fmt::format("{}: {}", where_, key));
}

Result<std::vector<int64_t>> TomlTable::Ints(std::string_view key) const {
  std::vector<int64_t> numbers;
  const toml::node* node = table_.get(key);
  if (node == nullptr) {
    return numbers;
  }
  if (!node->is_array()) {
    return Fail(key, "expected an array of whole numbers");
  }
  for (const toml::node& item : *node->as_array()) {
    const auto number = item.value_exact<int64_t>();
    if (!number) {
      return Fail(key, "expected an array of whole numbers");
    }
    numbers.push_back(*number);
  }
  return numbers;
}

Result<void> TomlTable::OnlyKeys(const std::vector<std::string_view>& keys) const {
  for (const auto& [key, value] : table_) {
    if (std::find(keys.begin(), keys.end(), key.str()) == keys.end()) {
      return Fail(key.str(), fmt::format("unknown key; known are {}", fmt::join(keys, ", ")));
    }
  }
  return {};
}

}  // namespace mayfly::lab
