#include "cgroup/systemd_unit.h"

#include <gtest/gtest.h>

namespace mayfly::cgroup {
namespace {

std::string Show(const std::vector<Property>& properties) {
  std::string text;
  for (const Property& property : properties) {
    text += property.name + "=";
    if (const auto* number = std::get_if<uint64_t>(&property.value)) {
      text += *number == UINT64_MAX ? "infinity" : std::to_string(*number);
    } else if (const auto* word = std::get_if<std::string>(&property.value)) {
      text += *word;
    } else if (const auto* bytes = std::get_if<std::vector<uint8_t>>(&property.value)) {
      for (const uint8_t byte : *bytes) {
        text += fmt::format("{:02x}", byte);
      }
    } else if (const auto* pairs =
                   std::get_if<std::vector<std::pair<std::string, std::string>>>(&property.value)) {
      for (const auto& [device, access] : *pairs) {
        text += fmt::format("[{} {}]", device, access);
      }
    }
    text += " ";
  }
  return text;
}

TEST(SystemdUnit, NamesTheScopeAndTheSlice) {
  const auto unit = ParseUnit("kubepods-burstable.slice:cri-containerd:abc", "c1", false);
  ASSERT_TRUE(unit) << unit.error().text();
  EXPECT_EQ(unit->name, "cri-containerd-abc.scope");
  EXPECT_EQ(unit->slice, "kubepods-burstable.slice");
  EXPECT_EQ(ParseUnit("", "c1", false)->name, "mayfly-c1.scope");
  EXPECT_EQ(ParseUnit("", "c1", false)->slice, "system.slice");
  EXPECT_EQ(ParseUnit("", "c1", true)->slice, "user.slice");
  EXPECT_EQ(ParseUnit(":mayfly:c1", "c1", false)->slice, "system.slice");
  EXPECT_EQ(ParseUnit("machine.slice::c1", "c1", false)->name, "c1.scope");
  EXPECT_EQ(DefaultUnit("c1", true), "user.slice:mayfly:c1");
}

TEST(SystemdUnit, RefusesWhatIsNotAUnit) {
  for (const char* path : {"/a/b", "a.slice:b", "a.slice:b:", "a.slice:b:c/d", "a:b:c",
                           "-a.slice:b:c", "a--b.slice:b:c", "../x.slice:b:c", "a.slice:b: c"}) {
    const auto unit = ParseUnit(path, "c1", false);
    ASSERT_FALSE(unit) << path;
    EXPECT_TRUE(unit.error().text().starts_with("linux.cgroupsPath: ")) << unit.error().text();
  }
}

TEST(SystemdUnit, SlicesNestByTheirDashes) {
  EXPECT_EQ(SlicePath("-.slice").value(), "");
  EXPECT_EQ(SlicePath("system.slice").value(), "system.slice");
  EXPECT_EQ(SlicePath("a-b-c.slice").value(), "a.slice/a-b.slice/a-b-c.slice");
}

TEST(SystemdUnit, LimitsAsProperties) {
  oci::Resources resources;
  resources.memory_limit_bytes = 1000;
  resources.memory_swap_bytes = 1500;
  resources.memory_reservation_bytes = 500;
  resources.cpu_shares = 1024;
  resources.cpu_quota_us = 25001;
  resources.cpuset_cpus = "0-1,9";
  resources.pids_limit = 0;
  EXPECT_EQ(Show(LimitProperties(resources, Tree::kUnified).value()),
            "MemoryMax=1000 MemorySwapMax=500 MemoryLow=500 CPUWeight=100 "
            "CPUQuotaPerSecUSec=260000 AllowedCPUs=0302 TasksMax=infinity ");
  EXPECT_EQ(Show(LimitProperties(resources, Tree::kV1).value()),
            "MemoryLimit=1000 CPUShares=1024 CPUQuotaPerSecUSec=260000 TasksMax=infinity ");
  EXPECT_EQ(Show(LimitProperties({}, Tree::kUnified).value()), "");
  oci::Resources unlimited;
  unlimited.memory_limit_bytes = -1;
  unlimited.memory_swap_bytes = -1;
  unlimited.cpu_quota_us = -1;
  unlimited.cpu_period_us = 50000;
  EXPECT_EQ(Show(LimitProperties(unlimited, Tree::kUnified).value()),
            "MemoryMax=infinity MemorySwapMax=infinity CPUQuotaPeriodUSec=50000 "
            "CPUQuotaPerSecUSec=infinity ");
  resources.cpuset_cpus = "0-99999999";
  EXPECT_FALSE(LimitProperties(resources, Tree::kUnified));
}

TEST(SystemdUnit, DevicesAsProperties) {
  constexpr std::string_view kDevices =
      "Character devices:\n  1 mem\n136 pts\n\nBlock devices:\n  8 sd\n";
  const DeviceList list{
      .allow_by_default = false,
      .exceptions = {"c *:* m", "b *:* m", "c 1:3 rwm", "c 136:* rwm", "b 8:* r", "c 77:* rw"}};
  EXPECT_EQ(Show(DeviceProperties(list, kDevices)),
            "DevicePolicy=strict DeviceAllow=[char-* m][block-* m][/dev/char/1:3 rwm]"
            "[char-pts rwm][block-sd r] ");
  EXPECT_EQ(Show(DeviceProperties({.allow_by_default = true, .exceptions = {}}, kDevices)), "");
}

}  // namespace
}  // namespace mayfly::cgroup
