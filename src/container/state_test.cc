#include "container/state.h"

#include <gtest/gtest.h>

namespace mayfly::container {
namespace {

State Example() {
  State state;
  state.id = "c1";
  state.bundle = "/b";
  state.rootfs = "/b/rootfs";
  state.oci_version = "1.2.0";
  state.created = "2026-01-02T03:04:05.000000006Z";
  state.ready = true;
  state.pid = 4711;
  state.pid_start_time = 123456789012ULL;
  state.own_pid_namespace = true;
  state.cgroup = {{"/sys/fs/cgroup/memory", "/sys/fs/cgroup/memory/mayfly/c1"}};
  state.systemd_unit = "mayfly-c1.scope";
  state.annotations = {{"a", "b"}};
  return state;
}

TEST(State, ReadsBackWhatItWrote) {
  const State state = Example();
  const auto read = ParseState(SerializeState(state), "state.json");
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->id, state.id);
  EXPECT_EQ(read->pid, state.pid);
  EXPECT_EQ(read->pid_start_time, state.pid_start_time);
  EXPECT_EQ(read->ready, state.ready);
  EXPECT_EQ(read->own_pid_namespace, state.own_pid_namespace);
  EXPECT_EQ(read->cgroup, state.cgroup);
  EXPECT_EQ(read->systemd_unit, state.systemd_unit);
  EXPECT_EQ(read->annotations, state.annotations);
}

TEST(State, CutOffAnywhereIsAnErrorThatNamesTheFile) {
  const std::string whole = SerializeState(Example());
  for (size_t size = 0; size + 2 < whole.size(); ++size) {
    const auto read = ParseState(whole.substr(0, size), "/run/mayfly/c1/state.json");
    ASSERT_FALSE(read) << size;
    EXPECT_TRUE(read.error().text().starts_with("/run/mayfly/c1/state.json: "))
        << read.error().text();
  }
}

TEST(State, AnotherFormatIsRefused) {
  EXPECT_FALSE(ParseState(R"({"formatVersion": 2})", "s"));
  EXPECT_FALSE(ParseState(R"([])", "s"));
  const auto negative = ParseState(
      R"({"formatVersion":1,"id":"a","bundle":"b","rootfs":"r","ociVersion":"1","created":"c","pid":-5})",
      "s");
  ASSERT_FALSE(negative);
  EXPECT_EQ(negative.error().text(), "s: pid: not a process id");
}

}  // namespace
}  // namespace mayfly::container
