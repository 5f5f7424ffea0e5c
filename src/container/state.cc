#include "container/state.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "oci/spec_parse.h"

namespace mayfly::container {

using base::JsonView;
using base::Result;

namespace {

constexpr int kFormatVersion = 1;

Result<std::map<std::string, std::string>> StringMap(const JsonView& view) {
  std::map<std::string, std::string> map;
  MAYFLY_ASSIGN(const auto members, view.Members());
  for (const auto& [key, value] : members) {
    MAYFLY_ASSIGN(auto text, value.String());
    map[key] = text.value_or("");
  }
  return map;
}

Result<std::string> Text(const JsonView& view) {
  MAYFLY_ASSIGN(auto text, view.String());
  if (!text) {
    return view.Fail("missing");
  }
  return *text;
}

}  // namespace

std::string SerializeState(const State& state) {
  nlohmann::ordered_json json = {{"formatVersion", kFormatVersion},
                                 {"id", state.id},
                                 {"bundle", state.bundle},
                                 {"rootfs", state.rootfs},
                                 {"ociVersion", state.oci_version},
                                 {"created", state.created},
                                 {"ready", state.ready},
                                 {"pid", state.pid},
                                 {"pidStartTime", state.pid_start_time},
                                 {"ownPidNamespace", state.own_pid_namespace},
                                 {"cgroup", state.cgroup},
                                 {"annotations", state.annotations}};
  if (!state.hooks.poststart.empty() || !state.hooks.poststop.empty()) {
    json["hooks"] = oci::HooksJson(state.hooks);
  }
  if (!state.systemd_unit.empty()) {
    json["systemdUnit"] = state.systemd_unit;
  }
  return base::JsonText(json) + "\n";
}

Result<State> ParseState(std::string_view bytes, const std::string& source) {
  MAYFLY_ASSIGN(const nlohmann::json document, base::ParseJson(bytes, source));
  const JsonView root(document, source);
  MAYFLY_ASSIGN(const auto version, root["formatVersion"].Int());
  if (version != kFormatVersion) {
    return root["formatVersion"].Fail(fmt::format("expected {}", kFormatVersion));
  }
  State state;
  MAYFLY_ASSIGN(state.id, Text(root["id"]));
  MAYFLY_ASSIGN(state.bundle, Text(root["bundle"]));
  MAYFLY_ASSIGN(state.rootfs, Text(root["rootfs"]));
  MAYFLY_ASSIGN(state.oci_version, Text(root["ociVersion"]));
  MAYFLY_ASSIGN(state.created, Text(root["created"]));
  MAYFLY_ASSIGN(const auto ready, root["ready"].Bool());
  MAYFLY_ASSIGN(const auto pid, root["pid"].Int());
  MAYFLY_ASSIGN(const auto start_time, root["pidStartTime"].Uint());
  MAYFLY_ASSIGN(const auto own_pid_namespace, root["ownPidNamespace"].Bool());
  if (pid.value_or(0) < 0 || pid.value_or(0) > INT32_MAX) {
    return root["pid"].Fail("not a process id");
  }
  state.ready = ready.value_or(false);
  state.pid = static_cast<pid_t>(pid.value_or(0));
  state.pid_start_time = start_time.value_or(0);
  state.own_pid_namespace = own_pid_namespace.value_or(false);
  MAYFLY_ASSIGN(state.cgroup, StringMap(root["cgroup"]));
  MAYFLY_ASSIGN(state.annotations, StringMap(root["annotations"]));
  MAYFLY_ASSIGN(const auto unit, root["systemdUnit"].String());
  state.systemd_unit = unit.value_or("");
  MAYFLY_TRY(oci::ParseHooks(root["hooks"], &state.hooks));
  return state;
}

}  // namespace mayfly::container
