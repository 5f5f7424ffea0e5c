#include "oci/documents.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "oci/capabilities.h"
#include "oci/state_json.h"

namespace mayfly::oci {
namespace {

TEST(Documents, FeaturesNameWhatTheSpecAsksFor) {
  const auto features = nlohmann::json::parse(FeaturesJson("1.2.3", {"wasmtime 48.0.8"}));
  EXPECT_EQ(features["ociVersionMin"], "1.0.0");
  EXPECT_TRUE(features["linux"]["seccomp"]["enabled"].get<bool>());
  EXPECT_EQ(features["hooks"].size(), 6U);
  EXPECT_EQ(features["annotations"]["dev.mayfly.engine.wasmtime"], "48.0.8");
  EXPECT_EQ(features["linux"]["namespaces"].size(), 8U);
}

TEST(Documents, TheRootlessConfigMapsTheUser) {
  const auto config = nlohmann::json::parse(RootlessConfigJson(1000, 100));
  EXPECT_EQ(config["linux"]["namespaces"][0]["type"], "user");
  EXPECT_EQ(config["linux"]["uidMappings"][0]["hostID"], 1000);
  EXPECT_EQ(config["linux"]["gidMappings"][0]["hostID"], 100);
  EXPECT_EQ(config.dump().find("network"), std::string::npos);
  EXPECT_EQ(config.dump().find("gid=5"), std::string::npos);
  EXPECT_EQ(config.dump().find("cgroup\",\"options"), std::string::npos);
}

TEST(Documents, StateHasTheSpecsFields) {
  StateReport report;
  report.oci_version = "1.2.0";
  report.id = "c1";
  report.status = Status::kCreated;
  report.pid = 42;
  report.bundle = "/b";
  report.annotations = {{"k", "\xff not utf-8"}};
  const auto state = nlohmann::json::parse(StateJson(report));
  EXPECT_EQ(state["status"], "created");
  EXPECT_EQ(state["pid"], 42);
  EXPECT_EQ(state["bundle"], "/b");
  EXPECT_EQ(nlohmann::json::parse(StateListJson({report, report})).size(), 2U);
  EXPECT_EQ(StateListJson({}), "[]\n");
}

TEST(Capabilities, NamesAndNumbersGoBothWays) {
  EXPECT_EQ(CapabilityNumber("CAP_SYS_ADMIN"), 21);
  EXPECT_EQ(CapabilityName(40), "CAP_CHECKPOINT_RESTORE");
  EXPECT_FALSE(CapabilityNumber("CAP_FOO"));
  EXPECT_FALSE(CapabilityNumber("sys_admin"));
  EXPECT_EQ(CapabilityName(77), "capability 77");
  for (const std::string& name : CapabilityNames()) {
    EXPECT_EQ(CapabilityName(*CapabilityNumber(name)), name);
  }
}

}  // namespace
}  // namespace mayfly::oci
