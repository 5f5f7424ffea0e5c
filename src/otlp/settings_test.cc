#include "otlp/settings.h"

#include <gtest/gtest.h>

#include <map>

namespace mayfly::otlp {
namespace {

base::Result<Settings> From(const std::map<std::string, std::string>& variables) {
  return SettingsFrom([&](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? "" : found->second;
  });
}

TEST(Settings, NothingIsSentWithoutAnEndpoint) {
  EXPECT_EQ(From({})->url, "");
  EXPECT_EQ(
      From({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"}, {"OTEL_SDK_DISABLED", "true"}})->url,
      "");
  EXPECT_EQ(
      From({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"}, {"OTEL_TRACES_EXPORTER", "none"}})
          ->url,
      "");
}

TEST(Settings, TheEndpointOfAllSignalsGetsAPath) {
  EXPECT_EQ(From({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"}})->url,
            "http://c:4318/v1/traces");
  EXPECT_EQ(From({{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://c/x/"}})->url, "https://c/x/v1/traces");
  EXPECT_EQ(From({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"},
                  {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t/y"}})
                ->url,
            "http://t/y");
}

TEST(Settings, HeadersTimeoutAndResource) {
  const auto settings = From({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"},
                              {"OTEL_EXPORTER_OTLP_HEADERS", "a=1, b=x%20y"},
                              {"OTEL_EXPORTER_OTLP_TIMEOUT", "250"},
                              {"OTEL_SERVICE_NAME", "node"},
                              {"OTEL_RESOURCE_ATTRIBUTES", "k8s.node.name=n1"}});
  ASSERT_TRUE(settings) << settings.error().text();
  EXPECT_EQ(settings->headers, (Pairs{{"a", "1"}, {"b", "x y"}}));
  EXPECT_EQ(settings->timeout_ms, 250);
  EXPECT_EQ(settings->service_name, "node");
  EXPECT_EQ(settings->resource, (Pairs{{"k8s.node.name", "n1"}}));
}

TEST(Settings, ErrorsNameTheVariable) {
  for (const auto& [name, value] :
       std::map<std::string, std::string>{{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"},
                                          {"OTEL_EXPORTER_OTLP_TIMEOUT", "soon"},
                                          {"OTEL_EXPORTER_OTLP_HEADERS", "nothing"},
                                          {"OTEL_RESOURCE_ATTRIBUTES", "=x"}}) {
    const auto settings = From({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}, {name, value}});
    ASSERT_FALSE(settings) << name;
    EXPECT_NE(settings.error().text().find(name), std::string::npos) << settings.error().text();
  }
  EXPECT_FALSE(From({{"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"}}));
}

}  // namespace
}  // namespace mayfly::otlp
