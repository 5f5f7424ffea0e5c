#include "cgroup/stats.h"

#include <gtest/gtest.h>

#include "cgroup/fake_tree.h"

namespace mayfly::cgroup {
namespace {

TEST(StatsTest, V1) {
  const FakeTree tree;
  tree.Write("cpuacct/c1/cpuacct.usage", "5000000\n");
  tree.Write("cpuacct/c1/cpuacct.stat", "user 3\nsystem 2\n");
  tree.Write("cpuacct/c1/cpuacct.usage_percpu", "3000000 2000000 \n");
  tree.Write("cpuacct/c1/cpuacct.usage_all", "cpu user system\n0 1 2\n1 3 4\n");
  tree.Write("cpu/c1/cpu.stat", "nr_periods 7\nnr_throttled 2\nthrottled_time 900\n");
  tree.Write("memory/c1/memory.stat", "cache 4096\nrss 100\n");
  tree.Write("memory/c1/memory.usage_in_bytes", "8192\n");
  tree.Write("memory/c1/memory.max_usage_in_bytes", "9000\n");
  tree.Write("memory/c1/memory.limit_in_bytes", "1048576\n");
  tree.Write("memory/c1/memory.failcnt", "4\n");
  tree.Write("pids/c1/pids.current", "3\n");
  tree.Write("pids/c1/pids.max", "max\n");
  tree.Write("blkio/c1/blkio.throttle.io_service_bytes_recursive", "8:0 Read 10\nTotal 10\n");
  const Host host = tree.MakeHost(Layout::kV1, {"cpuacct", "cpu", "memory", "pids", "blkio"});
  Location location;
  for (const char* name : {"cpuacct", "cpu", "memory", "pids", "blkio"}) {
    location[tree.Mount(name)] = tree.Mount(name) + "/c1";
  }
  const auto stats = ReadStats(host, location);
  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->cpu.total_ns, 5000000U);
  EXPECT_EQ(stats->cpu.user_ns, 30000000U) << "ticks of 10 ms";
  EXPECT_EQ(stats->cpu.per_cpu_ns, (std::vector<uint64_t>{3000000, 2000000}));
  EXPECT_EQ(stats->cpu.per_cpu_kernel_ns, (std::vector<uint64_t>{2, 4}));
  EXPECT_EQ(stats->cpu.throttled_periods, 2U);
  EXPECT_EQ(stats->memory.cache_bytes, 4096U);
  EXPECT_EQ(stats->memory.usage.limit_bytes, 1048576U);
  EXPECT_EQ(stats->memory.usage.failures, 4U);
  EXPECT_EQ(stats->memory.raw.at("rss"), 100U);
  EXPECT_EQ(stats->pids.current, 3U);
  EXPECT_EQ(stats->pids.limit, 0U) << "no limit";
  ASSERT_EQ(stats->io_service_bytes.size(), 1U);
  EXPECT_EQ(stats->io_service_bytes[0].operation, "Read");
  EXPECT_EQ(stats->io_service_bytes[0].major, 8U);
}

TEST(StatsTest, V2) {
  const FakeTree tree;
  tree.Write("unified/c1/cpu.stat", "usage_usec 50\nuser_usec 30\nsystem_usec 20\nnr_periods 1\n");
  tree.Write("unified/c1/memory.stat", "anon 1\nfile 4096\n");
  tree.Write("unified/c1/memory.current", "8192\n");
  tree.Write("unified/c1/memory.max", "max\n");
  tree.Write("unified/c1/memory.events", "low 0\nmax 5\n");
  tree.Write("unified/c1/memory.swap.current", "100\n");
  tree.Write("unified/c1/memory.swap.max", "200\n");
  tree.Write("unified/c1/pids.current", "2\n");
  tree.Write("unified/c1/pids.max", "10\n");
  tree.Write("unified/c1/io.stat", "8:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n");
  const Host host = tree.MakeHost(Layout::kV2, {"unified"});
  const auto stats = ReadStats(host, {{tree.Mount("unified"), tree.Mount("unified/c1")}});
  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->cpu.total_ns, 50000U);
  EXPECT_EQ(stats->memory.cache_bytes, 4096U);
  EXPECT_EQ(stats->memory.usage.limit_bytes, UINT64_MAX);
  EXPECT_EQ(stats->memory.usage.failures, 5U);
  EXPECT_EQ(stats->memory.swap.usage_bytes, 8292U) << "memory plus swap";
  EXPECT_EQ(stats->pids.limit, 10U);
  ASSERT_EQ(stats->io_service_bytes.size(), 3U);
  EXPECT_EQ(stats->io_serviced[1].operation, "Write");
  EXPECT_EQ(stats->io_serviced[1].minor, 16U);
  EXPECT_EQ(stats->io_serviced[1].value, 4U);
}

TEST(StatsTest, AGroupThatIsGoneHasNoFigures) {
  const FakeTree tree;
  const Host host = tree.MakeHost(Layout::kV2, {"unified"});
  const auto stats = ReadStats(host, {{tree.Mount("unified"), tree.Mount("unified/gone")}});
  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->cpu.total_ns, 0U);
  EXPECT_TRUE(stats->memory.raw.empty());
}

TEST(OomWatchTest, V2CountsKillsSinceTheLastLook) {
  const FakeTree tree;
  tree.Write("unified/c1/memory.events", "oom 1\noom_kill 1\n");
  const Host host = tree.MakeHost(Layout::kV2, {"unified"});
  auto watch = OomWatch::Begin(host, {{tree.Mount("unified"), tree.Mount("unified/c1")}});
  ASSERT_TRUE(watch) << watch.error().text();
  EXPECT_EQ(watch->Take(), 0U);
  tree.Write("unified/c1/memory.events", "oom 3\noom_kill 3\n");
  EXPECT_EQ(watch->Take(), 2U);
  tree.Write("unified/c1/memory.events", "oom 4\noom_kill 3\n");
  EXPECT_EQ(watch->Take(), 0U) << "an event that killed nobody";
}

}  // namespace
}  // namespace mayfly::cgroup
