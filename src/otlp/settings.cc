#include "otlp/settings.h"

#include <charconv>

namespace mayfly::otlp {

using base::ErrorKind;
using base::Fail;
using base::Result;

namespace {

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  return begin == std::string_view::npos
             ? std::string_view()
             : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::string Unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    unsigned byte = 0;
    if (text.size() >= 3 && text[0] == '%' &&
        std::from_chars(text.data() + 1, text.data() + 3, byte, 16).ptr == text.data() + 3) {
      out.push_back(static_cast<char>(byte));
      text.remove_prefix(3);
    } else {
      out.push_back(text[0]);
      text.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace

Result<Pairs> ParsePairs(std::string_view text, std::string_view source) {
  Pairs pairs;
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    const std::string_view piece = Trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (piece.empty()) {
      continue;
    }
    const size_t equals = piece.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return Fail(ErrorKind::kInvalid, "{}: \"{}\" is not KEY=VALUE", source, piece);
    }
    pairs.emplace_back(Trim(piece.substr(0, equals)), Unescape(Trim(piece.substr(equals + 1))));
  }
  return pairs;
}

Result<Settings> SettingsFrom(const std::function<std::string(const std::string& name)>& variable) {
  Settings settings;
  // The variable for traces goes before the one for all signals.
  const auto either = [&](const std::string& name) {
    std::string own = variable("OTEL_EXPORTER_OTLP_TRACES_" + name);
    return own.empty() ? variable("OTEL_EXPORTER_OTLP_" + name) : own;
  };
  settings.url = variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  if (settings.url.empty()) {
    settings.url = variable("OTEL_EXPORTER_OTLP_ENDPOINT");
    if (!settings.url.empty()) {
      settings.url += settings.url.ends_with('/') ? "v1/traces" : "/v1/traces";
    }
  }
  const std::string exporter = variable("OTEL_TRACES_EXPORTER");
  if (variable("OTEL_SDK_DISABLED") == "true" || exporter == "none") {
    settings.url.clear();
  }
  if (settings.url.empty()) {
    return settings;
  }
  if (!settings.url.starts_with("http://") && !settings.url.starts_with("https://")) {
    return Fail(ErrorKind::kInvalid, "OTEL_EXPORTER_OTLP_ENDPOINT: {}: not an http or https URL",
                settings.url);
  }
  if (const std::string protocol = either("PROTOCOL"); protocol == "grpc") {
    return Fail(ErrorKind::kUnsupported,
                "OTEL_EXPORTER_OTLP_PROTOCOL: grpc is not supported: set http/json and the "
                "collector's HTTP port");
  }
  MAYFLY_ASSIGN(settings.headers, ParsePairs(either("HEADERS"), "OTEL_EXPORTER_OTLP_HEADERS"));
  MAYFLY_ASSIGN(settings.resource,
                ParsePairs(variable("OTEL_RESOURCE_ATTRIBUTES"), "OTEL_RESOURCE_ATTRIBUTES"));
  if (const std::string timeout = either("TIMEOUT"); !timeout.empty()) {
    const char* end = timeout.data() + timeout.size();
    const auto [rest, error] = std::from_chars(timeout.data(), end, settings.timeout_ms);
    if (error != std::errc() || rest != end || settings.timeout_ms <= 0) {
      return Fail(ErrorKind::kInvalid, "OTEL_EXPORTER_OTLP_TIMEOUT: \"{}\" is not milliseconds",
                  timeout);
    }
  }
  if (const std::string name = variable("OTEL_SERVICE_NAME"); !name.empty()) {
    settings.service_name = name;
  }
  return settings;
}

}  // namespace mayfly::otlp
