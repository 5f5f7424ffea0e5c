// What a container's start pays for its cgroup: Create, a child that joins, Remove, on the real
// kernel.
//
//   cgroup_bench                       tight loop, each way of joining
//   MAYFLY_BENCH_PAUSE_MS=1000 cgroup_bench --benchmark_min_time=0.05
//                                      one start a second: joining from outside then waits for an
//                                      RCU grace period
//
// Needs root. Times are of the parent's clock; "join_us" is the part from fork to joined.
#include <benchmark/benchmark.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>

#include "base/process.h"
#include "cgroup/cgroup.h"

namespace mayfly::cgroup {
namespace {

using Clock = std::chrono::steady_clock;

double Microseconds(Clock::time_point since) {
  return std::chrono::duration<double, std::micro>(Clock::now() - since).count();
}

enum class How : unsigned char { kFromOutside, kFromInside };

base::Result<void> StartOnce(const Host& host, How how, double& join_us) {
  MAYFLY_ASSIGN(const auto group, Cgroup::Open(host, "/mayfly-bench/c1", "c1"));
  MAYFLY_TRY(group->CreateBirthplace());
  MAYFLY_TRY(group->Create({}));
  int ready[2];
  int go[2];
  if (::pipe(ready) != 0 || ::pipe(go) != 0) {
    return base::FailErrno("pipe");
  }
  const auto forked = Clock::now();
  const bool inside = how == How::kFromInside;
  MAYFLY_ASSIGN(const base::Child child, base::Spawn(0, inside ? group->CloneIntoFd() : -1, [&] {
                  char byte = inside && !group->JoinSelf() ? 'e' : 'o';
                  ::close(go[1]);
                  return ::write(ready[1], &byte, 1) == 1 && ::read(go[0], &byte, 1) == 0 ? 0 : 1;
                }));
  char byte = 'e';
  if (!inside) {
    MAYFLY_TRY(group->Join(child.pid));
  }
  if (::read(ready[0], &byte, 1) != 1 || byte != 'o') {
    return base::Fail(base::ErrorKind::kSystem, "the child did not join");
  }
  join_us += Microseconds(forked);
  for (const int fd : {ready[0], ready[1], go[0], go[1]}) {
    ::close(fd);
  }
  MAYFLY_TRY(base::WaitForExit(child.pid));
  return group->Remove();
}

void BM_Start(benchmark::State& state, How how) {
  const char* pause = ::getenv("MAYFLY_BENCH_PAUSE_MS");
  const int pause_ms = pause == nullptr ? 0 : ::atoi(pause);
  const auto host = DetectHost();
  if (::geteuid() != 0 || !host) {
    state.SkipWithError(host ? "needs root" : host.error().text().c_str());
    return;
  }
  double join_us = 0;
  for (auto _ : state) {
    ::usleep(pause_ms * 1000);
    const auto start = Clock::now();
    if (const auto done = StartOnce(*host, how, join_us); !done) {
      state.SkipWithError(done.error().text().c_str());
      break;
    }
    state.SetIterationTime(Microseconds(start) / 1e6);
  }
  state.counters["join_us"] = benchmark::Counter(join_us, benchmark::Counter::kAvgIterations);
  for (const Hierarchy& hierarchy : host->hierarchies) {
    ::rmdir((hierarchy.mount_point + "/mayfly-bench").c_str());
  }
}
BENCHMARK_CAPTURE(BM_Start, from_outside, How::kFromOutside)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Start, from_inside, How::kFromInside)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

void BM_Detect(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(DetectHost());
  }
}
BENCHMARK(BM_Detect)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace mayfly::cgroup

BENCHMARK_MAIN();
