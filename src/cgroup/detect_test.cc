#include <gtest/gtest.h>

#include "cgroup/cgroup.h"
#include "cgroup/fake_tree.h"

namespace mayfly::cgroup {
namespace {

constexpr const char* kRootMount = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n";

class DetectTest : public ::testing::Test {
 protected:
  Host Detect(const std::string& groups, const std::string& mounts) {
    tree_.Write("proc/self/cgroup", groups);
    tree_.Write("proc/self/mountinfo", kRootMount + mounts);
    auto host = DetectHost(tree_.root() + "/proc");
    EXPECT_TRUE(host) << host.error().text();
    return host.value_or(Host{});
  }
  static const Hierarchy* Find(const Host& host, const std::string& controller) {
    for (const Hierarchy& hierarchy : host.hierarchies) {
      for (const std::string& name : hierarchy.controllers) {
        if (name == controller) {
          return &hierarchy;
        }
      }
    }
    return nullptr;
  }

  FakeTree tree_;
};

TEST_F(DetectTest, V1WithControllersMountedTogether) {
  const Host host = Detect(
      "4:memory:/system.slice/containerd.service\n3:cpu,cpuacct:/\n1:name=systemd:/init.scope\n",
      "31 23 0:25 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755\n"
      "32 31 0:26 / /sys/fs/cgroup/systemd rw shared:9 - cgroup cgroup rw,xattr,name=systemd\n"
      "33 31 0:27 / /sys/fs/cgroup/cpu,cpuacct rw shared:10 - cgroup cgroup rw,cpu,cpuacct\n"
      "34 31 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  EXPECT_EQ(host.layout, Layout::kV1);
  ASSERT_EQ(host.hierarchies.size(), 3U);
  ASSERT_NE(Find(host, "cpuacct"), nullptr);
  EXPECT_EQ(Find(host, "cpuacct"), Find(host, "cpu"));
  EXPECT_EQ(Find(host, "cpu")->mount_point, "/sys/fs/cgroup/cpu,cpuacct");
  EXPECT_EQ(Find(host, "memory")->own_path, "/system.slice/containerd.service");
  EXPECT_EQ(Find(host, "name=systemd")->own_path, "/init.scope");
}

TEST_F(DetectTest, HybridHasControllersAndTheUnifiedTree) {
  const Host host =
      Detect("2:pids:/\n1:memory:/process/a\n0::/\n",
             "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
             "39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
             "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n");
  EXPECT_EQ(host.layout, Layout::kHybrid);
  ASSERT_EQ(host.hierarchies.size(), 3U);
  EXPECT_TRUE(host.hierarchies[2].unified());
  EXPECT_EQ(host.hierarchies[2].mount_point, "/sys/fs/cgroup/unified");
}

TEST_F(DetectTest, V2) {
  const Host host = Detect("0::/user.slice/a.scope\n",
                           "31 23 0:25 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n");
  EXPECT_EQ(host.layout, Layout::kV2);
  ASSERT_EQ(host.hierarchies.size(), 1U);
  EXPECT_EQ(host.hierarchies[0].mount_point, "/sys/fs/cgroup");
  EXPECT_EQ(host.hierarchies[0].own_path, "/user.slice/a.scope");
}

TEST_F(DetectTest, ANamedHierarchyAloneBesideV2IsV2) {
  const Host host =
      Detect("1:name=systemd:/\n0::/\n",
             "31 23 0:25 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
             "32 31 0:26 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n");
  EXPECT_EQ(host.layout, Layout::kV2);
  EXPECT_EQ(host.hierarchies.size(), 1U);
}

TEST_F(DetectTest, HierarchiesThatAreNotMountedAreLeftOut) {
  const Host host = Detect("2:perf_event:/\n1:memory:/\n0::/\n",
                           "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  EXPECT_EQ(host.layout, Layout::kV1);
  EXPECT_EQ(host.hierarchies.size(), 1U);
}

TEST_F(DetectTest, NothingMounted) {
  EXPECT_EQ(Detect("0::/\n", "").layout, Layout::kNone);
  EXPECT_FALSE(Cgroup::Open(Detect("0::/\n", ""), "", "c1"));
}

// In a container without a cgroup namespace both the mount's root and the path start at the host's
// root.
TEST_F(DetectTest, TheOwnPathIsBelowTheMountsRoot) {
  const Host host =
      Detect("2:pids:/docker/abc/inner\n1:memory:/docker/abc\n",
             "35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
             "36 31 0:32 /docker/abc /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n");
  EXPECT_EQ(Find(host, "memory")->own_path, "/");
  EXPECT_EQ(Find(host, "pids")->own_path, "/inner");
}

TEST_F(DetectTest, AMountRootThatIsOnlyAPrefixOfTheNameDoesNotCount) {
  const Host host =
      Detect("1:memory:/docker/abcdef\n",
             "35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  EXPECT_EQ(Find(host, "memory")->own_path, "/");
}

TEST_F(DetectTest, APathAboveTheNamespaceRootIsTheRoot) {
  EXPECT_EQ(Detect("0::/../other\n", "31 23 0:25 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
                .hierarchies[0]
                .own_path,
            "/");
}

TEST_F(DetectTest, TheFirstMountOfAHierarchyCounts) {
  const Host host = Detect("1:memory:/\n",
                           "35 31 0:32 / /first rw - cgroup cgroup rw,memory\n"
                           "36 31 0:32 / /second rw - cgroup cgroup rw,memory\n");
  EXPECT_EQ(Find(host, "memory")->mount_point, "/first");
}

TEST_F(DetectTest, EscapedMountPoints) {
  const Host host =
      Detect("1:memory:/\n", "35 31 0:32 / /a\\040b\\134c rw - cgroup cgroup rw,memory\n");
  EXPECT_EQ(Find(host, "memory")->mount_point, "/a b\\c");
}

// The table is read in pieces; a line over the end of one must not be lost.
TEST_F(DetectTest, AMountBehindALongTable) {
  std::string mounts;
  for (int i = 0; i < 2000; ++i) {
    mounts += "90 27 0:50 / /run/containers/" + std::to_string(i) +
              "/rootfs rw - overlay overlay rw,lowerdir=/x\n";
  }
  const Host host =
      Detect("1:memory:/\n", mounts + "35 31 0:32 / /m rw - cgroup cgroup rw,memory\n");
  EXPECT_EQ(Find(host, "memory")->mount_point, "/m");
}

TEST_F(DetectTest, AnUnexpectedLineIsAnErrorThatNamesTheFile) {
  tree_.Write("proc/self/cgroup", "nonsense\n");
  tree_.Write("proc/self/mountinfo", "");
  const auto host = DetectHost(tree_.root() + "/proc");
  ASSERT_FALSE(host);
  EXPECT_NE(host.error().text().find("proc/self/cgroup: unexpected line \"nonsense\""),
            std::string::npos);
}

class OpenTest : public ::testing::Test {
 protected:
  static std::string ErrorOf(const std::string& path) {
    FakeTree tree;
    const auto opened = Cgroup::Open(tree.MakeHost(Layout::kV2, {"unified"}), path, "c1");
    return opened ? "" : opened.error().text();
  }
  static std::string PlaceOf(Layout layout, const std::string& path) {
    const Host host{
        .layout = layout,
        .hierarchies = {
            {.controllers = {}, .mount_point = "/sys/fs/cgroup", .own_path = "/a/own"}}};
    const auto opened = Cgroup::Open(host, path, "c1");
    return opened ? (*opened)->location().at("/sys/fs/cgroup") : opened.error().text();
  }
};

TEST_F(OpenTest, Places) {
  EXPECT_EQ(PlaceOf(Layout::kV2, ""), "/sys/fs/cgroup/mayfly/c1");
  EXPECT_EQ(PlaceOf(Layout::kV2, "/x//y/./z/"), "/sys/fs/cgroup/x/y/z");
  EXPECT_EQ(PlaceOf(Layout::kV2, "/a:b:c"), "/sys/fs/cgroup/a:b:c");
  // On v2 beside this process's own group, whose processes keep it from handing out controllers.
  EXPECT_EQ(PlaceOf(Layout::kV2, "x/y"), "/sys/fs/cgroup/a/x/y");
  EXPECT_EQ(PlaceOf(Layout::kHybrid, "x/y"), "/sys/fs/cgroup/a/own/x/y");
}

TEST_F(OpenTest, PathsThatAreRefused) {
  EXPECT_EQ(ErrorOf("/a/../b"), "linux.cgroupsPath: \"/a/../b\" holds a \"..\"");
  EXPECT_EQ(ErrorOf(".."), "linux.cgroupsPath: \"..\" holds a \"..\"");
  EXPECT_NE(ErrorOf("/"), "");
  EXPECT_NE(ErrorOf("."), "");
  EXPECT_NE(ErrorOf("system.slice:docker:abc").find("needs --systemd-cgroup"), std::string::npos);
  EXPECT_EQ(ErrorOf("/a/..b/c.."), "");
}

TEST_F(OpenTest, FromLocationIgnoresPlacesOutsideTheirMount) {
  FakeTree tree;
  const Host host = tree.MakeHost(Layout::kV2, {"unified"});
  const std::string mount = tree.Mount("unified");
  EXPECT_EQ(Cgroup::FromLocation(host, {{mount, mount + "/a"}})->location().size(), 1U);
  EXPECT_TRUE(Cgroup::FromLocation(host, {{mount, mount + "/a/../../b"}})->location().empty());
  EXPECT_TRUE(Cgroup::FromLocation(host, {{mount, mount}})->location().empty());
  EXPECT_TRUE(Cgroup::FromLocation(host, {{mount, mount + "/"}})->location().empty());
  EXPECT_TRUE(Cgroup::FromLocation(host, {{mount, "/etc"}})->location().empty());
}

}  // namespace
}  // namespace mayfly::cgroup
