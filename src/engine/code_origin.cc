#include "engine/code_origin.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "engine/sha256.h"

namespace mayfly::engine {

namespace {

constexpr std::string_view kFirstLine = "mayfly code 2\n";

using Field = std::pair<std::string_view, std::string CodeOrigin::*>;

// In the order of the text.
constexpr std::array<Field, 7> kFields = {{{"module", &CodeOrigin::module},
                                           {"engine", &CodeOrigin::engine},
                                           {"version", &CodeOrigin::version},
                                           {"strategy", &CodeOrigin::strategy},
                                           {"options", &CodeOrigin::options},
                                           {"abi", &CodeOrigin::abi},
                                           {"cpu", &CodeOrigin::cpu}}};

}  // namespace

std::string CodeOrigin::ToText() const {
  std::string text(kFirstLine);
  for (const auto& [name, field] : kFields) {
    text += fmt::format("{} {}\n", name, this->*field);
  }
  return text;
}

std::optional<CodeOrigin> CodeOrigin::FromText(std::string_view text) {
  if (!text.starts_with(kFirstLine)) {
    return std::nullopt;
  }
  text.remove_prefix(kFirstLine.size());
  CodeOrigin origin;
  for (const auto& [name, field] : kFields) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos || !text.starts_with(name) || name.size() >= end ||
        text[name.size()] != ' ') {
      return std::nullopt;
    }
    origin.*field = text.substr(name.size() + 1, end - name.size() - 1);
    text.remove_prefix(end + 1);
  }
  return text.empty() ? std::optional(std::move(origin)) : std::nullopt;
}

std::string CodeOrigin::Key() const { return ToHex(Sha256(ToText())); }

}  // namespace mayfly::engine
