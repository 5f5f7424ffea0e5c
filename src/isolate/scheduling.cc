#include "isolate/scheduling.h"

#include <sched.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <climits>
#include <string_view>

namespace mayfly::isolate {

using base::ErrorKind;
using base::Fail;
using base::FailErrno;
using base::Result;

namespace {

constexpr unsigned kMaxBits = 1024;  // CPU_SETSIZE, and the kernel's highest node number
constexpr unsigned kWordBits = sizeof(unsigned long) * CHAR_BIT;
using Bits = std::array<unsigned long, kMaxBits / kWordBits>;

// struct sched_attr of the kernel, which libc's headers do not have.
struct SchedulerAttributes {
  uint32_t size;
  uint32_t policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime_ns;
  uint64_t deadline_ns;
  uint64_t period_ns;
};

// "0-3,7" as a bit mask.
Result<Bits> ParseList(std::string_view text, const std::string& field) {
  Bits bits{};
  const std::string whole(text);
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    unsigned first = 0;
    unsigned last = 0;
    const char* const end = part.data() + part.size();
    auto read = std::from_chars(part.data(), end, first);
    last = first;
    if (read.ec == std::errc() && read.ptr != end && *read.ptr == '-') {
      read = std::from_chars(read.ptr + 1, end, last);
    }
    if (read.ec != std::errc() || read.ptr != end || last < first || last >= kMaxBits) {
      return Fail(ErrorKind::kInvalid, "{}: \"{}\" is not a list of numbers below {}", field, whole,
                  kMaxBits);
    }
    for (unsigned number = first; number <= last; ++number) {
      bits[number / kWordBits] |= 1UL << (number % kWordBits);
    }
  }
  return bits;
}

}  // namespace

Result<void> SetScheduler(const oci::Scheduler& scheduler) {
  const SchedulerAttributes attributes{.size = sizeof(SchedulerAttributes),
                                       .policy = scheduler.policy,
                                       .flags = scheduler.flags,
                                       .nice = scheduler.nice,
                                       .priority = scheduler.priority,
                                       .runtime_ns = scheduler.runtime_ns,
                                       .deadline_ns = scheduler.deadline_ns,
                                       .period_ns = scheduler.period_ns};
  if (::syscall(SYS_sched_setattr, 0, &attributes, 0) != 0) {
    return FailErrno("process.scheduler");
  }
  return {};
}

Result<void> SetIoPriority(const oci::IoPriority& priority) {
  constexpr int kClassShift = 13;  // linux/ioprio.h
  constexpr int kOneProcess = 1;   // IOPRIO_WHO_PROCESS
  const int value = (priority.io_class << kClassShift) | priority.priority;
  if (::syscall(SYS_ioprio_set, kOneProcess, 0, value) != 0) {
    return FailErrno("process.ioPriority");
  }
  return {};
}

Result<void> SetPersonality(unsigned long domain) {
  if (::personality(domain) < 0) {
    return FailErrno("linux.personality.domain");
  }
  return {};
}

Result<void> SetMemoryPolicy(const oci::MemoryPolicy& policy) {
  MAYFLY_ASSIGN(const Bits nodes, ParseList(policy.nodes, "linux.memoryPolicy.nodes"));
  // The kernel takes one bit less than it is told (set_mempolicy(2), BUGS).
  const bool none = policy.nodes.empty();
  if (::syscall(SYS_set_mempolicy, policy.mode, none ? nullptr : nodes.data(),
                none ? 0 : kMaxBits + 1) != 0) {
    return FailErrno("linux.memoryPolicy");
  }
  return {};
}

Result<void> SetCpuAffinity(const std::string& cpus, const std::string& field) {
  MAYFLY_ASSIGN(const Bits bits, ParseList(cpus, field));
  if (::syscall(SYS_sched_setaffinity, 0, sizeof bits, bits.data()) < 0) {
    return FailErrno("{}: processors {}", field, cpus);
  }
  return {};
}

}  // namespace mayfly::isolate
