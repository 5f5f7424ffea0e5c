// Where and when a process runs: process.scheduler, ioPriority and execCPUAffinity,
// linux.personality and memoryPolicy.
//
// Sources: sched_setattr(2), ioprio_set(2), personality(2), set_mempolicy(2); linux/sched.h and
// linux/mempolicy.h for the numbers.
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <sys/personality.h>

#include <array>
#include <nlohmann/json.hpp>
#include <span>

#include "oci/spec_parse.h"

namespace mayfly::oci {

using base::ErrorKind;
using base::JsonView;
using base::Result;

namespace {

using Words = std::span<const std::pair<std::string_view, uint64_t>>;

constexpr std::array<std::pair<std::string_view, uint64_t>, 7> kPolicies = {
    {{"SCHED_OTHER", SCHED_NORMAL},
     {"SCHED_FIFO", SCHED_FIFO},
     {"SCHED_RR", SCHED_RR},
     {"SCHED_BATCH", SCHED_BATCH},
     {"SCHED_ISO", 4},
     {"SCHED_IDLE", SCHED_IDLE},
     {"SCHED_DEADLINE", SCHED_DEADLINE}}};

constexpr std::array<std::pair<std::string_view, uint64_t>, 7> kSchedulerFlags = {
    {{"SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK},
     {"SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM},
     {"SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN},
     {"SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY},
     {"SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS},
     {"SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN},
     {"SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX}}};

// The numbers of linux/ioprio.h, which some versions of C++ cannot include.
constexpr std::array<std::pair<std::string_view, uint64_t>, 3> kIoClasses = {
    {{"IOPRIO_CLASS_RT", 1}, {"IOPRIO_CLASS_BE", 2}, {"IOPRIO_CLASS_IDLE", 3}}};

constexpr std::array<std::pair<std::string_view, uint64_t>, 2> kDomains = {
    {{"LINUX", PER_LINUX}, {"LINUX32", PER_LINUX32}}};

constexpr std::array<std::pair<std::string_view, uint64_t>, 7> kMemoryModes = {
    {{"MPOL_DEFAULT", MPOL_DEFAULT},
     {"MPOL_PREFERRED", MPOL_PREFERRED},
     {"MPOL_BIND", MPOL_BIND},
     {"MPOL_INTERLEAVE", MPOL_INTERLEAVE},
     {"MPOL_LOCAL", MPOL_LOCAL},
     {"MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY},
     {"MPOL_WEIGHTED_INTERLEAVE", 6}}};

constexpr std::array<std::pair<std::string_view, uint64_t>, 3> kMemoryFlags = {
    {{"MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES},
     {"MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES},
     {"MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING}}};

Result<uint64_t> Number(const JsonView& view, Words words) {
  MAYFLY_ASSIGN(const auto text, view.String());
  for (const auto& [word, number] : words) {
    if (word == text.value_or("")) {
      return number;
    }
  }
  return view.Fail(fmt::format("unknown value \"{}\"", text.value_or("")));
}

Result<uint64_t> Flags(const JsonView& view, Words words) {
  uint64_t flags = 0;
  MAYFLY_ASSIGN(const auto items, view.Items());
  for (const JsonView& item : items) {
    MAYFLY_ASSIGN(const uint64_t flag, Number(item, words));
    flags |= flag;
  }
  return flags;
}

bool AsksFor(const JsonView& view) {
  return view.present() && !(view.raw().is_object() && view.raw().empty());
}

// Digits, commas and ranges: "0-3,7".
bool IsList(const std::string& text) {
  return text.find_first_not_of("0123456789,-") == std::string::npos;
}

Result<void> ParseScheduler(const JsonView& view, Process* process) {
  if (!AsksFor(view)) {
    return {};
  }
  Scheduler scheduler;
  MAYFLY_ASSIGN(const uint64_t policy, Number(view["policy"], kPolicies));
  MAYFLY_ASSIGN(const auto nice, view["nice"].Int());
  MAYFLY_ASSIGN(const auto priority, view["priority"].Int());
  MAYFLY_ASSIGN(scheduler.flags, Flags(view["flags"], kSchedulerFlags));
  MAYFLY_ASSIGN(const auto runtime, view["runtime"].Uint());
  MAYFLY_ASSIGN(const auto deadline, view["deadline"].Uint());
  MAYFLY_ASSIGN(const auto period, view["period"].Uint());
  if (nice.value_or(0) < -20 || nice.value_or(0) > 19) {
    return view["nice"].Fail("must be from -20 to 19");
  }
  const bool realtime = policy == SCHED_FIFO || policy == SCHED_RR;
  if (priority.value_or(0) != 0 && !realtime) {
    return view["priority"].Fail("is for SCHED_FIFO and SCHED_RR");
  }
  if (priority.value_or(0) < 0 || priority.value_or(0) > 99) {
    return view["priority"].Fail("must be from 0 to 99");
  }
  for (const char* name : {"runtime", "deadline", "period"}) {
    MAYFLY_ASSIGN(const auto value, view[name].Uint());
    if (value.value_or(0) != 0 && policy != SCHED_DEADLINE) {
      return view[name].Fail("is for SCHED_DEADLINE");
    }
  }
  scheduler.policy = static_cast<uint32_t>(policy);
  scheduler.nice = static_cast<int32_t>(nice.value_or(0));
  scheduler.priority = static_cast<uint32_t>(priority.value_or(0));
  scheduler.runtime_ns = runtime.value_or(0);
  scheduler.deadline_ns = deadline.value_or(0);
  scheduler.period_ns = period.value_or(0);
  process->scheduler = scheduler;
  return {};
}

Result<void> ParseIoPriority(const JsonView& view, Process* process) {
  if (!AsksFor(view)) {
    return {};
  }
  MAYFLY_ASSIGN(const uint64_t io_class, Number(view["class"], kIoClasses));
  MAYFLY_ASSIGN(const auto priority, view["priority"].Int());
  if (priority.value_or(0) < 0 || priority.value_or(0) > 7) {
    return view["priority"].Fail("must be from 0 to 7");
  }
  process->io_priority =
      IoPriority{static_cast<int>(io_class), static_cast<int>(priority.value_or(0))};
  return {};
}

Result<void> ParseAffinity(const JsonView& view, Process* process) {
  if (!AsksFor(view)) {
    return {};
  }
  CpuAffinity affinity;
  MAYFLY_ASSIGN(const auto initial, view["initial"].String());
  MAYFLY_ASSIGN(const auto final, view["final"].String());
  affinity.initial = initial.value_or("");
  affinity.final = final.value_or("");
  for (const auto& [name, text] :
       {std::pair("initial", affinity.initial), std::pair("final", affinity.final)}) {
    if (!IsList(text)) {
      return view[name].Fail(fmt::format("\"{}\" is not a list of processors", text));
    }
  }
  process->exec_cpu_affinity = affinity;
  return {};
}

}  // namespace

Result<void> ParseScheduling(const JsonView& view, Process* process) {
  MAYFLY_TRY(ParseScheduler(view["scheduler"], process));
  MAYFLY_TRY(ParseIoPriority(view["ioPriority"], process));
  return ParseAffinity(view["execCPUAffinity"], process);
}

Result<void> ParsePlacement(const JsonView& view, Linux* out) {
  const JsonView personality = view["personality"];
  if (AsksFor(personality)) {
    MAYFLY_ASSIGN(out->personality, Number(personality["domain"], kDomains));
    MAYFLY_ASSIGN(const auto flags, personality["flags"].Items());
    if (!flags.empty()) {
      return personality["flags"].Fail("the runtime-spec defines none", ErrorKind::kUnsupported);
    }
  }
  const JsonView memory = view["memoryPolicy"];
  if (AsksFor(memory)) {
    MAYFLY_ASSIGN(const uint64_t mode, Number(memory["mode"], kMemoryModes));
    MAYFLY_ASSIGN(const uint64_t flags, Flags(memory["flags"], kMemoryFlags));
    MAYFLY_ASSIGN(const auto nodes, memory["nodes"].String());
    if (!IsList(nodes.value_or(""))) {
      return memory["nodes"].Fail(fmt::format("\"{}\" is not a list of nodes", *nodes));
    }
    out->memory_policy = MemoryPolicy{static_cast<int>(mode | flags), nodes.value_or("")};
  }
  return {};
}

}  // namespace mayfly::oci
