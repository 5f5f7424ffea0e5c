#include "cgroup/devices.h"

#include <algorithm>

namespace mayfly::cgroup {

using base::ErrorKind;
using base::Result;

namespace {

constexpr DeviceEntry Allowed(int64_t major, int64_t minor, unsigned access = kDeviceAll,
                              char type = 'c') {
  return {.allow = true, .type = type, .major = major, .minor = minor, .access = access};
}

// Numbers: kernel admin-guide/devices.txt.
constexpr DeviceEntry kDefaultRules[] = {
    Allowed(kAnyNumber, kAnyNumber, kDeviceMknod, 'c'),
    Allowed(kAnyNumber, kAnyNumber, kDeviceMknod, 'b'),
    Allowed(1, 3),             // null
    Allowed(1, 5),             // zero
    Allowed(1, 7),             // full
    Allowed(1, 8),             // random
    Allowed(1, 9),             // urandom
    Allowed(5, 0),             // tty
    Allowed(5, 2),             // ptmx
    Allowed(136, kAnyNumber),  // pts
};

Result<int64_t> Number(const std::optional<int64_t>& number, size_t index, const char* member) {
  const int64_t value = number.value_or(kAnyNumber);
  if (value < kAnyNumber || value > UINT32_MAX) {
    return base::Fail(ErrorKind::kInvalid, "linux.resources.devices[{}].{}: {} is no device number",
                      index, member, value);
  }
  return value;
}

// An empty access is the whole of it, as peers read it.
Result<unsigned> Access(const std::string& text, size_t index) {
  unsigned access = 0;
  for (const char letter : text) {
    const unsigned bit = letter == 'm'   ? kDeviceMknod
                         : letter == 'r' ? kDeviceRead
                         : letter == 'w' ? kDeviceWrite
                                         : 0;
    if (bit == 0) {
      return base::Fail(ErrorKind::kInvalid,
                        "linux.resources.devices[{}].access: \"{}\" is not of \"rwm\"", index,
                        text);
    }
    access |= bit;
  }
  return access == 0 ? kDeviceAll : access;
}

// One exception of the v1 list.
struct Exception {
  char type;
  int64_t major;
  int64_t minor;
  unsigned access;
};

bool NumberCovers(int64_t wide, int64_t narrow) { return wide == kAnyNumber || wide == narrow; }
bool NumberMeets(int64_t a, int64_t b) { return NumberCovers(a, b) || NumberCovers(b, a); }

class ListBuilder {
 public:
  // False when the list cannot express the rule.
  bool Apply(const DeviceEntry& rule) {
    if (rule.covers_everything()) {
      allow_by_default_ = rule.allow;
      exceptions_.clear();
      return true;
    }
    if (rule.type != 'a') {
      return ApplyTyped(rule, rule.type);
    }
    return ApplyTyped(rule, 'c') && ApplyTyped(rule, 'b');
  }

  DeviceList Finish() const {
    DeviceList list{.allow_by_default = allow_by_default_, .exceptions = {}};
    for (const Exception& exception : exceptions_) {
      list.exceptions.push_back(Line(exception));
    }
    return list;
  }

 private:
  bool ApplyTyped(const DeviceEntry& rule, char type) {
    return rule.allow == allow_by_default_ ? TakeBack(rule, type) : Except(rule, type);
  }

  bool Except(const DeviceEntry& rule, char type) {
    for (Exception& exception : exceptions_) {
      if (exception.type == type && exception.major == rule.major &&
          exception.minor == rule.minor) {
        exception.access |= rule.access;
        return true;
      }
    }
    exceptions_.push_back({type, rule.major, rule.minor, rule.access});
    return true;
  }

  // Exceptions that the rule covers lose its access; one that is wider would need a hole.
  bool TakeBack(const DeviceEntry& rule, char type) {
    for (Exception& exception : exceptions_) {
      if (exception.type != type || !NumberMeets(rule.major, exception.major) ||
          !NumberMeets(rule.minor, exception.minor) || (rule.access & exception.access) == 0) {
        continue;
      }
      if (!NumberCovers(rule.major, exception.major) ||
          !NumberCovers(rule.minor, exception.minor)) {
        return false;
      }
      exception.access &= ~rule.access;
    }
    std::erase_if(exceptions_, [](const Exception& exception) { return exception.access == 0; });
    return true;
  }

  static std::string Line(const Exception& exception) {
    const auto number = [](int64_t value) {
      return value == kAnyNumber ? "*" : fmt::format("{}", value);
    };
    return fmt::format("{} {}:{} {}{}{}", exception.type, number(exception.major),
                       number(exception.minor), (exception.access & kDeviceRead) != 0 ? "r" : "",
                       (exception.access & kDeviceWrite) != 0 ? "w" : "",
                       (exception.access & kDeviceMknod) != 0 ? "m" : "");
  }

  bool allow_by_default_ = false;
  std::vector<Exception> exceptions_;
};

}  // namespace

Result<std::vector<DeviceEntry>> EffectiveDeviceRules(const std::vector<oci::DeviceRule>& rules) {
  std::vector<DeviceEntry> entries;
  entries.reserve(rules.size() + std::size(kDefaultRules));
  for (size_t i = 0; i < rules.size(); ++i) {
    const oci::DeviceRule& rule = rules[i];
    DeviceEntry entry{.allow = rule.allow, .type = rule.type};
    if (rule.type != 'a' && rule.type != 'b' && rule.type != 'c') {
      return base::Fail(ErrorKind::kInvalid,
                        "linux.resources.devices[{}].type: \"{}\" is not a, b or c", i, rule.type);
    }
    MAYFLY_ASSIGN(entry.major, Number(rule.major, i, "major"));
    MAYFLY_ASSIGN(entry.minor, Number(rule.minor, i, "minor"));
    MAYFLY_ASSIGN(entry.access, Access(rule.access, i));
    entries.push_back(entry);
  }
  entries.insert(entries.end(), std::begin(kDefaultRules), std::end(kDefaultRules));
  return entries;
}

bool AllowsEverything(const std::vector<DeviceEntry>& rules) {
  for (auto rule = rules.rbegin(); rule != rules.rend() && rule->allow; ++rule) {
    if (rule->covers_everything()) {
      return true;
    }
  }
  return false;
}

Result<DeviceList> DeviceListV1(const std::vector<DeviceEntry>& rules) {
  ListBuilder builder;
  for (size_t i = 0; i < rules.size(); ++i) {
    if (!builder.Apply(rules[i])) {
      return base::Fail(ErrorKind::kUnsupported,
                        "linux.resources.devices[{}]: takes a part out of an earlier, wider rule, "
                        "which cgroup v1 "
                        "cannot do; put the exact devices instead of the wider rule",
                        i);
    }
  }
  return builder.Finish();
}

}  // namespace mayfly::cgroup
