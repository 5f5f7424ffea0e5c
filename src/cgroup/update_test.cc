#include <gtest/gtest.h>

#include "cgroup/fake_tree.h"

namespace mayfly::cgroup {
namespace {

TEST(UpdateTest, V1WritesWhatIsSetAndLeavesDevices) {
  const FakeTree tree;
  tree.Files("memory/c1", {"memory.limit_in_bytes", "memory.memsw.limit_in_bytes"});
  tree.Files("pids/c1", {"pids.max"});
  tree.Files("devices/c1", {"devices.allow", "devices.deny"});
  const Host host = tree.MakeHost(Layout::kV1, {"memory", "pids", "devices"});
  const auto group =
      Cgroup::FromLocation(host, {{tree.Mount("memory"), tree.Mount("memory/c1")},
                                  {tree.Mount("pids"), tree.Mount("pids/c1")},
                                  {tree.Mount("devices"), tree.Mount("devices/c1")}});
  oci::Resources resources;
  resources.memory_limit_bytes = 1 << 20;
  const auto updated = group->Update(resources);
  ASSERT_TRUE(updated) << updated.error().text();
  EXPECT_EQ(tree.Read("memory/c1/memory.limit_in_bytes"), "1048576");
  EXPECT_EQ(tree.Read("pids/c1/pids.max"), "");
  EXPECT_EQ(tree.Read("devices/c1/devices.deny"), "");
}

TEST(UpdateTest, V1JoinsAHierarchyThatALimitCallsFor) {
  const FakeTree tree;
  tree.Files("pids/c1", {"pids.max"});
  tree.Write("cpuset/cpuset.cpus", "0");
  tree.Write("cpuset/cpuset.mems", "0");
  tree.Files("cpuset/c1", {"cpuset.cpus", "cpuset.mems"});
  const Host host = tree.MakeHost(Layout::kV1, {"pids", "cpuset"});
  const auto group = Cgroup::FromLocation(host, {{tree.Mount("pids"), tree.Mount("pids/c1")}});
  oci::Resources resources;
  resources.cpuset_cpus = "1";
  const auto updated = group->Update(resources);
  ASSERT_TRUE(updated) << updated.error().text();
  EXPECT_EQ(tree.Read("cpuset/c1/cpuset.cpus"), "1");
  EXPECT_EQ(tree.Read("cpuset/c1/cpuset.mems"), "0");
  EXPECT_EQ(group->location().at(tree.Mount("cpuset")), tree.Mount("cpuset/c1"));
}

TEST(UpdateTest, V1WithoutTheControllerNamesTheField) {
  const FakeTree tree;
  tree.Files("pids/c1", {"pids.max"});
  const Host host = tree.MakeHost(Layout::kV1, {"pids"});
  const auto group = Cgroup::FromLocation(host, {{tree.Mount("pids"), tree.Mount("pids/c1")}});
  oci::Resources resources;
  resources.cpuset_cpus = "1";
  const auto updated = group->Update(resources);
  ASSERT_FALSE(updated);
  EXPECT_NE(updated.error().text().find("linux.resources.cpu.cpus"), std::string::npos);
}

TEST(UpdateTest, V2WritesWhatIsSet) {
  const FakeTree tree;
  tree.Files("unified/c1", {"memory.max", "pids.max"});
  tree.Write("unified/c1/cgroup.controllers", "cpu memory pids\n");
  const Host host = tree.MakeHost(Layout::kV2, {"unified"});
  const auto group =
      Cgroup::FromLocation(host, {{tree.Mount("unified"), tree.Mount("unified/c1")}});
  oci::Resources resources;
  resources.pids_limit = 7;
  const auto updated = group->Update(resources);
  ASSERT_TRUE(updated) << updated.error().text();
  EXPECT_EQ(tree.Read("unified/c1/pids.max"), "7");
  EXPECT_EQ(tree.Read("unified/c1/memory.max"), "");
}

}  // namespace
}  // namespace mayfly::cgroup
