#include "lab/run/loads.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/file.h"
#include "lab/run/cell_runner.h"
#include "lab/run/context.h"
#include "lab/run/csv_file.h"
#include "lab/run/memory_use.h"

namespace mayfly::lab {
namespace {

using base::Result;
using Clock = std::chrono::steady_clock;

constexpr int64_t kStartTimeoutMs = 20'000;
constexpr int64_t kSettleMs = 500;  // until the last container waits as the others do
constexpr size_t kStarters = 4;     // containers started at a time
constexpr size_t kRemovers = 8;

int64_t MsSince(Clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count();
}

std::string IdPrefix(const char* kind) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return fmt::format("lab-{}-{:x}", kind, int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000);
}

void Say(const std::string& line) { fmt::print(stderr, "{}\n", line); }

// Runs `work(n)` for 0 … count-1 by several workers until one returns false.
template <typename Work>
void InParallel(int64_t count, size_t workers, Work work) {
  std::atomic<int64_t> next = 0;
  std::atomic<bool> stop = false;
  std::vector<std::jthread> threads;
  threads.reserve(workers);
  for (size_t i = 0; i < workers; ++i) {
    threads.emplace_back([&] {
      for (int64_t n = next++; n < count && !stop; n = next++) {
        if (!work(n)) {
          stop = true;
        }
      }
    });
  }
}

// One environment's containers, held until the object goes.
class Held {
 public:
  Held(const Cell& cell, const LoadContext& context)
      : cell_(cell), context_(context), prefix_(IdPrefix("held")) {}
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() {
    InParallel(started_, kRemovers, [this](int64_t n) {
      ProcessRunner runner;
      for (const Argv& argv : cell_.cleanup) {
        static_cast<void>(runner.Run({.argv = WithId(argv, Id(n)), .env = {}}, kStartTimeoutMs));
      }
      return true;
    });
  }

  // Starts containers until there are `count`; the reason why not, when it stops before.
  std::string GrowTo(int64_t count, const DensityPlan& plan, Clock::time_point begin) {
    std::mutex mutex;
    std::string reason;
    const int64_t first = started_;
    std::atomic<int64_t> tried = 0;
    InParallel(count - first, kStarters, [&](int64_t n) {
      std::string why = Start(first + n, plan, begin, tried);
      if (why.empty()) {
        return true;
      }
      const std::scoped_lock lock(mutex);
      reason = reason.empty() ? why : reason;
      return false;
    });
    started_ = first + tried;
    return reason;
  }

 private:
  std::string Id(int64_t n) const { return fmt::format("{}-{}", prefix_, n); }

  std::string Start(int64_t n, const DensityPlan& plan, Clock::time_point begin,
                    std::atomic<int64_t>& tried) {
    if (context_.interrupt.Pending()) {
      return "interrupted";
    }
    if (MsSince(begin) > plan.time_s * 1000) {
      return "time";
    }
    if (AvailableKib() < plan.min_free_mib * 1024) {
      return "memory";
    }
    ++tried;
    ProcessRunner runner(context_.interrupt.fd());
    const auto outcome = runner.Run(
        {.argv = WithId(cell_.command.argv, Id(n)), .env = cell_.command.env}, kStartTimeoutMs);
    if (!outcome) {
      return "failed: " + outcome.error().text();
    }
    const std::string why = Mismatch({}, *outcome, kStartTimeoutMs);
    return why.empty() ? "" : "failed: " + why;
  }

  const Cell& cell_;
  const LoadContext& context_;
  const std::string prefix_;
  int64_t started_ = 0;
};

Result<void> MeasureDensity(const Cell& cell, const DensityPlan& plan, const LoadContext& context,
                            CsvFile& file) {
  const std::string& socket = context.plan.containerd;
  const int64_t available_kib = AvailableKib();
  const int64_t pss_before_kib = PssOfShimsKib(socket);
  const auto begin = Clock::now();
  Held held(cell, context);
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const int64_t count = plan.steps[i];
    const std::string reason = held.GrowTo(count, plan, begin);
    if (reason == "interrupted") {
      return {};
    }
    if (!reason.empty()) {
      Say(fmt::format("density: {}: {} containers are not held: {}", cell.environment, count,
                      reason));
      return file.Add({cell.environment, cell.image, std::to_string(count), "", "", "", reason});
    }
    const int64_t started_ms = MsSince(begin);
    if (context.interrupt.Wait(kSettleMs)) {
      return {};
    }
    const int64_t pss_kib = PssOfShimsKib(socket) - pss_before_kib;
    Say(fmt::format("density: {}: {} containers, {} KiB each", cell.environment, count,
                    pss_kib / count));
    MAYFLY_TRY(
        file.Add({cell.environment, cell.image, std::to_string(count),
                  std::to_string(pss_kib / count), std::to_string(available_kib - AvailableKib()),
                  std::to_string(started_ms), i + 1 == plan.steps.size() ? "done" : "step"}));
  }
  return {};
}

