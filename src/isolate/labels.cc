#include "isolate/labels.h"

#include <sys/vfs.h>

#include <string>

#include "base/file.h"

namespace mayfly::isolate {

using base::ErrorKind;
using base::Fail;
using base::Result;

namespace {

constexpr auto kSelinuxMagic = 0xf97cff8c;
constexpr const char* kUnconfined = "unconfined";

bool HasAppArmor() {
  const auto enabled = base::ReadFile("/sys/module/apparmor/parameters/enabled", 16);
  return enabled && enabled->starts_with('Y');
}

bool WantsAppArmor(const oci::Process& process) {
  return !process.apparmor_profile.empty() && process.apparmor_profile != kUnconfined;
}

}  // namespace

bool HasSelinux() {
  struct statfs info{};
  return ::statfs("/sys/fs/selinux", &info) == 0 &&
         static_cast<unsigned long>(info.f_type) == kSelinuxMagic;
}

Result<void> CheckLabels(const oci::Process& process) {
  if (WantsAppArmor(process) && !HasAppArmor()) {
    return Fail(ErrorKind::kUnsupported,
                "config.json: process.apparmorProfile: \"{}\": this kernel has no AppArmor",
                process.apparmor_profile);
  }
  if (!process.selinux_label.empty() && !HasSelinux()) {
    return Fail(ErrorKind::kUnsupported,
                "config.json: process.selinuxLabel: \"{}\": this kernel has no SELinux",
                process.selinux_label);
  }
  return {};
}

Result<void> SetProcessLabel(const oci::Process& process, LabelFrom from) {
  const bool now = from == LabelFrom::kNow;
  if (WantsAppArmor(process)) {
    const std::string text =
        fmt::format("{} {}", now ? "changeprofile" : "exec", process.apparmor_profile);
    // The module's own directory, or the one that modules shared before Linux 5.8.
    const std::string file = now ? "current" : "exec";
    const std::string own = "/proc/self/attr/apparmor/" + file;
    MAYFLY_TRY_AS(
        base::WriteExisting(base::PathExists(own) ? own : "/proc/self/attr/" + file, text),
        "process.apparmorProfile {}", process.apparmor_profile);
  }
  if (!process.selinux_label.empty()) {
    MAYFLY_TRY_AS(base::WriteExisting(now ? "/proc/self/attr/current" : "/proc/self/attr/exec",
                                      process.selinux_label),
                  "process.selinuxLabel {}", process.selinux_label);
  }
  return {};
}

}  // namespace mayfly::isolate
