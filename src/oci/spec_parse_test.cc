#include "oci/spec_parse.h"

#include <gtest/gtest.h>
#include <sys/mount.h>

#include <nlohmann/json.hpp>

#include "oci/documents.h"

namespace mayfly::oci {
namespace {

using base::ErrorKind;
using nlohmann::json;

json Minimal() {
  return json::parse(R"({
    "ociVersion": "1.2.0",
    "process": {"args": ["/bin/true"], "cwd": "/", "user": {"uid": 0, "gid": 0}},
    "root": {"path": "rootfs"},
    "linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}]}
  })");
}

base::Result<Spec> Parse(const json& config) { return ParseSpec(config.dump(), "/bundle"); }

TEST(ParseSpec, DefaultConfigIsAccepted) {
  const auto spec = ParseSpec(DefaultConfigJson(), "/bundle");
  ASSERT_TRUE(spec) << spec.error().text();
  EXPECT_EQ(spec->rootfs, "/bundle/rootfs");
  EXPECT_EQ(spec->mounts.size(), 7U);
  EXPECT_NE(spec->FindNamespace(NamespaceType::kCgroup), nullptr);
  EXPECT_TRUE(spec->process.no_new_privileges);
  ASSERT_TRUE(spec->process.capabilities);
  EXPECT_EQ(spec->process.capabilities->bounding, (1ULL << 29) | (1ULL << 5) | (1ULL << 10));
}

TEST(ParseSpec, TruncatedConfigNamesTheByte) {
  const std::string whole = Minimal().dump();
  for (size_t size = 0; size < whole.size(); size += 7) {
    const auto spec = ParseSpec(whole.substr(0, size), "/bundle");
    ASSERT_FALSE(spec) << size;
    EXPECT_EQ(spec.error().kind(), ErrorKind::kInvalid);
    EXPECT_NE(spec.error().text().find("config.json: "), std::string::npos) << spec.error().text();
  }
}

TEST(ParseSpec, DeepNestingIsRefused) {
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  const auto spec = ParseSpec(deep, "/bundle");
  ASSERT_FALSE(spec);
  EXPECT_EQ(spec.error().text(), "config.json: nested deeper than 100");
}

struct BadField {
  const char* pointer;
  json value;
  const char* expected;
};

class BadFields : public testing::TestWithParam<BadField> {};

TEST_P(BadFields, ErrorNamesTheField) {
  json config = Minimal();
  config[json::json_pointer(GetParam().pointer)] = GetParam().value;
  const auto spec = Parse(config);
  ASSERT_FALSE(spec) << GetParam().pointer;
  EXPECT_EQ(spec.error().text(), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadFields,
    testing::Values(
        BadField{"/ociVersion", "2.0.0",
                 "config.json: ociVersion: version 2.0.0 is not supported, only 1.x"},
        BadField{"/ociVersion", 1, "config.json: ociVersion: expected a string"},
        BadField{"/root/path", "", "config.json: root.path: missing"},
        BadField{"/root/readonly", "yes", "config.json: root.readonly: expected true or false"},
        BadField{"/process/args", json::array(), "config.json: process.args: must name a program"},
        BadField{"/process/args", json::array({"a", 1}),
                 "config.json: process.args[1]: expected a string"},
        BadField{"/process/args", "a", "config.json: process.args: expected an array"},
        BadField{"/process/args", json::array({std::string("a\0b", 3)}),
                 "config.json: process.args[0]: holds a NUL character"},
        BadField{"/process/env", json::array({"A=1", "B"}),
                 "config.json: process.env[1]: expected NAME=value"},
        BadField{"/process/cwd", "tmp", "config.json: process.cwd: must be an absolute path"},
        BadField{"/process/user/uid", -1,
                 "config.json: process.user.uid: expected an integer that is not negative"},
        BadField{"/process/user/umask", 01000, "config.json: process.user.umask: larger than 0777"},
        BadField{"/process/capabilities", json({{"bounding", {"CAP_CHOWN", "CAP_FOO"}}}),
                 "config.json: process.capabilities.bounding[1]: unknown capability \"CAP_FOO\""},
        BadField{"/process/rlimits",
                 json::array({{{"type", "RLIMIT_FOO"}, {"soft", 1}, {"hard", 1}}}),
                 "config.json: process.rlimits[0].type: unknown resource limit \"RLIMIT_FOO\""},
        BadField{"/process/rlimits",
                 json::array({{{"type", "RLIMIT_CORE"}, {"soft", 2}, {"hard", 1}}}),
                 "config.json: process.rlimits[0].soft: RLIMIT_CORE: 2 is above the hard limit 1"},
        BadField{"/process/oomScoreAdj", 1001,
                 "config.json: process.oomScoreAdj: must be from -1000 to 1000"},
        BadField{"/linux/namespaces", json::array({{{"type", "mount"}}, {{"type", "user"}}}),
                 "config.json: linux.uidMappings: missing for a new user namespace"},
        BadField{"/linux/namespaces", json::array({{{"type", "mount"}}, {{"type", "disk"}}}),
                 "config.json: linux.namespaces[1].type: unknown namespace \"disk\""},
        BadField{"/linux/namespaces", json::array({{{"type", "mount"}}, {{"type", "mount"}}}),
                 "config.json: linux.namespaces[1].type: mount stands twice"},
        BadField{"/linux/namespaces", json::array({{{"type", "user"}}}),
                 "config.json: linux.namespaces: a user namespace needs a mount namespace: its "
                 "root may not mount in the runtime's"},
        BadField{"/linux/sysctl", json({{"kernel.panic", "1"}}),
                 "config.json: linux.sysctl.kernel.panic: not a namespaced kernel parameter: "
                 "setting it would "
                 "change the host"},
        BadField{"/linux/sysctl", json({{"net.core.somaxconn", "1"}}),
                 "config.json: linux.sysctl.net.core.somaxconn: needs a namespace of the "
                 "container's own in "
                 "linux.namespaces"},
        BadField{"/linux/maskedPaths", json::array({"proc/kcore"}),
                 "config.json: linux.maskedPaths: \"proc/kcore\" must be an absolute path"},
        BadField{"/linux/resources", json({{"devices", {{{"allow", false}, {"access", "x"}}}}}),
                 "config.json: linux.resources.devices[0].access: expected letters of \"rwm\""},
        BadField{"/linux/resources", json({{"memory", {{"limit", 100}, {"swap", 50}}}}),
                 "config.json: linux.resources.memory.swap: is memory plus swap, and must not be "
                 "below memory.limit"},
        BadField{"/linux/devices", json::array({{{"path", "/dev/x"}, {"type", "z"}}}),
                 "config.json: linux.devices[0].type: expected c, b, u or p"},
        BadField{"/mounts", json::array({{{"destination", "/x"}, {"options", {"bind"}}}}),
                 "config.json: mounts[0].source: missing for a bind mount"},
        BadField{"/mounts", json::array({{{"destination", "/x"}, {"source", "a"}}}),
                 "config.json: mounts[0].type: missing for a mount that is not a bind mount"},
        BadField{"/hostname", "c1",
                 "config.json: hostname: needs a uts namespace in linux.namespaces"},
        BadField{"/annotations", json({{"a", 1}}),
                 "config.json: annotations.a: expected a string"}));

TEST(ParseSpec, EmptySectionsThatAskForNothingAreAccepted) {
  json config = Minimal();
  config["hooks"] = json({{"prestart", json::array()}});
  config["process"]["terminal"] = false;
  config["process"]["apparmorProfile"] = "";
  config["linux"]["resources"] = {{"blockIO", json::object()}, {"hugepageLimits", json::array()}};
  config["linux"]["seccomp"] = nullptr;
  EXPECT_TRUE(Parse(config));
}

TEST(ParseSpec, BindMountsAreResolvedAgainstTheBundle) {
  json config = Minimal();
  config["mounts"] =
      json::array({{{"destination", "data/../x"}, {"source", "dir"}, {"options", {"rbind", "ro"}}},
                   {{"destination", "/y"}, {"source", "/abs"}, {"type", "bind"}}});
  const auto spec = Parse(config);
  ASSERT_TRUE(spec) << spec.error().text();
  EXPECT_EQ(spec->mounts[0].destination, "/x");
  EXPECT_EQ(spec->mounts[0].source, "/bundle/dir");
  EXPECT_EQ(spec->mounts[0].type, "bind");
  EXPECT_EQ(spec->mounts[0].flags, static_cast<uint64_t>(MS_BIND | MS_REC | MS_RDONLY));
  EXPECT_EQ(spec->mounts[1].flags, static_cast<uint64_t>(MS_BIND | MS_REC));
}

TEST(ParseSpec, SysctlWithSlashesIsTheSameParameter) {
  json config = Minimal();
  config["linux"]["namespaces"].push_back({{"type", "network"}});
  config["linux"]["sysctl"] = {{"net/ipv4/conf/eth0.100/forwarding", "1"}};
  const auto spec = Parse(config);
  ASSERT_TRUE(spec) << spec.error().text();
  EXPECT_TRUE(spec->linux.sysctl.contains("net.ipv4.conf.eth0/100.forwarding"));
}

TEST(ParseSpec, DeviceRulesReadNegativeNumbersAsAll) {
  json config = Minimal();
  config["linux"]["resources"] = {
      {"devices", {{{"allow", true}, {"type", "c"}, {"major", 5}, {"minor", -1}}}}};
  const auto spec = Parse(config);
  ASSERT_TRUE(spec);
  const DeviceRule& rule = spec->linux.resources.devices.at(0);
  EXPECT_EQ(rule.major, 5);
  EXPECT_FALSE(rule.minor);
  EXPECT_EQ(rule.access, "rwm");
}

TEST(ParseSpec, TerminalAndItsSize) {
  json config = Minimal();
  config["process"]["terminal"] = true;
  config["process"]["consoleSize"] = {{"height", 24}, {"width", 80}};
  const auto spec = Parse(config);
  ASSERT_TRUE(spec) << spec.error().text();
  EXPECT_TRUE(spec->process.terminal);
  EXPECT_EQ(spec->process.console_rows, 24);
  EXPECT_EQ(spec->process.console_columns, 80);
  config["process"]["consoleSize"]["width"] = 65536;
  const auto wide = Parse(config);
  ASSERT_FALSE(wide);
  EXPECT_NE(wide.error().text().find("process.consoleSize.width"), std::string::npos);
}

TEST(ParseProcessDocument, IsReadAsTheProcessOfConfigJson) {
  const auto process = ParseProcessDocument(
      R"({"args": ["sh", "-c", "x"], "cwd": "/tmp", "user": {"uid": 1, "gid": 2}})", "p.json");
  ASSERT_TRUE(process) << process.error().text();
  EXPECT_EQ(process->args.size(), 3U);
  EXPECT_EQ(process->user.gid, 2U);
  for (const char* text :
       {"", "[]", "null", "{", R"({"args": []})", R"({"args": ["a"], "cwd": "x"})"}) {
    const auto wrong = ParseProcessDocument(text, "p.json");
    ASSERT_FALSE(wrong) << text;
    EXPECT_NE(wrong.error().text().find("p.json"), std::string::npos) << wrong.error().text();
  }
}

}  // namespace
}  // namespace mayfly::oci
