#include <array>
#include <nlohmann/json.hpp>

#include "oci/spec_parse.h"

namespace mayfly::oci {

using base::ErrorKind;
using base::JsonView;
using base::Result;

namespace {

// Fields that must not be ignored: the container would be less confined than asked for, or would
// run without something that it relies on.
struct Refusal {
  std::array<std::string_view, 3> path;
  std::string_view what;
};

constexpr std::array kRefusals = {
    Refusal{{"linux", "intelRdt", ""},
            "needs the resctrl file system, which Mayfly does not manage"},
    Refusal{{"vm", "", ""}, "virtual machines are not supported"},
};

bool IsEmpty(const nlohmann::json& value) {
  if (value.is_object()) {
    for (const auto& member : value) {
      if (!IsEmpty(member)) {
        return false;
      }
    }
    return true;
  }
  return value.is_null() || value == false || (value.is_string() && value == "") ||
         (value.is_array() && value.empty());
}

}  // namespace

Result<void> RefuseUnsupported(const JsonView& root) {
  for (const Refusal& refusal : kRefusals) {
    JsonView view = root;
    for (const std::string_view name : refusal.path) {
      if (!name.empty()) {
        view = view[name];
      }
    }
    if (view.present() && !IsEmpty(view.raw())) {
      return view.Fail(refusal.what, ErrorKind::kUnsupported);
    }
  }
  return {};
}

}  // namespace mayfly::oci
