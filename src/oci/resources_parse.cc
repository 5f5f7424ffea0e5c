#include <nlohmann/json.hpp>

#include "oci/spec_parse.h"

namespace mayfly::oci {

using base::JsonView;
using base::Result;

namespace {

Result<void> ParseDeviceRules(const JsonView& view, Resources* out) {
  MAYFLY_ASSIGN(const auto items, view.Items());
  for (const JsonView& item : items) {
    DeviceRule rule;
    MAYFLY_ASSIGN(const auto allow, item["allow"].Bool());
    rule.allow = allow.value_or(false);
    MAYFLY_ASSIGN(const auto type, item["type"].String());
    const std::string word = type.value_or("a").empty() ? "a" : type.value_or("a");
    if (word != "a" && word != "b" && word != "c") {
      return item["type"].Fail("expected a, b or c");
    }
    rule.type = word.front();
    MAYFLY_ASSIGN(rule.major, item["major"].Int());
    MAYFLY_ASSIGN(rule.minor, item["minor"].Int());
    // A negative number is "all", as is an absent one.
    if (rule.major.value_or(0) < 0) {
      rule.major.reset();
    }
    if (rule.minor.value_or(0) < 0) {
      rule.minor.reset();
    }
    MAYFLY_ASSIGN(const auto access, item["access"].String());
    rule.access = access.value_or("").empty() ? "rwm" : *access;
    if (rule.access.find_first_not_of("rwm") != std::string::npos) {
      return item["access"].Fail("expected letters of \"rwm\"");
    }
    out->devices.push_back(std::move(rule));
  }
  return {};
}

Result<void> ParseMemory(const JsonView& view, Resources* out) {
  MAYFLY_ASSIGN(out->memory_limit_bytes, view["limit"].Int());
  MAYFLY_ASSIGN(out->memory_reservation_bytes, view["reservation"].Int());
  MAYFLY_ASSIGN(out->memory_swap_bytes, view["swap"].Int());
  MAYFLY_ASSIGN(out->memory_swappiness, view["swappiness"].Uint());
  MAYFLY_ASSIGN(out->memory_disable_oom_killer, view["disableOOMKiller"].Bool());
  MAYFLY_ASSIGN(out->memory_kernel_tcp_bytes, view["kernelTCP"].Int());
  // The kernel dropped the limit of all kernel memory (Linux 5.16, 6.1): runc ignores it as well.
  const auto limited = [](const std::optional<int64_t>& bytes) { return bytes && *bytes > 0; };
  if (limited(out->memory_swap_bytes) && limited(out->memory_limit_bytes) &&
      *out->memory_swap_bytes < *out->memory_limit_bytes) {
    return view["swap"].Fail("is memory plus swap, and must not be below memory.limit");
  }
  return {};
}

Result<void> ParseCpu(const JsonView& view, Resources* out) {
  MAYFLY_ASSIGN(out->cpu_shares, view["shares"].Uint());
  MAYFLY_ASSIGN(out->cpu_quota_us, view["quota"].Int());
  MAYFLY_ASSIGN(out->cpu_period_us, view["period"].Uint());
  MAYFLY_ASSIGN(out->cpu_burst_us, view["burst"].Uint());
  MAYFLY_ASSIGN(out->cpu_idle, view["idle"].Int());
  MAYFLY_ASSIGN(out->cpu_realtime_runtime_us, view["realtimeRuntime"].Int());
  MAYFLY_ASSIGN(out->cpu_realtime_period_us, view["realtimePeriod"].Uint());
  MAYFLY_ASSIGN(const auto cpus, view["cpus"].String());
  MAYFLY_ASSIGN(const auto mems, view["mems"].String());
  out->cpuset_cpus = cpus.value_or("");
  out->cpuset_mems = mems.value_or("");
  return {};
}

}  // namespace

Result<void> ParseResources(const JsonView& view, Resources* out) {
  MAYFLY_TRY(ParseDeviceRules(view["devices"], out));
  MAYFLY_TRY(ParseMemory(view["memory"], out));
  MAYFLY_TRY(ParseCpu(view["cpu"], out));
  MAYFLY_ASSIGN(out->pids_limit, view["pids"]["limit"].Int());
  MAYFLY_ASSIGN(const auto unified, view["unified"].Members());
  for (const auto& [key, value] : unified) {
    MAYFLY_ASSIGN(const auto text, value.String());
    if (!text || key.empty() || key.find('/') != std::string::npos) {
      return value.Fail("expected a cgroup file's name and its content as a string");
    }
    out->unified[key] = *text;
  }
  return ParseDeviceLimits(view, out);
}

}  // namespace mayfly::oci
