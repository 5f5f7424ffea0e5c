#include <gtest/gtest.h>
#include <unistd.h>

#include "cgroup/fake_tree.h"

namespace mayfly::cgroup {
namespace {

constexpr auto kHierarchies = {"memory", "cpu",     "cpuacct", "cpuset",
                               "pids",   "devices", "freezer", "blkio"};

class V1Test : public ::testing::Test {
 protected:
  V1Test() {
    for (const char* name : {"cpuacct", "freezer"}) {
      tree_.Files(std::string(name) + "/mayfly/c1", {"freezer.state"});
    }
    tree_.Files("memory/mayfly/c1", {"memory.limit_in_bytes", "memory.memsw.limit_in_bytes"});
    tree_.Files("cpu/mayfly/c1", {"cpu.shares", "cpu.cfs_quota_us"});
    tree_.Files("pids/mayfly/c1", {"pids.max"});
    tree_.Files("devices/mayfly/c1", {"devices.allow", "devices.deny"});
  }

  std::unique_ptr<Cgroup> Open(const Host& host, const std::string& path = "") {
    auto opened = Cgroup::Open(host, path, "c1");
    EXPECT_TRUE(opened) << opened.error().text();
    return opened ? std::move(*opened) : nullptr;
  }
  std::unique_ptr<Cgroup> Open() { return Open(tree_.MakeHost(Layout::kV1, kHierarchies)); }

  FakeTree tree_;
};

TEST_F(V1Test, CreateWritesWhatIsSetAndNothingElse) {
  oci::Resources resources;
  resources.memory_limit_bytes = 1 << 20;
  resources.pids_limit = 20;
  const auto group = Open();
  const auto created = group->Create(resources);
  ASSERT_TRUE(created) << created.error().text();
  EXPECT_EQ(tree_.Read("memory/mayfly/c1/memory.limit_in_bytes"), "1048576");
  EXPECT_EQ(tree_.Read("memory/mayfly/c1/memory.memsw.limit_in_bytes"), "");
  EXPECT_EQ(tree_.Read("pids/mayfly/c1/pids.max"), "20");
  EXPECT_EQ(tree_.Read("cpu/mayfly/c1/cpu.shares"), "");
}

// blkio is made for a limit only; the scheduler's own file is missing in this tree.
TEST_F(V1Test, ALimitAsksForItsHierarchy) {
  tree_.Files("blkio/mayfly/c1", {"blkio.weight", "blkio.throttle.read_bps_device"});
  oci::Resources resources;
  resources.block_io.weight = 300;
  resources.block_io.read_bytes_per_second = {{8, 0, 600}, {8, 16, 700}};
  const auto group = Open();
  const auto created = group->Create(resources);
  ASSERT_TRUE(created) << created.error().text();
  EXPECT_TRUE(group->location().contains(tree_.Mount("blkio")));
  EXPECT_EQ(tree_.Read("blkio/mayfly/c1/blkio.weight"), "300");
}

TEST_F(V1Test, DevicesAreDeniedButForTheDefaults) {
  ASSERT_TRUE(Open()->Create({}));
  EXPECT_EQ(tree_.Read("devices/mayfly/c1/devices.deny"), "a");
  EXPECT_TRUE(
      tree_.Read("devices/mayfly/c1/devices.allow").starts_with("c *:* m\nb *:* m\nc 1:3 rwm\n"));
}

TEST_F(V1Test, OnlyTheNeededHierarchiesAreUsed) {
  const auto group = Open();
  EXPECT_EQ(group->location().size(), 8U);  // cpuset and blkio are still open
  ASSERT_TRUE(group->Create({}));
  EXPECT_EQ(group->location().size(), 6U);
  EXPECT_FALSE(group->location().contains(tree_.Mount("cpuset")));
  EXPECT_FALSE(group->location().contains(tree_.Mount("blkio")));
  EXPECT_EQ(group->location().at(tree_.Mount("pids")), tree_.Mount("pids") + "/mayfly/c1");
}

// Where the caller's place exists already, somebody may have set limits there.
TEST_F(V1Test, AGivenPathJoinsHierarchiesThatHaveItsParent) {
  for (const char* name : kHierarchies) {
    tree_.Files(std::string(name) + "/pod/c1", {"devices.allow", "devices.deny", "freezer.state"});
  }
  std::filesystem::remove_all(tree_.Mount("cpuset") + "/pod");
  const auto group = Open(tree_.MakeHost(Layout::kV1, kHierarchies), "/pod/c1");
  const auto created = group->Create({});
  ASSERT_TRUE(created) << created.error().text();
  EXPECT_TRUE(group->location().contains(tree_.Mount("blkio")));
  EXPECT_FALSE(group->location().contains(tree_.Mount("cpuset")));
}

TEST_F(V1Test, CpusetIsInheritedLevelByLevel) {
  tree_.Write("cpuset/cpuset.cpus", "0-3\n");
  tree_.Write("cpuset/cpuset.mems", "0\n");
  tree_.Write("cpuset/mayfly/cpuset.cpus", "");
  tree_.Write("cpuset/mayfly/cpuset.mems", "\n");
  tree_.Files("cpuset/mayfly/c1", {"cpuset.cpus", "cpuset.mems"});
  oci::Resources resources;
  resources.cpuset_cpus = "1";
  const auto created = Open()->Create(resources);
  ASSERT_TRUE(created) << created.error().text();
  EXPECT_EQ(tree_.Read("cpuset/mayfly/cpuset.cpus"), "0-3");
  EXPECT_EQ(tree_.Read("cpuset/mayfly/cpuset.mems"), "0");
  EXPECT_TRUE(tree_.Read("cpuset/mayfly/c1/cpuset.cpus").starts_with("1"));
  EXPECT_EQ(tree_.Read("cpuset/mayfly/c1/cpuset.mems"), "0");
}

TEST_F(V1Test, ALimitWithoutItsControllerNamesTheField) {
  oci::Resources resources;
  resources.pids_limit = 20;
  const auto created = Open(tree_.MakeHost(Layout::kV1, {"memory", "devices"}))->Create(resources);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().kind(), base::ErrorKind::kUnsupported);
  EXPECT_EQ(created.error().text(),
            "linux.resources.pids.limit: the pids controller is not mounted on this host");
}

TEST_F(V1Test, AFileTheKernelLacksNamesTheFieldAndTheFile) {
  std::filesystem::remove(tree_.Mount("memory") + "/mayfly/c1/memory.memsw.limit_in_bytes");
  oci::Resources resources;
  resources.memory_limit_bytes = 1 << 20;
  resources.memory_swap_bytes = 2 << 20;
  const auto created = Open()->Create(resources);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().text(), "linux.resources.memory.swap: this kernel has no " +
                                        tree_.Mount("memory") +
                                        "/mayfly/c1/memory.memsw.limit_in_bytes");
}

