// Capability names and numbers.
//
// Sources: capabilities(7); linux/capability.h (numbers 0 to CAP_LAST_CAP of the kernel headers).
// Threads: pure functions. Fork: usable in a child.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mayfly::oci {

// "CAP_CHOWN" -> 0; std::nullopt for a name that the kernel headers do not know.
std::optional<int> CapabilityNumber(std::string_view name);
// 0 -> "CAP_CHOWN"; "capability 77" for a number without a name.
std::string CapabilityName(int number);
// All names, in order of their numbers.
std::vector<std::string> CapabilityNames();

}  // namespace mayfly::oci
