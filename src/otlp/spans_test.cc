#include "otlp/spans.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

namespace mayfly::otlp {
namespace {

using nlohmann::json;

constexpr const char* kLines =
    "c1 create begin=100 prepare=110 prepared=120 spawned=130 end=200 code=index\n"
    "c1 init begin=131 load=135 loaded=140 restricted=160 ready=180\n"
    "c2 guest guest=1 guest-end=2\n"
    "c1 start begin=300 end=320\n"
    "c1 guest guest=310 guest-end=400\n"
    "c1 delete begin=500 end=550\n";
constexpr const char* kParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

std::map<std::string, json> Spans(const Task& task, std::string_view lines) {
  int next = 0;
  const json trace = MakeTrace(
      task, lines, {}, [&](size_t digits) { return fmt::format("{:0{}x}", ++next, digits); });
  std::map<std::string, json> spans;
  for (const json& span : trace["resourceSpans"][0]["scopeSpans"][0]["spans"]) {
    spans[span["name"]] = span;
  }
  return spans;
}

TEST(Spans, EveryPhaseBelowItsParent) {
  const auto spans = Spans({"c1", "n", kParent, "", 1000}, kLines);
  ASSERT_EQ(spans.size(), 10U);
  EXPECT_FALSE(spans.contains("mayfly.compile"));
  const json& task = spans.at("mayfly.task");
  EXPECT_EQ(task["parentSpanId"], "b7ad6b7169203331");
  EXPECT_EQ(task["startTimeUnixNano"], "1100");
  EXPECT_EQ(task["endTimeUnixNano"], "1550");
  for (const auto& [name, span] : spans) {
    EXPECT_EQ(span["traceId"], "0af7651916cd43dd8448eb211c80319c") << name;
  }
  EXPECT_EQ(spans.at("mayfly.create")["parentSpanId"], task["spanId"]);
  EXPECT_EQ(spans.at("mayfly.restrict")["parentSpanId"], spans.at("mayfly.create")["spanId"]);
  EXPECT_EQ(spans.at("mayfly.restrict")["startTimeUnixNano"], "1140");
  EXPECT_EQ(spans.at("mayfly.guest")["startTimeUnixNano"], "1310");
  EXPECT_EQ(spans.at("mayfly.guest")["endTimeUnixNano"], "1400");
}

TEST(Spans, ANativeGuestEndsWhenItsEndIsHeardOf) {
  const auto spans = Spans({"c1", "", "", "", 0}, "c1 init guest=10\nc1 exit guest-end=90\n");
  EXPECT_EQ(spans.at("mayfly.guest")["endTimeUnixNano"], "90");
}

TEST(Spans, AFailedCreateSaysWhy) {
  const auto spans = Spans({"c1", "", "", "no such file", 0}, "c1 create begin=1 end=5\n");
  EXPECT_EQ(spans.at("mayfly.create")["status"]["message"], "no such file");
  EXPECT_EQ(spans.at("mayfly.task")["parentSpanId"], "");
}

TEST(Spans, OtherBytesArePassedOver) {
  EXPECT_TRUE(
      Spans({"c1", "", "", "", 0}, "c1\nc1 create begin=x end=-5\n\n= = =\nc1 create begin=9 end=3")
          .empty());
}

TEST(Spans, Traceparent) {
  ASSERT_TRUE(ParseTraceparent(kParent));
  EXPECT_TRUE(ParseTraceparent(kParent)->sampled);
  EXPECT_FALSE(
      ParseTraceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")->sampled);
  for (const char* text :
       {"", "00-0-0-01", "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}) {
    EXPECT_FALSE(ParseTraceparent(text)) << text;
  }
}

}  // namespace
}  // namespace mayfly::otlp
