#include "container/exec_target.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/process.h"

namespace mayfly::container {
namespace {

using cgroup::Hierarchy;
using cgroup::Host;
using cgroup::Layout;

Host V1() {
  return {.layout = Layout::kV1,
          .hierarchies = {Hierarchy{{"cpu", "cpuacct"}, "/sys/fs/cgroup/cpu", "/"},
                          Hierarchy{{"pids"}, "/sys/fs/cgroup/pids", "/"}}};
}
Host V2() { return {.layout = Layout::kV2, .hierarchies = {Hierarchy{{}, "/sys/fs/cgroup", "/"}}}; }
const cgroup::Location kV1Place = {{"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu/c1"},
                                   {"/sys/fs/cgroup/pids", "/sys/fs/cgroup/pids/c1"}};
const cgroup::Location kV2Place = {{"/sys/fs/cgroup", "/sys/fs/cgroup/c1"}};

TEST(SubGroupsTest, NoneIsTheContainersOwn) {
  EXPECT_EQ(SubGroups(V1(), kV1Place, {}).value(), kV1Place);
}

TEST(SubGroupsTest, V1NeedsAControllerAndChangesItsHierarchyOnly) {
  const auto place = SubGroups(V1(), kV1Place, {"cpuacct:a//b/"});
  ASSERT_TRUE(place) << place.error().text();
  EXPECT_EQ(place->at("/sys/fs/cgroup/cpu"), "/sys/fs/cgroup/cpu/c1/a/b");
  EXPECT_EQ(place->at("/sys/fs/cgroup/pids"), "/sys/fs/cgroup/pids/c1");
  EXPECT_FALSE(SubGroups(V1(), kV1Place, {"a"}));
  EXPECT_FALSE(SubGroups(V1(), kV1Place, {"memory:a"}));
  EXPECT_FALSE(SubGroups(V1(), kV1Place, {":a"}));
}

TEST(SubGroupsTest, SeveralControllersAtOnce) {
  const auto place = SubGroups(V1(), kV1Place, {"cpu,pids:s"});
  ASSERT_TRUE(place) << place.error().text();
  EXPECT_EQ(place->at("/sys/fs/cgroup/pids"), "/sys/fs/cgroup/pids/c1/s");
}

TEST(SubGroupsTest, V2TakesAPath) {
  const auto place = SubGroups(V2(), kV2Place, {"/sub"});
  ASSERT_TRUE(place) << place.error().text();
  EXPECT_EQ(place->at("/sys/fs/cgroup"), "/sys/fs/cgroup/c1/sub");
}

TEST(SubGroupsTest, NoPathLeadsOut) {
  for (const char* path : {"..", "a/../..", "../c2"}) {
    EXPECT_FALSE(SubGroups(V2(), kV2Place, {path})) << path;
    EXPECT_FALSE(SubGroups(V1(), kV1Place, {std::string("pids:") + path})) << path;
  }
}

TEST(HoldTargetTest, AProcessThatIsAnotherOneIsStopped) {
  State state;
  state.pid = ::getpid();
  state.pid_start_time = base::ProcessStartTime(::getpid()).value() + 1;
  const auto target = HoldTarget(state);
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().text(), "cannot exec in a stopped container");
}

TEST(HoldTargetTest, SharedNamespacesAreNotJoined) {
  State state;
  state.pid = ::getpid();
  state.pid_start_time = base::ProcessStartTime(::getpid()).value();
  const auto target = HoldTarget(state);
  ASSERT_TRUE(target) << target.error().text();
  EXPECT_EQ(target->namespaces, 0U);
  EXPECT_TRUE(target->has_procfs);
}

}  // namespace
}  // namespace mayfly::container
