#include "shim/metrics.h"

#include <metrics_v1.pb.h>
#include <metrics_v2.pb.h>

namespace mayfly::shim {

namespace {

namespace v1 = io::containerd::cgroups::v1;
namespace v2 = io::containerd::cgroups::v2;

uint64_t Raw(const cgroup::Stats& stats, const char* key) {
  const auto found = stats.memory.raw.find(key);
  return found == stats.memory.raw.end() ? 0 : found->second;
}

void Fill(v1::MemoryEntry* entry, const cgroup::MemoryCounter& counter) {
  entry->set_limit(counter.limit_bytes);
  entry->set_usage(counter.usage_bytes);
  entry->set_max(counter.max_usage_bytes);
  entry->set_failcnt(counter.failures);
}

void Fill(v1::BlkIOEntry* out, const cgroup::BlockIoEntry& entry) {
  out->set_op(entry.operation);
  out->set_major(entry.major);
  out->set_minor(entry.minor);
  out->set_value(entry.value);
}

void FillMemory(v1::MemoryStat* memory, const cgroup::Stats& stats) {
  memory->set_cache(Raw(stats, "cache"));
  memory->set_rss(Raw(stats, "rss"));
  memory->set_rss_huge(Raw(stats, "rss_huge"));
  memory->set_mapped_file(Raw(stats, "mapped_file"));
  memory->set_dirty(Raw(stats, "dirty"));
  memory->set_writeback(Raw(stats, "writeback"));
  memory->set_pg_pg_in(Raw(stats, "pgpgin"));
  memory->set_pg_pg_out(Raw(stats, "pgpgout"));
  memory->set_pg_fault(Raw(stats, "pgfault"));
  memory->set_pg_maj_fault(Raw(stats, "pgmajfault"));
  memory->set_inactive_anon(Raw(stats, "inactive_anon"));
  memory->set_active_anon(Raw(stats, "active_anon"));
  memory->set_inactive_file(Raw(stats, "inactive_file"));
  memory->set_active_file(Raw(stats, "active_file"));
  memory->set_unevictable(Raw(stats, "unevictable"));
  memory->set_hierarchical_memory_limit(Raw(stats, "hierarchical_memory_limit"));
  memory->set_hierarchical_swap_limit(Raw(stats, "hierarchical_memsw_limit"));
  memory->set_total_cache(Raw(stats, "total_cache"));
  memory->set_total_rss(Raw(stats, "total_rss"));
  memory->set_total_rss_huge(Raw(stats, "total_rss_huge"));
  memory->set_total_mapped_file(Raw(stats, "total_mapped_file"));
  memory->set_total_dirty(Raw(stats, "total_dirty"));
  memory->set_total_writeback(Raw(stats, "total_writeback"));
  memory->set_total_pg_pg_in(Raw(stats, "total_pgpgin"));
  memory->set_total_pg_pg_out(Raw(stats, "total_pgpgout"));
  memory->set_total_pg_fault(Raw(stats, "total_pgfault"));
  memory->set_total_pg_maj_fault(Raw(stats, "total_pgmajfault"));
  memory->set_total_inactive_anon(Raw(stats, "total_inactive_anon"));
  memory->set_total_active_anon(Raw(stats, "total_active_anon"));
  memory->set_total_inactive_file(Raw(stats, "total_inactive_file"));
  memory->set_total_active_file(Raw(stats, "total_active_file"));
  memory->set_total_unevictable(Raw(stats, "total_unevictable"));
  Fill(memory->mutable_usage(), stats.memory.usage);
  Fill(memory->mutable_swap(), stats.memory.swap);
  Fill(memory->mutable_kernel(), stats.memory.kernel);
  Fill(memory->mutable_kernel_tcp(), stats.memory.kernel_tcp);
}

v1::Metrics ToV1(const cgroup::Stats& stats) {
  v1::Metrics metrics;
  metrics.mutable_pids()->set_current(stats.pids.current);
  metrics.mutable_pids()->set_limit(stats.pids.limit);
  v1::CPUUsage* usage = metrics.mutable_cpu()->mutable_usage();
  usage->set_total(stats.cpu.total_ns);
  usage->set_kernel(stats.cpu.kernel_ns);
  usage->set_user(stats.cpu.user_ns);
  for (const uint64_t value : stats.cpu.per_cpu_ns) {
    usage->add_per_cpu(value);
  }
  v1::Throttle* throttling = metrics.mutable_cpu()->mutable_throttling();
  throttling->set_periods(stats.cpu.periods);
  throttling->set_throttled_periods(stats.cpu.throttled_periods);
  throttling->set_throttled_time(stats.cpu.throttled_ns);
  FillMemory(metrics.mutable_memory(), stats);
  for (const auto& entry : stats.io_service_bytes) {
    Fill(metrics.mutable_blkio()->add_io_service_bytes_recursive(), entry);
  }
  for (const auto& entry : stats.io_serviced) {
    Fill(metrics.mutable_blkio()->add_io_serviced_recursive(), entry);
  }
  for (const auto& [size, counter] : stats.hugetlb) {
    v1::HugetlbStat* entry = metrics.add_hugetlb();
    entry->set_pagesize(size);
    entry->set_usage(counter.usage_bytes);
    entry->set_max(counter.max_usage_bytes);
    entry->set_failcnt(counter.failures);
  }
  return metrics;
}

void FillMemory(v2::MemoryStat* memory, const cgroup::Stats& stats) {
  memory->set_anon(Raw(stats, "anon"));
  memory->set_file(Raw(stats, "file"));
  memory->set_kernel_stack(Raw(stats, "kernel_stack"));
  memory->set_slab(Raw(stats, "slab"));
  memory->set_sock(Raw(stats, "sock"));
  memory->set_shmem(Raw(stats, "shmem"));
  memory->set_file_mapped(Raw(stats, "file_mapped"));
  memory->set_file_dirty(Raw(stats, "file_dirty"));
  memory->set_file_writeback(Raw(stats, "file_writeback"));
  memory->set_anon_thp(Raw(stats, "anon_thp"));
  memory->set_inactive_anon(Raw(stats, "inactive_anon"));
  memory->set_active_anon(Raw(stats, "active_anon"));
  memory->set_inactive_file(Raw(stats, "inactive_file"));
  memory->set_active_file(Raw(stats, "active_file"));
  memory->set_unevictable(Raw(stats, "unevictable"));
  memory->set_slab_reclaimable(Raw(stats, "slab_reclaimable"));
  memory->set_slab_unreclaimable(Raw(stats, "slab_unreclaimable"));
  memory->set_pgfault(Raw(stats, "pgfault"));
  memory->set_pgmajfault(Raw(stats, "pgmajfault"));
  memory->set_usage(stats.memory.usage.usage_bytes);
  memory->set_usage_limit(stats.memory.usage.limit_bytes);
  memory->set_max_usage(stats.memory.usage.max_usage_bytes);
  // The runtime's figure is memory plus swap; the message has swap alone.
  const auto& swap = stats.memory.swap;
  const uint64_t used = stats.memory.usage.usage_bytes;
  memory->set_swap_usage(swap.usage_bytes > used ? swap.usage_bytes - used : 0);
  memory->set_swap_limit(swap.limit_bytes);
}

v2::Metrics ToV2(const cgroup::Stats& stats) {
  constexpr uint64_t kNanosecondsPerMicrosecond = 1000;
  v2::Metrics metrics;
  metrics.mutable_pids()->set_current(stats.pids.current);
  metrics.mutable_pids()->set_limit(stats.pids.limit);
  v2::CPUStat* cpu = metrics.mutable_cpu();
  cpu->set_usage_usec(stats.cpu.total_ns / kNanosecondsPerMicrosecond);
  cpu->set_user_usec(stats.cpu.user_ns / kNanosecondsPerMicrosecond);
  cpu->set_system_usec(stats.cpu.kernel_ns / kNanosecondsPerMicrosecond);
  cpu->set_nr_periods(stats.cpu.periods);
  cpu->set_nr_throttled(stats.cpu.throttled_periods);
  cpu->set_throttled_usec(stats.cpu.throttled_ns / kNanosecondsPerMicrosecond);
  FillMemory(metrics.mutable_memory(), stats);
  std::map<std::pair<uint64_t, uint64_t>, v2::IOEntry*> devices;
  const auto device = [&](const cgroup::BlockIoEntry& entry) {
    v2::IOEntry*& found = devices[{entry.major, entry.minor}];
    if (found == nullptr) {
      found = metrics.mutable_io()->add_usage();
      found->set_major(entry.major);
      found->set_minor(entry.minor);
    }
    return found;
  };
  for (const auto& entry : stats.io_service_bytes) {
    v2::IOEntry* out = device(entry);
    entry.operation == "Read" ? out->set_rbytes(entry.value) : out->set_wbytes(entry.value);
  }
  for (const auto& entry : stats.io_serviced) {
    v2::IOEntry* out = device(entry);
    entry.operation == "Read" ? out->set_rios(entry.value) : out->set_wios(entry.value);
  }
  for (const auto& [size, counter] : stats.hugetlb) {
    v2::HugeTlbStat* entry = metrics.add_hugetlb();
    entry->set_pagesize(size);
    entry->set_current(counter.usage_bytes);
    entry->set_max(counter.limit_bytes);
  }
  return metrics;
}

}  // namespace

EncodedMetrics EncodeMetrics(const cgroup::Stats& stats, cgroup::Layout layout) {
  if (layout == cgroup::Layout::kV2) {
    return {"io.containerd.cgroups.v2.Metrics", ToV2(stats).SerializeAsString()};
  }
  return {"io.containerd.cgroups.v1.Metrics", ToV1(stats).SerializeAsString()};
}

}  // namespace mayfly::shim
