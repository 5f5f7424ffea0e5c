#include "base/json.h"

#include <nlohmann/json.hpp>

namespace mayfly::base {

namespace {
constexpr int kMaxDepth = 100;
}  // namespace

Result<nlohmann::json> ParseJson(std::string_view bytes, std::string_view source) {
  try {
    bool too_deep = false;
    const auto limit_depth = [&too_deep](int depth, nlohmann::json::parse_event_t,
                                         nlohmann::json&) {
      too_deep = too_deep || depth > kMaxDepth;
      return !too_deep;
    };
    nlohmann::json document = nlohmann::json::parse(bytes, limit_depth);
    if (too_deep) {
      return mayfly::base::Fail(ErrorKind::kInvalid, "{}: nested deeper than {}", source,
                                kMaxDepth);
    }
    return document;
  } catch (const nlohmann::json::parse_error& error) {
    return mayfly::base::Fail(ErrorKind::kInvalid, "{}: not valid JSON at byte {} of {}", source,
                              error.byte, bytes.size());
  } catch (const nlohmann::json::out_of_range&) {
    // A number past the range of double, such as 1e999. The exception does not say where.
    return mayfly::base::Fail(ErrorKind::kInvalid, "{}: not valid JSON: a number is too large",
                              source);
  }
}

std::string JsonText(const nlohmann::json& document, int indent) {
  return document.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string JsonText(const nlohmann::ordered_json& document, int indent) {
  return document.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

JsonView::JsonView(const nlohmann::json& root, std::string_view source)
    : value_(&root), where_(source), is_root_(true) {}

std::string JsonView::Where() const { return where_; }

JsonView JsonView::Child(const nlohmann::json* value, std::string_view separator,
                         std::string_view name) const {
  std::string where = where_;
  where.append(separator).append(name);
  return {value, std::move(where), false};
}

JsonView JsonView::operator[](std::string_view key) const {
  if (parent_is_no_object_ || (value_ != nullptr && !value_->is_object())) {
    JsonView broken(nullptr, where_, is_root_);
    broken.parent_is_no_object_ = true;
    return broken;
  }
  const nlohmann::json* value = nullptr;
  if (value_ != nullptr) {
    if (const auto found = value_->find(key); found != value_->end() && !found->is_null()) {
      value = &*found;
    }
  }
  return Child(value, is_root_ ? ": " : ".", key);
}

Result<void> JsonView::CheckParent() const {
  if (parent_is_no_object_) {
    return Fail("expected an object");
  }
  return {};
}

std::unexpected<Error> JsonView::Fail(std::string_view why, ErrorKind kind) const {
  return std::unexpected(Error(kind, fmt::format("{}: {}", where_, why)));
}

Result<std::optional<std::string>> JsonView::String() const {
  MAYFLY_TRY(CheckParent());
  if (!present()) {
    return std::nullopt;
  }
  if (!value_->is_string()) {
    return Fail("expected a string");
  }
  const auto& text = value_->get_ref<const std::string&>();
  if (text.find('\0') != std::string::npos) {
    return Fail("holds a NUL character");
  }
  return text;
}

Result<std::optional<int64_t>> JsonView::Int() const {
  MAYFLY_TRY(CheckParent());
  if (!present()) {
    return std::nullopt;
  }
  if (!value_->is_number_integer() ||
      (value_->is_number_unsigned() &&
       value_->get<uint64_t>() > static_cast<uint64_t>(INT64_MAX))) {
    return Fail("expected an integer");
  }
  return value_->get<int64_t>();
}

Result<std::optional<uint64_t>> JsonView::Uint() const {
  MAYFLY_TRY(CheckParent());
  if (!present()) {
    return std::nullopt;
  }
  if (!value_->is_number_integer() ||
      (!value_->is_number_unsigned() && value_->get<int64_t>() < 0)) {
    return Fail("expected an integer that is not negative");
  }
  return value_->get<uint64_t>();
}

Result<std::optional<bool>> JsonView::Bool() const {
  MAYFLY_TRY(CheckParent());
  if (!present()) {
    return std::nullopt;
  }
  if (!value_->is_boolean()) {
    return Fail("expected true or false");
  }
  return value_->get<bool>();
}

Result<std::vector<JsonView>> JsonView::Items() const {
  MAYFLY_TRY(CheckParent());
  std::vector<JsonView> items;
  if (!present()) {
    return items;
  }
  if (!value_->is_array()) {
    return Fail("expected an array");
  }
  items.reserve(value_->size());
  for (size_t i = 0; i < value_->size(); ++i) {
    items.push_back(Child(&(*value_)[i], "", fmt::format("[{}]", i)));
  }
  return items;
}

Result<std::vector<std::pair<std::string, JsonView>>> JsonView::Members() const {
  MAYFLY_TRY(CheckParent());
  std::vector<std::pair<std::string, JsonView>> members;
  if (!present()) {
    return members;
  }
  if (!value_->is_object()) {
    return Fail("expected an object");
  }
  for (const auto& [key, value] : value_->items()) {
    members.emplace_back(key, Child(&value, ".", key));
  }
  return members;
}

Result<std::vector<std::string>> JsonView::Strings() const {
  MAYFLY_ASSIGN(const auto items, Items());
  std::vector<std::string> strings;
  strings.reserve(items.size());
  for (const JsonView& item : items) {
    MAYFLY_ASSIGN(auto text, item.String());
    if (!text) {
      return item.Fail("expected a string");
    }
    strings.push_back(std::move(*text));
  }
  return strings;
}

}  // namespace mayfly::base
