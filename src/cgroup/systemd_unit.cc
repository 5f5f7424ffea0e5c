#include "cgroup/systemd_unit.h"

#include <charconv>

#include "cgroup/limits.h"
#include "cgroup/text.h"

namespace mayfly::cgroup {

using base::ErrorKind;
using base::Result;

namespace {

constexpr std::string_view kField = "linux.cgroupsPath";
constexpr uint64_t kSecondUs = 1000000;
constexpr uint64_t kDefaultPeriodUs = 100000;
constexpr unsigned kMaxProcessors = 8192;

uint64_t OrInfinity(int64_t value) { return value < 0 ? UINT64_MAX : static_cast<uint64_t>(value); }

std::string DefaultSlice(bool user) { return user ? "user.slice" : "system.slice"; }

bool IsUnitName(std::string_view name) {
  return !name.empty() && name.size() < 200 &&
         std::ranges::all_of(
             name,
             [](unsigned char c) {
               return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '\\' ||
                      c == '@' || c == ':';
             });
}

Result<unsigned> Number(std::string_view text, std::string_view field) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number >= kMaxProcessors) {
    return base::Fail(ErrorKind::kInvalid, "{}: \"{}\" is not a number", field, text);
  }
  return number;
}

// "0-2,4" as a mask, lowest bit first.
Result<std::vector<uint8_t>> Mask(std::string_view list, std::string_view field) {
  std::vector<uint8_t> mask;
  for (const std::string_view part : Split(list, ',')) {
    const size_t dash = part.find('-');
    MAYFLY_ASSIGN(const unsigned first, Number(part.substr(0, dash), field));
    unsigned last = first;
    if (dash != std::string_view::npos) {
      MAYFLY_ASSIGN(last, Number(part.substr(dash + 1), field));
    }
    for (unsigned number = first; number <= last; ++number) {
      mask.resize(std::max<size_t>(mask.size(), number / 8 + 1));
      mask[number / 8] |= static_cast<uint8_t>(1U << number % 8);
    }
  }
  return mask;
}

void AddMemory(const oci::Resources& resources, Tree tree, std::vector<Property>& properties) {
  const int64_t limit = resources.memory_limit_bytes.value_or(0);
  if (limit != 0) {
    properties.push_back({tree == Tree::kV1 ? "MemoryLimit" : "MemoryMax", OrInfinity(limit)});
  }
  if (tree == Tree::kV1) {
    return;  // swap and reservation have no property there
  }
  if (const int64_t swap = resources.memory_swap_bytes.value_or(0); swap != 0) {
    properties.push_back({"MemorySwapMax", OrInfinity(swap < 0 ? -1 : swap - limit)});
  }
  if (const int64_t low = resources.memory_reservation_bytes.value_or(0); low != 0) {
    properties.push_back({"MemoryLow", OrInfinity(low)});
  }
}

Result<void> AddCpu(const oci::Resources& resources, Tree tree, std::vector<Property>& properties) {
  if (const uint64_t shares = resources.cpu_shares.value_or(0); shares != 0) {
    if (tree == Tree::kV1) {
      properties.push_back({"CPUShares", shares});
    } else {
      properties.push_back({"CPUWeight", WeightFromShares(shares)});
    }
  }
  const uint64_t period = resources.cpu_period_us.value_or(0);
  if (period != 0) {
    properties.push_back({"CPUQuotaPeriodUSec", period});
  }
  if (const int64_t quota = resources.cpu_quota_us.value_or(0); quota != 0) {
    // systemd keeps whole percents: the next one, so that its limit is never the narrower.
    constexpr uint64_t kPercentUs = kSecondUs / 100;
    const uint64_t whole_period = period == 0 ? kDefaultPeriodUs : period;
    uint64_t per_second = UINT64_MAX;
    if (quota > 0 && static_cast<uint64_t>(quota) < UINT64_MAX / kSecondUs - whole_period) {
      per_second = static_cast<uint64_t>(quota) * kSecondUs / whole_period;
      per_second = (per_second + kPercentUs - 1) / kPercentUs * kPercentUs;
    }
    properties.push_back({"CPUQuotaPerSecUSec", per_second});
  }
  if (tree == Tree::kUnified && !resources.cpuset_cpus.empty()) {
    MAYFLY_ASSIGN(auto mask, Mask(resources.cpuset_cpus, "linux.resources.cpu.cpus"));
    properties.push_back({"AllowedCPUs", std::move(mask)});
  }
  if (tree == Tree::kUnified && !resources.cpuset_mems.empty()) {
    MAYFLY_ASSIGN(auto mask, Mask(resources.cpuset_mems, "linux.resources.cpu.mems"));
    properties.push_back({"AllowedMemoryNodes", std::move(mask)});
  }
  return {};
}

