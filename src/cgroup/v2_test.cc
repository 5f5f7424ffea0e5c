#include <gtest/gtest.h>

#include "cgroup/fake_tree.h"

namespace mayfly::cgroup {
namespace {

class V2Test : public ::testing::Test {
 protected:
  V2Test() {
    tree_.Write("unified/cgroup.controllers", "cpu memory pids hugetlb\n");
    for (const char* directory : {"unified", "unified/mayfly"}) {
      tree_.Files(directory, {"cgroup.subtree_control"});
    }
    tree_.Files("unified/mayfly/c1", {"memory.max", "memory.swap.max", "cpu.max", "pids.max",
                                      "memory.high", "hugetlb.2MB.max", "cgroup.controllers"});
    auto opened = Cgroup::Open(tree_.MakeHost(Layout::kV2, {"unified"}), "", "c1");
    EXPECT_TRUE(opened);
    group_ = std::move(*opened);
    // Device programs need the kernel's own files; cgroup_root_test tests them.
    privileged_.devices.push_back(
        {.allow = true, .type = 'a', .major = {}, .minor = {}, .access = "rwm"});
  }

  FakeTree tree_;
  std::unique_ptr<Cgroup> group_;
  oci::Resources privileged_;
};

TEST_F(V2Test, CreateHandsTheControllersDownAndWritesTheLimits) {
  privileged_.memory_limit_bytes = 1 << 20;
  privileged_.memory_swap_bytes = 3 << 20;
  privileged_.cpu_quota_us = 50000;
  privileged_.pids_limit = 7;
  const auto created = group_->Create(privileged_);
  ASSERT_TRUE(created) << created.error().text();
  EXPECT_EQ(tree_.Read("unified/mayfly/c1/memory.max"), "1048576");
  EXPECT_EQ(tree_.Read("unified/mayfly/c1/memory.swap.max"), "2097152");
  EXPECT_EQ(tree_.Read("unified/mayfly/c1/cpu.max"), "50000 100000");
  EXPECT_EQ(tree_.Read("unified/mayfly/c1/pids.max"), "7");
  // The last of "+cpu", "+memory" and "+pids", each a write of its own, over the longest.
  EXPECT_EQ(tree_.Read("unified/cgroup.subtree_control"), "+pidsry");
  EXPECT_EQ(tree_.Read("unified/mayfly/cgroup.subtree_control"), "+pidsry");
}

TEST_F(V2Test, NothingIsHandedDownWhereAllIsThereAlready) {
  tree_.Write("unified/mayfly/c1/cgroup.controllers", "cpu memory pids\n");
  ASSERT_TRUE(group_->Create(privileged_));
  EXPECT_EQ(tree_.Read("unified/cgroup.subtree_control"), "");
}

TEST_F(V2Test, ALimitWithoutItsControllerNamesTheField) {
  tree_.Write("unified/cgroup.controllers", "cpu\n");
  privileged_.memory_limit_bytes = 1 << 20;
  const auto created = group_->Create(privileged_);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().kind(), base::ErrorKind::kUnsupported);
  EXPECT_EQ(created.error().text(),
            "linux.resources.memory.limit: the memory controller is not available in " +
                tree_.Mount("unified"));
}

TEST_F(V2Test, MetricsControllersThatAreMissingAreNoError) {
  tree_.Write("unified/cgroup.controllers", "");
  EXPECT_TRUE(group_->Create(privileged_));
}

TEST_F(V2Test, UnifiedSettingsBringTheirController) {
  privileged_.unified = {{"memory.high", "4096"}, {"hugetlb.2MB.max", "0"}};
  const auto created = group_->Create(privileged_);
  ASSERT_TRUE(created) << created.error().text();
  EXPECT_EQ(tree_.Read("unified/mayfly/c1/memory.high"), "4096");
  EXPECT_EQ(tree_.Read("unified/mayfly/c1/hugetlb.2MB.max"), "0");
  EXPECT_EQ(tree_.Read("unified/mayfly/cgroup.subtree_control"), "+hugetlb");
}

TEST_F(V2Test, AnUnknownUnifiedFileNamesTheField) {
  privileged_.unified = {{"memory.nonsense", "1"}};
  const auto created = group_->Create(privileged_);
  ASSERT_FALSE(created);
  EXPECT_TRUE(created.error().text().starts_with(
      "linux.resources.unified[\"memory.nonsense\"]: this kernel has no"))
      << created.error().text();
}

TEST_F(V2Test, TheChildIsBornInside) {
  ASSERT_TRUE(group_->CreateBirthplace());
  EXPECT_GE(group_->CloneIntoFd(), 0);
  ASSERT_TRUE(group_->JoinSelf());
  EXPECT_EQ(tree_.Read("unified/mayfly/c1/cgroup.procs"), "");
  ASSERT_TRUE(group_->Join(12));
  EXPECT_EQ(tree_.Read("unified/mayfly/c1/cgroup.procs"), "12");
}

}  // namespace
}  // namespace mayfly::cgroup
