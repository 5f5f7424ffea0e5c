// Network devices that the container gets from the host.
//
// Sources: runtime-spec 1.3 config-linux.md "Network Devices"; rtnetlink(7). Written against the
// kernel's messages: the libraries for them are shared objects, which every start would load.
// Threads: one: this process visits the container's network namespace. Fork: the parent's.
#pragma once

#include <map>
#include <string>

#include "base/result.h"

namespace mayfly::isolate {

// Moves each device (name here -> name there, which may hold one "%d") into the network namespace,
// gives it back its permanent addresses of global scope, and brings it up. Errors name the device;
// what was moved then stays in that namespace, and the kernel gives a physical device back when the
// namespace ends.
base::Result<void> MoveNetDevices(const std::map<std::string, std::string>& devices,
                                  int network_namespace);

}  // namespace mayfly::isolate