// Containers one after the other by `concurrency` workers until the time is over.
Result<void> MeasureThroughput(const Cell& cell, int64_t concurrency, int64_t repeat,
                               const ThroughputPlan& plan, const LoadContext& context,
                               CsvFile& file) {
  MAYFLY_TRY(MakeContext(cell.context));
  const std::string prefix = IdPrefix("load");
  const auto begin = Clock::now();
  const auto end = begin + std::chrono::seconds(plan.time_s);
  std::atomic<int64_t> finished = 0;
  std::atomic<int64_t> failed = 0;
  InParallel(INT64_MAX, static_cast<size_t>(concurrency), [&](int64_t n) {
    ProcessRunner runner(context.interrupt.fd());
    const std::string id = fmt::format("{}-{}", prefix, n);
    const auto outcome = runner.Run(
        {.argv = WithId(cell.command.argv, id), .env = cell.command.env}, context.plan.timeout_ms);
    const bool good = outcome && Mismatch(cell.expected, *outcome, 0).empty();
    ++(good ? finished : failed);
    if (!good) {
      ProcessRunner cleaner;
      for (const Argv& argv : cell.cleanup) {
        static_cast<void>(cleaner.Run({.argv = WithId(argv, id), .env = {}}, kStartTimeoutMs));
      }
    }
    return Clock::now() < end && !context.interrupt.Pending();
  });
  if (context.interrupt.Pending()) {
    return {};
  }
  const int64_t elapsed_ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin).count();
  Say(fmt::format("throughput: {}, {} at a time: {:.1f} a second{}", cell.environment, concurrency,
                  static_cast<double>(finished) * 1e9 / static_cast<double>(elapsed_ns),
                  failed > 0 ? fmt::format(", {} failed", failed.load()) : ""));
  return file.Add({cell.environment, cell.image, std::to_string(concurrency),
                   std::to_string(repeat), std::to_string(finished), std::to_string(failed),
                   std::to_string(elapsed_ns)});
}

// The milliseconds that the commands take together; empty when one fails.
std::string TimeOf(const std::vector<Argv>& commands, const ImageItem& item,
                   const Interrupt& interrupt) {
  ProcessRunner runner(interrupt.fd());
  int64_t total_ns = 0;
  for (const Argv& argv : commands) {
    const auto outcome = runner.Run({.argv = argv, .env = {}}, 120'000);
    const std::string why = outcome ? Mismatch({}, *outcome, 120'000) : outcome.error().text();
    if (!why.empty()) {
      Say(fmt::format("images: {}: {}", item.reference, why));
      return "";
    }
    total_ns += outcome->total_ns;
  }
  return fmt::format("{:.3f}", static_cast<double>(total_ns) / 1e6);
}

}  // namespace

Result<void> RunDensity(const LoadContext& context) {
  if (!context.plan.density) {
    return {};
  }
  const std::string hold = context.out + "/hold";
  MAYFLY_TRY(base::MakeDirs(hold, 0755));
  // A guest that opens it for reading waits for a writer, who never comes.
  if (::mkfifo((hold + "/wait").c_str(), 0644) != 0 && errno != EEXIST) {
    return base::FailErrno("make {}/wait", hold);
  }
  MAYFLY_ASSIGN(CsvFile file, CsvFile::Open(context.out + "/density.csv",
                                            "environment,image,containers,pss_per_container_kib,"
                                            "memory_used_kib,start_ms,end_reason"));
  for (const Cell& cell : context.plan.density->cells) {
    if (!file.Has({cell.environment}) && !context.interrupt.Pending()) {
      MAYFLY_TRY(MeasureDensity(cell, *context.plan.density, context, file));
    }
  }
  std::error_code error;
  std::filesystem::remove_all(hold, error);
  return {};
}

Result<void> RunThroughput(const LoadContext& context) {
  if (!context.plan.throughput) {
    return {};
  }
  const ThroughputPlan& plan = *context.plan.throughput;
  MAYFLY_ASSIGN(CsvFile file,
                CsvFile::Open(context.out + "/throughput.csv",
                              "environment,image,concurrency,repeat,finished,failed,elapsed_ns"));
  // Environments side by side at each concurrency, so that drift reaches all of them.
  for (int64_t repeat = 0; repeat < plan.repeats; ++repeat) {
    for (const int64_t concurrency : plan.concurrency) {
      for (const Cell& cell : plan.cells) {
        const bool done = file.Has(
            {cell.environment, cell.image, std::to_string(concurrency), std::to_string(repeat)});
        if (!done && !context.interrupt.Pending()) {
          MAYFLY_TRY(MeasureThroughput(cell, concurrency, repeat, plan, context, file));
        }
      }
    }
  }
  return {};
}

Result<void> RunImages(const LoadContext& context) {
  if (!context.plan.images) {
    return {};
  }
  MAYFLY_ASSIGN(CsvFile file,
                CsvFile::Open(context.out + "/images.csv",
                              "function,environment,reference,compressed_bytes,unpacked_bytes,"
                              "module_bytes,pull_ms,unpack_ms"));
  for (const ImageItem& item : context.plan.images->items) {
    if (file.Has({item.function, item.environment}) || context.interrupt.Pending()) {
      continue;
    }
    struct stat program{};
    const bool there = ::stat(item.program.c_str(), &program) == 0;
    const std::string pull_ms = TimeOf(item.pull, item, context.interrupt);
    const std::string unpack_ms =
        pull_ms.empty() ? "" : TimeOf(item.unpack, item, context.interrupt);
    ProcessRunner cleaner;
    for (const Argv& argv : item.cleanup) {
      static_cast<void>(cleaner.Run({.argv = argv, .env = {}}, kStartTimeoutMs));
    }
    if (context.interrupt.Pending()) {
      break;
    }
    MAYFLY_TRY(file.Add({item.function, item.environment, item.reference,
                         std::to_string(item.compressed_bytes), std::to_string(item.unpacked_bytes),
                         there ? std::to_string(program.st_size) : "", pull_ms, unpack_ms}));
  }
  return {};
}

Result<void> RunLoads(const LoadContext& context) {
  MAYFLY_TRY(RunImages(context));
  MAYFLY_TRY(RunThroughput(context));
  return RunDensity(context);
}

}  // namespace mayfly::lab