TEST_F(V1Test, WithoutADevicesControllerNothingStarts) {
  const auto created = Open(tree_.MakeHost(Layout::kV1, {"memory"}))->Create({});
  ASSERT_FALSE(created);
  EXPECT_TRUE(created.error().text().starts_with("linux.resources.devices: "))
      << created.error().text();
}

TEST_F(V1Test, AGroupInUseIsNotTakenOver) {
  tree_.Write("cpu/mayfly/c1/nested/cgroup.procs", "4242\n");
  const auto created = Open()->Create({});
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().kind(), base::ErrorKind::kExists);
  EXPECT_NE(created.error().text().find("in use by 1 processes, one is 4242"), std::string::npos);
}

TEST_F(V1Test, JoinFromOutsideAndFromInside) {
  const auto group = Open();
  ASSERT_TRUE(group->Create({}));
  EXPECT_EQ(group->CloneIntoFd(), -1);
  ASSERT_TRUE(group->JoinSelf());
  EXPECT_EQ(tree_.Read("pids/mayfly/c1/tasks"), "0");
  ASSERT_TRUE(group->Join(77));
  EXPECT_EQ(tree_.Read("memory/mayfly/c1/cgroup.procs"), "77");
  EXPECT_FALSE(tree_.Exists("blkio/mayfly/c1"));
}

