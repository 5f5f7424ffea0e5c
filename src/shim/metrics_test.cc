#include "shim/metrics.h"

#include <gtest/gtest.h>
#include <metrics_v1.pb.h>
#include <metrics_v2.pb.h>

namespace mayfly::shim {

namespace {

cgroup::Stats Example() {
  cgroup::Stats stats;
  stats.cpu.total_ns = 5'000'000;
  stats.memory.usage.usage_bytes = 4096;
  stats.memory.raw = {{"rss", 1024}, {"anon", 2048}};
  stats.pids.current = 3;
  stats.io_service_bytes = {{8, 16, "Read", 7}, {8, 16, "Write", 9}};
  return stats;
}

}  // namespace

TEST(MetricsTest, VersionOne) {
  const EncodedMetrics encoded = EncodeMetrics(Example(), cgroup::Layout::kHybrid);
  EXPECT_EQ(encoded.type, "io.containerd.cgroups.v1.Metrics");
  io::containerd::cgroups::v1::Metrics metrics;
  ASSERT_TRUE(metrics.ParseFromString(encoded.bytes));
  EXPECT_EQ(metrics.cpu().usage().total(), 5'000'000U);
  EXPECT_EQ(metrics.memory().rss(), 1024U);
  EXPECT_EQ(metrics.memory().usage().usage(), 4096U);
  EXPECT_EQ(metrics.blkio().io_service_bytes_recursive_size(), 2);
}

TEST(MetricsTest, VersionTwo) {
  const EncodedMetrics encoded = EncodeMetrics(Example(), cgroup::Layout::kV2);
  EXPECT_EQ(encoded.type, "io.containerd.cgroups.v2.Metrics");
  io::containerd::cgroups::v2::Metrics metrics;
  ASSERT_TRUE(metrics.ParseFromString(encoded.bytes));
  EXPECT_EQ(metrics.cpu().usage_usec(), 5000U);
  EXPECT_EQ(metrics.memory().anon(), 2048U);
  ASSERT_EQ(metrics.io().usage_size(), 1);
  EXPECT_EQ(metrics.io().usage(0).rbytes(), 7U);
  EXPECT_EQ(metrics.io().usage(0).wbytes(), 9U);
}

}  // namespace mayfly::shim
