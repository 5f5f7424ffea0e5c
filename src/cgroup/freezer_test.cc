#include <gtest/gtest.h>

#include "cgroup/fake_tree.h"

namespace mayfly::cgroup {
namespace {

TEST(FreezerTest, IsFrozenReadsTheV1State) {
  const FakeTree tree;
  const Location location = {{tree.Mount("freezer"), tree.Mount("freezer/c1")}};
  for (const auto& [text, frozen] :
       {std::pair{"THAWED\n", false}, {"FREEZING\n", true}, {"FROZEN\n", true}}) {
    tree.Write("freezer/c1/freezer.state", text);
    EXPECT_EQ(IsFrozen(location), frozen) << text;
  }
}

TEST(FreezerTest, IsFrozenReadsTheV2File) {
  const FakeTree tree;
  const Location location = {{tree.Mount("unified"), tree.Mount("unified/c1")}};
  EXPECT_FALSE(IsFrozen(location)) << "a group that is gone";
  tree.Write("unified/c1/cgroup.freeze", "0\n");
  EXPECT_FALSE(IsFrozen(location));
  tree.Write("unified/c1/cgroup.freeze", "1\n");
  EXPECT_TRUE(IsFrozen(location));
}

TEST(FreezerTest, TheV1FreezerDecidesOnAHybridHost) {
  const FakeTree tree;
  tree.Write("freezer/c1/freezer.state", "FROZEN\n");
  tree.Write("unified/c1/cgroup.freeze", "0\n");
  EXPECT_TRUE(IsFrozen({{tree.Mount("freezer"), tree.Mount("freezer/c1")},
                        {tree.Mount("unified"), tree.Mount("unified/c1")}}));
}

TEST(FreezerTest, FreezeAndThawWriteTheV2File) {
  const FakeTree tree;
  tree.Write("unified/c1/cgroup.freeze", "0");
  tree.Write("unified/c1/cgroup.events", "populated 1\nfrozen 1\n");
  const Host host = tree.MakeHost(Layout::kV2, {"unified"});
  const auto group =
      Cgroup::FromLocation(host, {{tree.Mount("unified"), tree.Mount("unified/c1")}});
  ASSERT_TRUE(group->Freeze());
  EXPECT_EQ(tree.Read("unified/c1/cgroup.freeze"), "1");
  ASSERT_TRUE(group->Thaw());
  EXPECT_EQ(tree.Read("unified/c1/cgroup.freeze"), "0");
}

TEST(FreezerTest, WithoutAFreezerPausingIsUnsupported) {
  const FakeTree tree;
  tree.Files("pids/c1", {});
  const Host host = tree.MakeHost(Layout::kV1, {"pids"});
  const auto group = Cgroup::FromLocation(host, {{tree.Mount("pids"), tree.Mount("pids/c1")}});
  const auto frozen = group->Freeze();
  ASSERT_FALSE(frozen);
  EXPECT_EQ(frozen.error().kind(), base::ErrorKind::kUnsupported);
}

}  // namespace
}  // namespace mayfly::cgroup