// The driver's name of a major number in /proc/devices; "" for one without a driver.
std::string DriverOf(std::string_view proc_devices, char type, std::string_view major) {
  const size_t split = std::min(proc_devices.find("Block devices:"), proc_devices.size());
  const auto section = type == 'b' ? proc_devices.substr(split) : proc_devices.substr(0, split);
  for (const std::string_view line : Split(section, '\n')) {
    const auto fields = Split(line, ' ');
    if (fields.size() == 2 && fields[0] == major) {
      return std::string(fields[1]);
    }
  }
  return "";
}

}  // namespace

bool IsUnitForm(std::string_view cgroups_path) {
  return !cgroups_path.starts_with('/') && std::ranges::count(cgroups_path, ':') == 2 &&
         cgroups_path.find('/') == std::string_view::npos;
}

std::string DefaultUnit(const std::string& id, bool user) {
  return fmt::format("{}:mayfly:{}", DefaultSlice(user), id);
}

Result<Unit> ParseUnit(const std::string& cgroups_path, const std::string& id, bool user) {
  const std::string whole = cgroups_path.empty() ? DefaultUnit(id, user) : cgroups_path;
  if (!IsUnitForm(whole)) {
    return base::Fail(ErrorKind::kInvalid,
                      "{}: \"{}\": --systemd-cgroup needs the form SLICE:PREFIX:NAME", kField,
                      whole);
  }
  const size_t first = whole.find(':');
  const size_t second = whole.find(':', first + 1);
  const std::string prefix = whole.substr(first + 1, second - first - 1);
  const std::string name = whole.substr(second + 1);
  Unit unit{.name = (prefix.empty() ? "" : prefix + "-") + name + ".scope",
            .slice = first == 0 ? DefaultSlice(user) : whole.substr(0, first),
            .user = user};
  if (name.empty() || !IsUnitName(unit.name)) {
    return base::Fail(ErrorKind::kInvalid, "{}: \"{}\" is not the name of a unit", kField,
                      unit.name);
  }
  MAYFLY_TRY(SlicePath(unit.slice));
  return unit;
}

Result<std::string> SlicePath(const std::string& slice) {
  constexpr std::string_view kSuffix = ".slice";
  if (slice == "-.slice") {
    return "";
  }
  const std::string name = slice.substr(0, slice.size() - std::min(slice.size(), kSuffix.size()));
  if (!slice.ends_with(kSuffix) || !IsUnitName(name) || name.starts_with('-') ||
      name.ends_with('-') || name.find("--") != std::string::npos) {
    return base::Fail(ErrorKind::kInvalid, "{}: \"{}\" is not the name of a slice", kField, slice);
  }
  std::string path;
  for (size_t dash = name.find('-'); dash != std::string::npos; dash = name.find('-', dash + 1)) {
    path += name.substr(0, dash) + ".slice/";
  }
  return path + slice;
}

Result<std::vector<Property>> LimitProperties(const oci::Resources& resources, Tree tree) {
  std::vector<Property> properties;
  AddMemory(resources, tree, properties);
  MAYFLY_TRY(AddCpu(resources, tree, properties));
  if (resources.pids_limit) {
    const int64_t limit = *resources.pids_limit;
    properties.push_back({"TasksMax", OrInfinity(limit == 0 ? -1 : limit)});
  }
  if (resources.block_io.weight) {
    properties.push_back({tree == Tree::kV1 ? "BlockIOWeight" : "IOWeight",
                          static_cast<uint64_t>(*resources.block_io.weight)});
  }
  return properties;
}

std::vector<Property> DeviceProperties(const DeviceList& list, std::string_view proc_devices) {
  if (list.allow_by_default) {
    return {};
  }
  std::vector<std::pair<std::string, std::string>> allowed;
  for (const std::string& line : list.exceptions) {  // "c 1:3 rwm"
    const auto fields = Split(line, ' ');
    const size_t colon = fields.size() == 3 ? fields[1].find(':') : std::string_view::npos;
    if (colon == std::string_view::npos) {
      continue;
    }
    const std::string_view kind = fields[0] == "b" ? "block" : "char";
    const std::string_view major = fields[1].substr(0, colon);
    const std::string_view minor = fields[1].substr(colon + 1);
    std::string device;
    if (major == "*") {
      device = fmt::format("{}-*", kind);
    } else if (minor != "*") {
      device = fmt::format("/dev/{}/{}", kind, fields[1]);
    } else if (const std::string driver = DriverOf(proc_devices, fields[0][0], major);
               !driver.empty()) {
      device = fmt::format("{}-{}", kind, driver);
    } else {
      continue;  // no device has such a number
    }
    allowed.emplace_back(std::move(device), fields[2]);
  }
  return {{"DevicePolicy", std::string("strict")}, {"DeviceAllow", std::move(allowed)}};
}

}  // namespace mayfly::cgroup