// The child's copy of the object is from before Create(): it joins what it finds.
TEST_F(V1Test, AChildForkedBeforeCreateJoinsTheSameHierarchies) {
  const Host host = tree_.MakeHost(Layout::kV1, kHierarchies);
  const auto child = Open(host);
  ASSERT_TRUE(child->CreateBirthplace());
  ASSERT_TRUE(Open(host)->Create({}));
  const auto joined = child->JoinSelf();
  ASSERT_TRUE(joined) << joined.error().text();
  EXPECT_EQ(tree_.Read("freezer/mayfly/c1/tasks"), "0");
  EXPECT_FALSE(tree_.Exists("blkio/mayfly/c1"));
  EXPECT_FALSE(tree_.Exists("cpuset/mayfly"));
}

TEST_F(V1Test, ProcessesAreThoseBelowToo) {
  const auto group = Open();
  ASSERT_TRUE(group->Create({}));
  tree_.Write("memory/mayfly/c1/cgroup.procs", "11\n12\n");
  tree_.Write("memory/mayfly/c1/nested/deep/cgroup.procs", "13\n0\n");
  const auto again =
      Cgroup::FromLocation(tree_.MakeHost(Layout::kV1, kHierarchies),
                           {{tree_.Mount("memory"), tree_.Mount("memory") + "/mayfly/c1"}});
  const auto pids = again->Processes();
  ASSERT_TRUE(pids) << pids.error().text();
  EXPECT_EQ(*pids, (std::vector<pid_t>{11, 12, 13}));
}

// A state file written before Create() names the cpuset directory, too, made or not.
TEST_F(V1Test, ProcessesAreFoundByAPlannedLocation) {
  const Host host = tree_.MakeHost(Layout::kV1, {"cpuset", "pids", "devices"});
  const Location planned = Open(host)->location();
  EXPECT_TRUE(planned.contains(tree_.Mount("cpuset")));
  tree_.Write("pids/mayfly/c1/cgroup.procs", "21\n");
  tree_.Write("devices/mayfly/c1/cgroup.procs", "21\n");
  EXPECT_EQ(*Cgroup::FromLocation(host, planned)->Processes(), (std::vector<pid_t>{21}));
}

TEST_F(V1Test, HybridJoinsTheUnifiedTreeAtBirth) {
  tree_.Files("unified/mayfly/c1", {"cgroup.kill"});
  const auto group =
      Open(tree_.MakeHost(Layout::kHybrid, {"unified", "memory", "devices", "freezer"}));
  EXPECT_EQ(group->CloneIntoFd(), -1);
  ASSERT_TRUE(group->CreateBirthplace());
  EXPECT_GE(group->CloneIntoFd(), 0);
  oci::Resources resources;
  resources.memory_limit_bytes = 1 << 20;
  const auto created = group->Create(resources);
  ASSERT_TRUE(created) << created.error().text();
  ASSERT_TRUE(group->JoinSelf());
  EXPECT_EQ(tree_.Read("unified/mayfly/c1/tasks"), "");
  EXPECT_EQ(tree_.Read("memory/mayfly/c1/tasks"), "0");
  ASSERT_TRUE(group->KillAll());
  EXPECT_EQ(tree_.Read("unified/mayfly/c1/cgroup.kill"), "1");
}

TEST_F(V1Test, SystemdsHierarchyIsJoinedUnderSystemd) {
  Host host = tree_.MakeHost(Layout::kV1, {"memory", "devices", "name=systemd"});
  host.hierarchies[2].own_path = "/";
  auto group = Open(host);
  ASSERT_TRUE(group->Create({}));
  EXPECT_EQ(group->location().size(), 2U);
  host.hierarchies[2].own_path = "/system.slice/containerd.service";
  group = Open(host);
  ASSERT_TRUE(group->Create({}));
  EXPECT_EQ(group->location().size(), 3U);
}

TEST_F(V1Test, RemovingWhatIsGoneIsFine) {
  const auto group = Open(tree_.MakeHost(Layout::kV1, kHierarchies), "/never/made");
  EXPECT_TRUE(group->Remove());
  EXPECT_TRUE(group->Processes()->empty());
  EXPECT_TRUE(
      Cgroup::FromLocation({}, {{tree_.Mount("gone"), tree_.Mount("gone") + "/a"}})->Remove());
}

}  // namespace
}  // namespace mayfly::cgroup
