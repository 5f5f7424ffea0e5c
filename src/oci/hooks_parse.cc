// The section "hooks": programs that the runtime runs (runtime-spec config.md "POSIX-platform
// Hooks").
#include <array>
#include <nlohmann/json.hpp>

#include "oci/spec_parse.h"

namespace mayfly::oci {

using base::JsonView;
using base::Result;

namespace {

constexpr uint64_t kMaxTimeoutSeconds = 24ULL * 3600;

struct Kind {
  const char* name;
  std::vector<Hook> Hooks::* list;
};
constexpr std::array kKinds = {
    Kind{"prestart", &Hooks::prestart},
    Kind{"createRuntime", &Hooks::create_runtime},
    Kind{"createContainer", &Hooks::create_container},
    Kind{"startContainer", &Hooks::start_container},
    Kind{"poststart", &Hooks::poststart},
    Kind{"poststop", &Hooks::poststop},
};

Result<Hook> ParseHook(const JsonView& view) {
  Hook hook;
  MAYFLY_ASSIGN(const auto path, view["path"].String());
  if (!path || !path->starts_with('/')) {
    return view["path"].Fail("must be an absolute path");
  }
  hook.path = *path;
  MAYFLY_ASSIGN(hook.args, view["args"].Strings());
  MAYFLY_ASSIGN(hook.env, view["env"].Strings());
  MAYFLY_ASSIGN(const auto timeout, view["timeout"].Int());
  if (timeout && (*timeout <= 0 || static_cast<uint64_t>(*timeout) > kMaxTimeoutSeconds)) {
    return view["timeout"].Fail(fmt::format("expected seconds from 1 to {}", kMaxTimeoutSeconds));
  }
  if (timeout) {
    hook.timeout_seconds = static_cast<int>(*timeout);
  }
  return hook;
}

}  // namespace

Result<void> ParseHooks(const JsonView& view, Hooks* out) {
  for (const Kind& kind : kKinds) {
    MAYFLY_ASSIGN(const auto items, view[kind.name].Items());
    for (const JsonView& item : items) {
      MAYFLY_ASSIGN(auto hook, ParseHook(item));
      (out->*kind.list).push_back(std::move(hook));
    }
  }
  return {};
}

nlohmann::json HooksJson(const Hooks& hooks) {
  nlohmann::json document = nlohmann::json::object();
  for (const Kind& kind : kKinds) {
    for (const Hook& hook : hooks.*kind.list) {
      nlohmann::json entry = {{"path", hook.path}, {"args", hook.args}, {"env", hook.env}};
      if (hook.timeout_seconds) {
        entry["timeout"] = *hook.timeout_seconds;
      }
      document[kind.name].push_back(std::move(entry));
    }
  }
  return document;
}

}  // namespace mayfly::oci
