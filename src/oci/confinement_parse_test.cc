// seccomp, hooks, id maps, clocks, scheduling, device limits: what is read and what is refused.
#include <gtest/gtest.h>
#include <linux/seccomp.h>

#include <nlohmann/json.hpp>

#include "oci/spec_parse.h"

namespace mayfly::oci {
namespace {

using nlohmann::json;

json Minimal() {
  return json::parse(R"({"ociVersion": "1.2.0", "root": {"path": "r"},
      "process": {"args": ["a"], "cwd": "/"}, "linux": {"namespaces": [{"type": "mount"}]}})");
}

base::Result<Spec> With(const char* pointer, const std::string& value) {
  json config = Minimal();
  config[json::json_pointer(pointer)] = json::parse(value);
  return ParseSpec(config.dump(), "/b");
}

// The text of the error, or "" when it was accepted.
std::string Refusal(const char* pointer, const std::string& value) {
  const auto spec = With(pointer, value);
  return spec ? "" : spec.error().text();
}

TEST(ConfinementParse, Seccomp) {
  const auto spec =
      With("/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
      "architectures": ["SCMP_ARCH_X86_64"], "flags": ["SECCOMP_FILTER_FLAG_LOG"],
      "syscalls": [{"names": ["a", "b"], "action": "SCMP_ACT_ALLOW",
                    "args": [{"index": 1, "value": 18446744073709551615, "valueTwo": 2,
                              "op": "SCMP_CMP_MASKED_EQ"}]}]})");
  ASSERT_TRUE(spec.has_value()) << spec.error().text();
  const Seccomp& seccomp = *spec->linux.seccomp;
  EXPECT_EQ(seccomp.default_action, SeccompAction::kErrno);
  EXPECT_EQ(seccomp.default_errno, 38);
  EXPECT_EQ(seccomp.flags, SECCOMP_FILTER_FLAG_LOG);
  ASSERT_EQ(seccomp.rules.size(), 1U);
  EXPECT_EQ(seccomp.rules[0].arguments[0].value, UINT64_MAX);
  EXPECT_EQ(seccomp.rules[0].arguments[0].compare, SeccompCompare::kMaskedEqual);
  EXPECT_FALSE(With("/linux/seccomp", "{}")->linux.seccomp.has_value());
}

TEST(ConfinementParse, SeccompErrorsNameTheField) {
  EXPECT_EQ(Refusal("/linux/seccomp", R"({"defaultAction": "SCMP_ACT_FOO"})"),
            "config.json: linux.seccomp.defaultAction: unknown action \"SCMP_ACT_FOO\"");
  EXPECT_EQ(Refusal("/linux/seccomp", R"({"syscalls": []})"),
            "config.json: linux.seccomp.defaultAction: missing");
  EXPECT_EQ(
      Refusal("/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": 1})"),
      "config.json: linux.seccomp.defaultErrnoRet: SCMP_ACT_ALLOW gives back no errno");
  EXPECT_EQ(
      Refusal("/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["X"]})"),
      "config.json: linux.seccomp.architectures[0]: unknown architecture \"X\"");
  EXPECT_EQ(Refusal("/linux/seccomp",
                    R"({"defaultAction": "SCMP_ACT_ALLOW",
                        "syscalls": [{"names": [], "action": "SCMP_ACT_ALLOW"}]})"),
            "config.json: linux.seccomp.syscalls[0].names: must name a system call");
  EXPECT_EQ(Refusal("/linux/seccomp",
                    R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"],
                        "action": "SCMP_ACT_LOG", "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]})"),
            "config.json: linux.seccomp.syscalls[0].args[0].index: expected 0 to 5");
  EXPECT_NE(Refusal("/linux/seccomp",
                    R"({"defaultAction": "SCMP_ACT_ALLOW",
                        "syscalls": [{"names": ["a"], "action": "SCMP_ACT_NOTIFY"}]})")
                .find("linux.seccomp.listenerPath"),
            std::string::npos);
}

TEST(ConfinementParse, Hooks) {
  const auto spec =
      With("/hooks", R"({"prestart": [{"path": "/a", "args": ["a", "b"], "env": ["X=1"],
      "timeout": 3}], "poststop": [{"path": "/z"}], "createContainer": []})");
  ASSERT_TRUE(spec.has_value()) << spec.error().text();
  ASSERT_EQ(spec->hooks.prestart.size(), 1U);
  EXPECT_EQ(spec->hooks.prestart[0].args, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(spec->hooks.prestart[0].timeout_seconds, 3);
  EXPECT_TRUE(spec->hooks.any_before_pivot());
  EXPECT_EQ(Refusal("/hooks", R"({"poststart": [{"path": "a"}]})"),
            "config.json: hooks.poststart[0].path: must be an absolute path");
  EXPECT_EQ(Refusal("/hooks", R"({"poststart": [{"path": "/a", "timeout": 0}]})"),
            "config.json: hooks.poststart[0].timeout: expected seconds from 1 to 86400");
  // What a document of our own keeps is read again as the same.
  const json document = HooksJson(spec->hooks);
  Hooks again;
  ASSERT_TRUE(ParseHooks(base::JsonView(document, "state"), &again).has_value());
  EXPECT_EQ(HooksJson(again), document);
}

