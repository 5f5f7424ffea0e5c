#include "cgroup/limits.h"

#include <gtest/gtest.h>

namespace mayfly::cgroup {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs Written(const base::Result<std::vector<Setting>>& settings) {
  EXPECT_TRUE(settings) << settings.error().text();
  Pairs pairs;
  for (const Setting& setting : settings.value_or(std::vector<Setting>{})) {
    pairs.emplace_back(setting.file, setting.value);
  }
  return pairs;
}

std::string ErrorOf(const base::Result<std::vector<Setting>>& settings) {
  return settings ? "" : settings.error().text();
}

TEST(LimitsTest, NothingSetWritesNothing) {
  EXPECT_TRUE(Written(SettingsV1({})).empty());
  EXPECT_TRUE(Written(SettingsV2({})).empty());
}

// containerd and Podman send zeros for what the user left out.
TEST(LimitsTest, ZeroIsNotSet) {
  oci::Resources zeros;
  zeros.memory_limit_bytes = 0;
  zeros.memory_swap_bytes = 0;
  zeros.memory_reservation_bytes = 0;
  zeros.memory_disable_oom_killer = false;
  zeros.cpu_shares = 0;
  zeros.cpu_quota_us = 0;
  zeros.cpu_period_us = 0;
  EXPECT_TRUE(Written(SettingsV1(zeros)).empty());
  EXPECT_TRUE(Written(SettingsV2(zeros)).empty());
}

TEST(LimitsTest, Memory) {
  oci::Resources resources;
  resources.memory_limit_bytes = 1000;
  resources.memory_swap_bytes = 1500;
  resources.memory_reservation_bytes = 500;
  EXPECT_EQ(Written(SettingsV1(resources)), (Pairs{{"memory.limit_in_bytes", "1000"},
                                                   {"memory.memsw.limit_in_bytes", "1500"},
                                                   {"memory.soft_limit_in_bytes", "500"}}));
  EXPECT_EQ(Written(SettingsV2(resources)),
            (Pairs{{"memory.max", "1000"}, {"memory.swap.max", "500"}, {"memory.low", "500"}}));
}

TEST(LimitsTest, NoLimitOnMemory) {
  oci::Resources resources;
  resources.memory_limit_bytes = -1;
  resources.memory_swap_bytes = -1;
  EXPECT_EQ(Written(SettingsV1(resources)),
            (Pairs{{"memory.limit_in_bytes", "-1"}, {"memory.memsw.limit_in_bytes", "-1"}}));
  EXPECT_EQ(Written(SettingsV2(resources)),
            (Pairs{{"memory.max", "max"}, {"memory.swap.max", "max"}}));
}

TEST(LimitsTest, NoSwapIsFineWhereTheKernelCountsNone) {
  oci::Resources resources;
  resources.memory_limit_bytes = 1000;
  resources.memory_swap_bytes = 1000;
  auto settings = SettingsV2(resources);
  ASSERT_TRUE(settings);
  EXPECT_EQ((*settings)[1].value, "0");
  EXPECT_TRUE((*settings)[1].missing_is_fine);
  resources.memory_swap_bytes = 2000;
  settings = SettingsV2(resources);
  EXPECT_FALSE((*settings)[1].missing_is_fine);
}

TEST(LimitsTest, SwapThatMakesNoSense) {
  oci::Resources resources;
  resources.memory_swap_bytes = 1000;
  EXPECT_EQ(ErrorOf(SettingsV1(resources)),
            "linux.resources.memory.swap: needs linux.resources.memory.limit");
  resources.memory_limit_bytes = 2000;
  EXPECT_NE(
      ErrorOf(SettingsV2(resources)).find("linux.resources.memory.swap: 1000 is memory plus swap"),
      std::string::npos);
}

TEST(LimitsTest, SwappinessAndTheOomKiller) {
  oci::Resources resources;
  resources.memory_swappiness = 10;
  EXPECT_EQ(Written(SettingsV1(resources)), (Pairs{{"memory.swappiness", "10"}}));
  EXPECT_EQ(SettingsV2(resources).error().kind(), base::ErrorKind::kUnsupported);
  resources.memory_swappiness.reset();
  resources.memory_kernel_tcp_bytes = 4096;
  EXPECT_EQ(Written(SettingsV1(resources)), (Pairs{{"memory.kmem.tcp.limit_in_bytes", "4096"}}));
  EXPECT_NE(ErrorOf(SettingsV2(resources)).find("linux.resources.memory.kernelTCP"),
            std::string::npos);
  resources.memory_swappiness = 101;
  EXPECT_NE(ErrorOf(SettingsV1(resources)).find("linux.resources.memory.swappiness"),
            std::string::npos);

  oci::Resources oom;
  oom.memory_disable_oom_killer = true;
  EXPECT_EQ(Written(SettingsV1(oom)), (Pairs{{"memory.oom_control", "1"}}));
  EXPECT_NE(ErrorOf(SettingsV2(oom)).find("linux.resources.memory.disableOOMKiller"),
            std::string::npos);
}

TEST(LimitsTest, Cpu) {
  oci::Resources resources;
  resources.cpu_shares = 1024;
  resources.cpu_quota_us = 50000;
  resources.cpu_period_us = 100000;
  resources.cpu_burst_us = 20000;
  resources.cpu_idle = 1;
  EXPECT_EQ(Written(SettingsV1(resources)), (Pairs{{"cpu.shares", "1024"},
                                                   {"cpu.cfs_period_us", "100000"},
                                                   {"cpu.cfs_quota_us", "50000"},
                                                   {"cpu.cfs_burst_us", "20000"},
                                                   {"cpu.idle", "1"}}));
  EXPECT_EQ(Written(SettingsV2(resources)), (Pairs{{"cpu.weight", "100"},
                                                   {"cpu.max", "50000 100000"},
                                                   {"cpu.max.burst", "20000"},
                                                   {"cpu.idle", "1"}}));
}

TEST(LimitsTest, CpuQuotaAndPeriodAlone) {
  oci::Resources quota;
  quota.cpu_quota_us = 25000;
  EXPECT_EQ(Written(SettingsV2(quota)), (Pairs{{"cpu.max", "25000 100000"}}));
  quota.cpu_quota_us = -1;
  EXPECT_EQ(Written(SettingsV1(quota)), (Pairs{{"cpu.cfs_quota_us", "-1"}}));
  EXPECT_EQ(Written(SettingsV2(quota)), (Pairs{{"cpu.max", "max 100000"}}));
  oci::Resources period;
  period.cpu_period_us = 50000;
  EXPECT_EQ(Written(SettingsV2(period)), (Pairs{{"cpu.max", "max 50000"}}));
}

TEST(LimitsTest, WeightsKeepTheDefaultsTogether) {
  EXPECT_EQ(WeightFromShares(0), 1U);
  EXPECT_EQ(WeightFromShares(2), 1U);
  EXPECT_EQ(WeightFromShares(1024), 100U);
  EXPECT_EQ(WeightFromShares(262144), 10000U);
  EXPECT_EQ(WeightFromShares(UINT64_MAX), 10000U);
  for (uint64_t shares = 3, last = 1; shares < 262144; shares += shares / 3 + 1) {
    const uint64_t weight = WeightFromShares(shares);
    EXPECT_GE(weight, last) << shares;
    EXPECT_LE(weight, 10000U) << shares;
    last = weight;
  }
}

TEST(LimitsTest, PidsAndCpuset) {
  oci::Resources resources;
  resources.pids_limit = 20;
  resources.cpuset_cpus = "0-1";
  resources.cpuset_mems = "0";
  const Pairs expected = {{"cpuset.cpus", "0-1"}, {"cpuset.mems", "0"}, {"pids.max", "20"}};
  EXPECT_EQ(Written(SettingsV1(resources)), expected);
  EXPECT_EQ(Written(SettingsV2(resources)), expected);
  for (const int64_t none : {0, -1}) {
    oci::Resources unlimited;
    unlimited.pids_limit = none;
    EXPECT_EQ(Written(SettingsV1(unlimited)), (Pairs{{"pids.max", "max"}}));
  }
}

TEST(LimitsTest, Unified) {
  oci::Resources resources;
  resources.unified = {{"memory.high", "1048576"}, {"cgroup.max.depth", "3"}};
  EXPECT_EQ(Written(SettingsV2(resources)),
            (Pairs{{"cgroup.max.depth", "3"}, {"memory.high", "1048576"}}));
  EXPECT_NE(ErrorOf(SettingsV1(resources)).find("linux.resources.unified"), std::string::npos);
  for (const char* file :
       {"../memory.high", "memory", ".hidden", "cgroup.procs", "cgroup.subtree_control"}) {
    oci::Resources bad;
    bad.unified = {{file, "1"}};
    EXPECT_NE(ErrorOf(SettingsV2(bad)).find(file), std::string::npos) << file;
  }
}

TEST(LimitsTest, BlockDevices) {
  oci::Resources resources;
  resources.block_io.weight = 1000;
  resources.block_io.write_bytes_per_second = {{8, 16, 500}};
  resources.block_io.reads_per_second = {{8, 16, 20}};
  EXPECT_EQ(Written(SettingsV1(resources)),
            (Pairs{{"blkio.bfq.weight", "1000"},
                   {"blkio.throttle.write_bps_device", "8:16 500"},
                   {"blkio.throttle.read_iops_device", "8:16 20"}}));
  EXPECT_EQ(
      Written(SettingsV2(resources)),
      (Pairs{{"io.bfq.weight", "1000"}, {"io.max", "8:16 wbps=500"}, {"io.max", "8:16 riops=20"}}));
  EXPECT_EQ((*SettingsV2(resources))[0].other_value, "default 10000");
  resources.block_io.leaf_weight = 10;
  EXPECT_NE(ErrorOf(SettingsV2(resources)).find("linux.resources.blockIO.leafWeight"),
            std::string::npos);
}

TEST(LimitsTest, HugepagesRdmaNetworkAndRealtime) {
  oci::Resources resources;
  resources.hugepage_limits = {{"2MB", 4096}};
  resources.rdma = {{"mlx", {3, std::nullopt}}};
  EXPECT_EQ(Written(SettingsV2(resources)),
            (Pairs{{"hugetlb.2MB.max", "4096"}, {"rdma.max", "mlx hca_handle=3"}}));
  resources.network_class_id = 7;
  resources.network_priorities = {{"eth0", 5}};
  resources.cpu_realtime_period_us = 1000;
  resources.cpu_realtime_runtime_us = 500;
  EXPECT_EQ(Written(SettingsV1(resources)), (Pairs{{"cpu.rt_period_us", "1000"},
                                                   {"cpu.rt_runtime_us", "500"},
                                                   {"hugetlb.2MB.limit_in_bytes", "4096"},
                                                   {"net_cls.classid", "7"},
                                                   {"net_prio.ifpriomap", "eth0 5"},
                                                   {"rdma.max", "mlx hca_handle=3"}}));
  EXPECT_NE(ErrorOf(SettingsV2(resources)).find("linux.resources.network"), std::string::npos);
  resources.network_class_id.reset();
  resources.network_priorities.clear();
  EXPECT_NE(ErrorOf(SettingsV2(resources)).find("linux.resources.cpu.realtimeRuntime"),
            std::string::npos);
}

}  // namespace
}  // namespace mayfly::cgroup
