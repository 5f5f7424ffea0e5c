// TomlTable: reads a TOML file by key, with errors that name file and key.
//
// toml++ throws on a syntax error and answers a key of the wrong type with nothing; both become
// errors.
//
// Errors: kind invalid. Ownership: a view borrows the document it comes from. Threads: none.
#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mayfly::lab {

base::Result<toml::table> ReadToml(const std::string& path);

class TomlTable {
 public:
  // `where` names the table in errors, e.g. "compare.toml: command[2]".
  TomlTable(const toml::table& table, std::string where)
      : table_(table), where_(std::move(where)) {}

  bool Has(std::string_view key) const { return table_.contains(key); }

  // Absent keys are nullopt or empty.
  base::Result<std::optional<std::string>> String(std::string_view key) const;
  base::Result<std::optional<int64_t>> Int(std::string_view key) const;
  base::Result<std::optional<bool>> Bool(std::string_view key) const;
  base::Result<std::vector<std::string>> Strings(std::string_view key) const;
  // An array of strings is one item, an array of arrays of strings is one item each.
  base::Result<std::vector<std::vector<std::string>>> Commands(std::string_view key) const;
  base::Result<std::vector<std::pair<std::string, std::string>>> StringTable(
      std::string_view key) const;
  base::Result<std::vector<TomlTable>> Tables(std::string_view key) const;
  base::Result<std::optional<TomlTable>> Table(std::string_view key) const;
  base::Result<std::vector<int64_t>> Ints(std::string_view key) const;

  // An error if there is a key that is not among these.
  base::Result<void> OnlyKeys(const std::vector<std::string_view>& keys) const;

  // The error ends with the key's line where the file has the key.
  std::unexpected<base::Error> Fail(std::string_view key, std::string_view why) const;

 private:
  const toml::table& table_;
  std::string where_;
};

}  // namespace mayfly::lab
