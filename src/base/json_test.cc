#include "base/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace mayfly::base {
namespace {

nlohmann::json Parse(std::string_view text) {
  auto document = ParseJson(text, "config.json");
  EXPECT_TRUE(document) << document.error().text();
  return document.value_or(nlohmann::json());
}

TEST(JsonTest, BrokenDocumentsNameTheSourceAndTheByte) {
  for (const char* text : {"", "{", "{\"a\": }", "not json", "{\"a\": 1} x", "[1,]", "\"\xff\""}) {
    const auto document = ParseJson(text, "config.json");
    ASSERT_FALSE(document) << text;
    EXPECT_EQ(document.error().kind(), ErrorKind::kInvalid);
    EXPECT_TRUE(document.error().text().starts_with("config.json: not valid JSON at byte "))
        << document.error().text();
  }
}

// Found by the fuzz target state_parse: the overflow is no parse_error, and ended the program.
TEST(JsonTest, ANumberPastTheRangeOfDoubleIsAnError) {
  for (const char* text : {"1e999", "[-1e999]", R"({"pid": 1e2233})", R"(1e2233e"ow"ouy)"}) {
    const auto document = ParseJson(text, "config.json");
    ASSERT_FALSE(document) << text;
    EXPECT_EQ(document.error().kind(), ErrorKind::kInvalid);
    EXPECT_EQ(document.error().text(), "config.json: not valid JSON: a number is too large");
  }
}

TEST(JsonTest, DepthIsLimited) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(ParseJson(nested(90), "config.json"));
  const auto deep = ParseJson(nested(200), "config.json");
  ASSERT_FALSE(deep);
  EXPECT_NE(deep.error().text().find("nested deeper than"), std::string::npos);
  EXPECT_FALSE(ParseJson(std::string(100000, '['), "config.json"));
}

// `mayfly update --cpuset-cpus` and `compile --json` ended with an exception on such bytes.
TEST(JsonTest, BytesThatAreNoUtf8AreReplacedInText) {
  EXPECT_EQ(JsonText(nlohmann::json({{"path", "a\xff"}})), "{\"path\":\"a\xEF\xBF\xBD\"}");
  EXPECT_EQ(JsonText(nlohmann::ordered_json({{"z", 1}, {"a", "\xc3"}}), 0),
            "{\n\"z\": 1,\n\"a\": \"\xEF\xBF\xBD\"\n}");
}

TEST(JsonTest, ErrorsNameTheWholePath) {
  const auto document =
      Parse(R"({"linux":{"resources":{"pids":{"limit":"many"}},"namespaces":[{},{"type":3}]}})");
  const JsonView root(document, "config.json");
  const auto limit = root["linux"]["resources"]["pids"]["limit"].Int();
  ASSERT_FALSE(limit);
  EXPECT_EQ(limit.error().text(), "config.json: linux.resources.pids.limit: expected an integer");
  const auto namespaces = root["linux"]["namespaces"].Items();
  ASSERT_TRUE(namespaces);
  const auto type = (*namespaces)[1]["type"].String();
  ASSERT_FALSE(type);
  EXPECT_EQ(type.error().text(), "config.json: linux.namespaces[1].type: expected a string");
  EXPECT_EQ(root["x"].Fail("must be set", ErrorKind::kUnsupported).error().text(),
            "config.json: x: must be set");
}

TEST(JsonTest, AbsentAndNullReadAsNotThere) {
  const auto document = Parse(R"({"null":null})");
  const JsonView root(document, "s");
  for (const JsonView& view : {root["null"], root["absent"], root["absent"]["deeper"]}) {
    EXPECT_FALSE(view.present());
    EXPECT_EQ(*view.String(), std::nullopt);
    EXPECT_EQ(*view.Int(), std::nullopt);
    EXPECT_EQ(*view.Uint(), std::nullopt);
    EXPECT_EQ(*view.Bool(), std::nullopt);
    EXPECT_TRUE(view.Items()->empty());
    EXPECT_TRUE(view.Members()->empty());
    EXPECT_TRUE(view.Strings()->empty());
  }
}

TEST(JsonTest, NumbersKeepTheirRange) {
  const auto document = Parse(
      R"({"max":18446744073709551615,"min":-9223372036854775808,"real":1.5,"big":9223372036854775808})");
  const JsonView root(document, "s");
  EXPECT_EQ(**root["max"].Uint(), UINT64_MAX);
  EXPECT_FALSE(root["max"].Int());
  EXPECT_EQ(**root["min"].Int(), INT64_MIN);
  EXPECT_FALSE(root["min"].Uint());
  EXPECT_FALSE(root["real"].Int());
  EXPECT_FALSE(root["real"].Uint());
  EXPECT_FALSE(root["big"].Int());
}

TEST(JsonTest, TypesAreChecked) {
  const auto document = Parse(R"({"s":"t","n":1,"b":true,"a":["x",2],"o":{}})");
  const JsonView root(document, "s");
  EXPECT_EQ(**root["s"].String(), "t");
  EXPECT_EQ(**root["b"].Bool(), true);
  EXPECT_FALSE(root["n"].Bool());
  EXPECT_FALSE(root["s"].Items());
  EXPECT_FALSE(root["a"].Members());
  EXPECT_EQ(root["a"].Strings().error().text(), "s: a[1]: expected a string");
  // A field of something that is no object is not there.
  EXPECT_FALSE(root["s"]["inner"].present());
}

TEST(JsonTest, AStringArrayTakesNoNull) {
  const auto document = Parse(R"({"args":["a",null]})");
  EXPECT_EQ(JsonView(document, "s")["args"].Strings().error().text(),
            "s: args[1]: expected a string");
}

// Paths and arguments go to the kernel as C strings.
TEST(JsonTest, AStringWithANulCharacterIsRefused) {
  const auto document = Parse(R"({"path":"/safe\u0000/../evil"})");
  EXPECT_EQ(JsonView(document, "s")["path"].String().error().text(),
            "s: path: holds a NUL character");
}

TEST(JsonTest, MembersCarryTheirPaths) {
  const auto document = Parse(R"({"sysctl":{"net.ipv4.ip_forward":"1"}})");
  const JsonView root(document, "config.json");
  const auto members = root["sysctl"].Members();
  ASSERT_TRUE(members);
  ASSERT_EQ(members->size(), 1U);
  EXPECT_EQ((*members)[0].first, "net.ipv4.ip_forward");
  EXPECT_EQ((*members)[0].second.Where(), "config.json: sysctl.net.ipv4.ip_forward");
}

}  // namespace
}  // namespace mayfly::base