TEST(ConfinementParse, NamespaceSettings) {
  json config = Minimal();
  config["linux"]["namespaces"].push_back({{"type", "user"}});
  config["linux"]["namespaces"].push_back({{"type", "time"}});
  EXPECT_EQ(ParseSpec(config.dump(), "/b").error().text(),
            "config.json: linux.uidMappings: missing for a new user namespace");
  const json map = json::parse(R"([{"containerID": 0, "hostID": 100000, "size": 65536}])");
  config["linux"]["uidMappings"] = map;
  config["linux"]["gidMappings"] = map;
  config["linux"]["timeOffsets"] = {{"boottime", {{"secs", -5}, {"nanosecs", 7}}}};
  const auto spec = ParseSpec(config.dump(), "/b");
  ASSERT_TRUE(spec.has_value()) << spec.error().text();
  EXPECT_EQ(spec->linux.id_mappings.uids[0].host_id, 100000U);
  EXPECT_EQ(spec->linux.time_offsets.at("boottime").seconds, -5);
  EXPECT_EQ(Refusal("/linux/uidMappings", map.dump()),
            "config.json: linux.uidMappings: needs a user namespace in linux.namespaces");
  EXPECT_NE(Refusal("/linux/timeOffsets", R"({"boottime": {"secs": 1}})").find("needs a new time"),
            std::string::npos);
  config["linux"]["timeOffsets"] = {{"realtime", {{"secs", 1}}}};
  EXPECT_NE(
      ParseSpec(config.dump(), "/b").error().text().find("timeOffsets.realtime: unknown clock"),
      std::string::npos);
}

TEST(ConfinementParse, IdMappedMounts) {
  EXPECT_EQ(Refusal("/mounts", R"([{"destination": "/a", "type": "bind", "source": "/b",
                                   "options": ["bind", "idmap"]}])"),
            "config.json: mounts[0]: an id-mapped mount needs uidMappings or a user namespace");
  const auto spec = With("/mounts", R"([{"destination": "/a", "type": "bind", "source": "/b",
      "options": ["rbind", "ridmap"], "uidMappings": [{"containerID": 0, "hostID": 5, "size": 1}],
      "gidMappings": [{"containerID": 0, "hostID": 5, "size": 1}]}])");
  ASSERT_TRUE(spec.has_value()) << spec.error().text();
  EXPECT_EQ(spec->mounts[0].id_map, IdMap::kTree);
  EXPECT_NE(Refusal("/mounts", R"([{"destination": "/a", "type": "tmpfs", "uidMappings":
                                   [{"containerID": 0, "hostID": 5, "size": 1}]}])")
                .find("only bind mounts"),
            std::string::npos);
}

TEST(ConfinementParse, Scheduling) {
  const auto spec = With("/process/scheduler", R"({"policy": "SCHED_BATCH", "nice": 5,
                                                   "flags": ["SCHED_FLAG_RESET_ON_FORK"]})");
  ASSERT_TRUE(spec.has_value()) << spec.error().text();
  EXPECT_EQ(spec->process.scheduler->nice, 5);
  EXPECT_EQ(With("/process/ioPriority", R"({"class": "IOPRIO_CLASS_IDLE", "priority": 0})")
                ->process.io_priority->io_class,
            3);
  EXPECT_EQ(Refusal("/process/scheduler", R"({"policy": "SCHED_FOO"})"),
            "config.json: process.scheduler.policy: unknown value \"SCHED_FOO\"");
  EXPECT_EQ(Refusal("/process/scheduler", R"({"policy": "SCHED_OTHER", "priority": 3})"),
            "config.json: process.scheduler.priority: is for SCHED_FIFO and SCHED_RR");
  EXPECT_EQ(Refusal("/process/ioPriority", R"({"class": "IOPRIO_CLASS_BE", "priority": 8})"),
            "config.json: process.ioPriority.priority: must be from 0 to 7");
  EXPECT_EQ(Refusal("/process/execCPUAffinity", R"({"initial": "a"})"),
            "config.json: process.execCPUAffinity.initial: \"a\" is not a list of processors");
  EXPECT_EQ(Refusal("/linux/personality", R"({"domain": "BSD"})"),
            "config.json: linux.personality.domain: unknown value \"BSD\"");
  EXPECT_EQ(Refusal("/linux/memoryPolicy", R"({"mode": "MPOL_BIND", "nodes": "x"})"),
            "config.json: linux.memoryPolicy.nodes: \"x\" is not a list of nodes");
}

TEST(ConfinementParse, DeviceLimits) {
  const auto spec = With("/linux/resources", R"({"blockIO": {"weight": 100,
      "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 600}]},
      "hugepageLimits": [{"pageSize": "2MB", "limit": 0}], "network": {"classID": 0},
      "rdma": {"mlx": {"hcaHandles": 3}}})");
  ASSERT_TRUE(spec.has_value()) << spec.error().text();
  const Resources& resources = spec->linux.resources;
  EXPECT_EQ(resources.block_io.read_bytes_per_second[0].value, 600U);
  EXPECT_EQ(resources.hugepage_limits[0].page_size, "2MB");
  EXPECT_FALSE(resources.network_class_id.has_value());
  EXPECT_EQ(resources.rdma.at("mlx").handles, 3U);
  EXPECT_EQ(Refusal("/linux/resources", R"({"blockIO": {"weight": 5}})"),
            "config.json: linux.resources.blockIO.weight: must be from 10 to 1000");
  EXPECT_EQ(
      Refusal("/linux/resources", R"({"hugepageLimits": [{"pageSize": "../x", "limit": 1}]})"),
      "config.json: linux.resources.hugepageLimits[0].pageSize: expected a size such as 2MB");
  EXPECT_NE(Refusal("/linux/resources", R"({"rdma": {"a b": {"hcaHandles": 3}}})").find("device"),
            std::string::npos);
}

}  // namespace
}  // namespace mayfly::oci
