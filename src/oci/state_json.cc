#include "oci/state_json.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace mayfly::oci {

namespace {

nlohmann::ordered_json ToJson(const StateReport& state) {
  nlohmann::ordered_json json = {
      {"ociVersion", state.oci_version},    {"id", state.id},         {"pid", state.pid},
      {"status", StatusName(state.status)}, {"bundle", state.bundle}, {"rootfs", state.rootfs},
      {"created", state.created},
  };
  if (!state.annotations.empty()) {
    json["annotations"] = state.annotations;
  }
  json["owner"] = "";
  return json;
}

}  // namespace

std::string StatusName(Status status) {
  switch (status) {
    case Status::kCreating:
      return "creating";
    case Status::kCreated:
      return "created";
    case Status::kRunning:
      return "running";
    case Status::kPaused:
      return "paused";
    case Status::kStopped:
      return "stopped";
  }
  return "stopped";
}

std::string StateJson(const StateReport& state) { return base::JsonText(ToJson(state), 2) + "\n"; }

std::string StateListJson(const std::vector<StateReport>& states) {
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  for (const StateReport& state : states) {
    array.push_back(ToJson(state));
  }
  return base::JsonText(array, -1) + "\n";
}

}  // namespace mayfly::oci
