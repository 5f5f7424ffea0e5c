// Settings: where spans go, by the environment variables that OpenTelemetry's SDKs share.
//
// Sources: OpenTelemetry specification, "Environment Variable Specification" and "OTLP Exporter
// Configuration". Of the protocols only OTLP over HTTP in JSON is spoken.
// Errors: kind invalid, naming the variable. Ownership: plain values.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace mayfly::otlp {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Settings {
  std::string url;  // "": no spans are wanted
  Pairs headers;
  long timeout_ms = 10'000;
  std::string service_name = "containerd-shim-mayfly-v1";
  Pairs resource;  // OTEL_RESOURCE_ATTRIBUTES
};

// `variable` is getenv(3), with "" for what is not set.
base::Result<Settings> SettingsFrom(
    const std::function<std::string(const std::string& name)>& variable);

// "a=1,b=x%20y" -> {{"a","1"},{"b","x y"}}; pieces without "=" are errors that name `source`.
base::Result<Pairs> ParsePairs(std::string_view text, std::string_view source);

}  // namespace mayfly::otlp
