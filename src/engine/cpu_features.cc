#include "engine/cpu_features.h"

#include <fmt/format.h>
#include <sys/auxv.h>

#if defined(__x86_64__) && __has_include(<sys/platform/x86.h>)
// glibc's header is C's: clang has no _Bool in C++.
#if defined(__clang__)
#define _Bool bool
#endif
#include <sys/platform/x86.h>
#if defined(__clang__)
#undef _Bool
#endif
#endif

namespace mayfly::engine {

std::string CpuFeatures() {
#if defined(__x86_64__) && __has_include(<sys/platform/x86.h>)
  // glibc keeps what it asked the CPU at start: the instruction itself is a trap to the hypervisor
  // in a virtual machine. "Active" leaves out what differs between cores (the APIC id) or the
  // kernel disables.
  std::string line = "x86_64";
  for (const unsigned leaf :
       {CPUID_INDEX_1, CPUID_INDEX_7, CPUID_INDEX_80000001, CPUID_INDEX_7_ECX_1}) {
    for (const unsigned bits : __x86_get_cpuid_feature_leaf(leaf)->active_array) {
      line += fmt::format(" {:x}", bits);
    }
  }
  return line;
#else
  return fmt::format("hwcap {:x} {:x}", ::getauxval(AT_HWCAP), ::getauxval(AT_HWCAP2));
#endif
}

}  // namespace mayfly::engine
