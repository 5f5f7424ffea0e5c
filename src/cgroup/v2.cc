// V2Group: one directory below the unified tree's mount.
//
// A controller works in a directory when every directory above it, from the root down, names it in
// cgroup.subtree_control. Usually they do already, which one read of the container's
// cgroup.controllers tells.
//
// Sources: kernel cgroup-v2.rst "Controlling Controllers", "No Internal Process Constraint".

#include <algorithm>
#include <array>

#include "cgroup/group.h"
#include "cgroup/text.h"

namespace mayfly::cgroup {

using base::ErrorKind;
using base::Result;

namespace {

// Wanted for metrics and for limits that a later update may set; not an error where they are not to
// be had.
constexpr std::array<std::string_view, 3> kAlways = {"cpu", "memory", "pids"};

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::vector<std::string> Names(std::string_view text) {
  while (text.ends_with('\n')) {
    text.remove_suffix(1);
  }
  const auto fields = Split(text, ' ');
  return {fields.begin(), fields.end()};
}

// The first setting that needs a controller, or nullptr: to blame a field.
const Setting* Needing(const std::vector<Setting>& settings, std::string_view controller) {
  const auto found =
      std::ranges::find_if(settings, [&](const Setting& s) { return s.controller == controller; });
  return found == settings.end() ? nullptr : &*found;
}

}  // namespace

// Controllers are handed down before a child is born here: the kernel must move what is in a
// directory when it gains one.
Result<void> V2Group::CreateBirthplace() {
  if (CloneIntoFd() >= 0) {
    return {};
  }
  MAYFLY_TRY(Group::CreateBirthplace());
  return EnableControllers({});
}

Result<void> V2Group::EnableControllers(const std::vector<Setting>& settings) {
  if (available_.empty()) {
    MAYFLY_ASSIGN(const std::string text, Unified()->Read("cgroup.controllers"));
    available_ = Names(text);
  }
  std::vector<std::string> wanted;
  const auto want = [&](std::string_view name) {
    // "cgroup.max.depth" and its like are there without a controller.
    if (name != "cgroup" && !Contains(available_, name) && !Contains(wanted, name)) {
      wanted.emplace_back(name);
    }
  };
  for (const Setting& setting : settings) {
    want(setting.controller);
  }
  if (settings.empty()) {
    std::ranges::for_each(kAlways, want);
  }
  return wanted.empty() ? Result<void>() : HandDown(wanted, settings);
}

Result<void> V2Group::HandDown(const std::vector<std::string>& wanted,
                               const std::vector<Setting>& settings) {
  const Directory& directory = *Unified();
  MAYFLY_ASSIGN(const std::string root_text, directory.ReadIn("", "cgroup.controllers"));
  const auto in_root = Names(root_text);
  const std::string& whole = directory.relative();
  for (const std::string& controller : wanted) {
    const Setting* needing = Needing(settings, controller);
    if (!Contains(in_root, controller)) {
      if (needing != nullptr) {
        return base::Fail(ErrorKind::kUnsupported, "{}: the {} controller is not available in {}",
                          needing->field, controller, directory.hierarchy().mount_point);
      }
      continue;
    }
    Result<void> written;
    for (size_t end = 0; written && end != std::string::npos; end = whole.find('/', end + 1)) {
      written = directory.WriteIn(std::string_view(whole).substr(0, end), "cgroup.subtree_control",
                                  "+" + controller);
    }
    if (written) {
      available_.push_back(controller);
    } else if (needing != nullptr) {
      return std::unexpected(std::move(written).error().Wrap(needing->field));
    }
  }
  return {};
}

Result<void> V2Group::Limit(const oci::Resources& resources) {
  MAYFLY_ASSIGN(const auto settings, SettingsV2(resources));
  MAYFLY_TRY(CreateBirthplace());
  if (!settings.empty()) {
    MAYFLY_TRY(EnableControllers(settings));
  }
  MAYFLY_TRY(Unified()->Apply(settings));
  MAYFLY_ASSIGN(const auto rules, EffectiveDeviceRules(resources.devices));
  return AllowsEverything(rules) ? Result<void>() : AttachDevices(rules);
}

Result<void> V2Group::Create(const oci::Resources& resources) {
  auto limited = Limit(resources);
  if (!limited) {
    Undo();
  }
  return limited;
}

}  // namespace mayfly::cgroup
