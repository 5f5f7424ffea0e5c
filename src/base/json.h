// JsonView: reads a JSON document by field, with errors that name the field's full path.
//
// The OCI config, state files and image configs are outside bytes: every access checks the type and
// says "config.json: linux.resources.pids.limit: expected an integer" when it is wrong. A field
// that is absent or null reads as "not there".
//
// Ownership: a view borrows the nlohmann::json document, which must outlive it.
// Errors: kind invalid. Threads: read-only. Fork: parent only.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mayfly::base {

// Parses a document; errors name `source` and the byte offset. Nesting deeper than 100 is refused.
Result<nlohmann::json> ParseJson(std::string_view bytes, std::string_view source);

// A document as text, on one line or, with an indent, on several. Strings may hold bytes that are
// no UTF-8 (file names, annotations, what a guest printed): each becomes U+FFFD.
std::string JsonText(const nlohmann::json& document, int indent = -1);
std::string JsonText(const nlohmann::ordered_json& document, int indent = -1);

class JsonView {
 public:
  // The document's root; `source` is its name in errors, e.g. "config.json".
  JsonView(const nlohmann::json& root, std::string_view source);

  bool present() const { return value_ != nullptr; }
  const nlohmann::json& raw() const { return *value_; }
  // "config.json: linux.namespaces[2]"
  std::string Where() const;

  // The member of an object; a view that is not present() when it is absent or null. Of a value
  // that is no object, a view whose every reading is the error "expected an object" about that
  // value.
  JsonView operator[](std::string_view key) const;

  // Values; std::nullopt when absent.
  Result<std::optional<std::string>> String() const;
  Result<std::optional<int64_t>> Int() const;
  Result<std::optional<uint64_t>> Uint() const;
  Result<std::optional<bool>> Bool() const;
  // An array's items, an object's members in document order; empty when absent.
  Result<std::vector<JsonView>> Items() const;
  Result<std::vector<std::pair<std::string, JsonView>>> Members() const;
  Result<std::vector<std::string>> Strings() const;

  // An error of kind `kind` about this field: "config.json: process.cwd: must be absolute".
  std::unexpected<Error> Fail(std::string_view why, ErrorKind kind = ErrorKind::kInvalid) const;

 private:
  JsonView(const nlohmann::json* value, std::string where, bool is_root)
      : value_(value), where_(std::move(where)), is_root_(is_root) {}
  JsonView Child(const nlohmann::json* value, std::string_view separator,
                 std::string_view name) const;

  Result<void> CheckParent() const;

  const nlohmann::json* value_;
  std::string where_;
  bool is_root_ = false;
  bool parent_is_no_object_ = false;  // where_ is the parent's then
};

}  // namespace mayfly::base
