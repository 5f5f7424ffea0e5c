#include "container/update.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "isolate/id_maps.h"
#include "oci/spec_parse.h"

namespace mayfly::container {

using base::ErrorKind;
using base::Fail;
using base::JsonView;
using base::Result;
using nlohmann::json;

namespace {

// A zero here is a value, not "as it is".
bool MayBeZero(std::string_view name) {
  return name == "idle" || name == "burst" || name == "swappiness";
}

// Without what changes nothing: null, 0, "", and objects of nothing but that.
json Changes(const json& given) {
  json changes = json::object();
  for (const auto& [name, value] : given.items()) {
    if (value.is_object()) {
      if (json inner = Changes(value); !inner.empty()) {
        changes[name] = std::move(inner);
      }
    } else if (!value.is_null() && value != "" && value != json::array() &&
               (value != 0 || MayBeZero(name))) {
      changes[name] = value;
    }
  }
  return changes;
}

Result<json> ParseChanges(std::string_view resources, const std::string& source, base::Log& log) {
  MAYFLY_ASSIGN(json given, base::ParseJson(resources, source));
  const JsonView view(given, source);
  if (!given.is_object()) {
    return view.Fail("expected an object");
  }
  // runc never changes device rules here, and its callers send them along.
  if (given.erase("devices") > 0) {
    log.Warning("update: device rules are not changed");
  }
  // Read once as they are, so that errors name what the caller wrote.
  oci::Resources checked;
  MAYFLY_TRY(oci::ParseResources(view, &checked));
  json changes = Changes(given);
  if (changes.contains("memory")) {
    changes["memory"].erase("checkBeforeUpdate");
  }
  return changes;
}

// Without a limit on memory there is none on memory plus swap either.
void FreeSwapWithMemory(json& changes) {
  if (changes.contains("memory") && changes["memory"].value("limit", json()) == -1 &&
      !changes["memory"].contains("swap")) {
    changes["memory"]["swap"] = -1;
  }
}

// The named sections as they are after the change.
Result<oci::Resources> Effective(const json& stored, const json& changes) {
  json effective = json::object();
  for (const auto& [name, value] : changes.items()) {
    effective[name] = stored.at(name);
  }
  oci::Resources resources;
  MAYFLY_TRY(oci::ParseResources(JsonView(effective, "linux.resources"), &resources));
  return resources;
}

Result<void> Apply(const Entry& entry, State& state, const json& changes) {
  MAYFLY_ASSIGN(const std::string text, entry.ReadConfigText());
  MAYFLY_ASSIGN(json config, base::ParseJson(text, "config.json"));
  json& stored = config["linux"]["resources"];
  if (!stored.is_object()) {
    stored = json::object();
  }
  stored.merge_patch(changes);
  MAYFLY_ASSIGN(const oci::Resources resources, Effective(stored, changes));
  MAYFLY_ASSIGN(const cgroup::Host host, cgroup::DetectHost());
  const auto group =
      cgroup::Cgroup::FromLocation(host, state.cgroup, state.systemd_unit, !isolate::IsHostRoot());
  auto updated = group->Update(resources);
  // A hierarchy may have been joined before another limit was refused: `delete` must know of it.
  if (group->location() != state.cgroup) {
    state.cgroup = group->location();
    MAYFLY_TRY(entry.WriteState(state));
  }
  MAYFLY_TRY(std::move(updated));
  return entry.WriteConfig(base::JsonText(config));
}

}  // namespace

Result<void> Update(const Runtime& runtime, const std::string& id, std::string_view resources,
                    const std::string& source) {
  MAYFLY_ASSIGN(json changes, ParseChanges(resources, source, runtime.log));
  FreeSwapWithMemory(changes);
  MAYFLY_ASSIGN(const Entry entry, runtime.store.FindLocked(id));
  MAYFLY_ASSIGN(State state, entry.ReadState());
  const oci::Status status = StatusOf(entry, state);
  if (status == oci::Status::kStopped || status == oci::Status::kCreating) {
    return Fail(ErrorKind::kState, "cannot update: container not running: {} is {}", id,
                oci::StatusName(status));
  }
  MAYFLY_TRY_AS(Apply(entry, state, changes), "update {}", id);
  return {};
}

}  // namespace mayfly::container
