// SystemdBus: the few calls to systemd's manager that the systemd driver needs, over D-Bus.
//
// The idea: libsystemd is opened when the first call is made (dlopen), so that a runtime that does
// not use the driver neither needs nor loads it.
//
// Sources: org.freedesktop.systemd1(5) "The Manager Object"; sd-bus(3).
// Errors: kind unsupported when libsystemd or the bus is not there, exists for a unit of that name;
// the others name the unit. Ownership: owns the connection. Threads: none. Fork: parent only.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "cgroup/systemd_unit.h"

namespace mayfly::cgroup {

class SystemdBus {
 public:
  enum class Whose : unsigned char { kHost, kUser };

  static base::Result<SystemdBus> Connect(Whose whose);
  SystemdBus(SystemdBus&&) noexcept;
  SystemdBus& operator=(SystemdBus&&) noexcept;
  ~SystemdBus();

  // The cgroup below which the manager keeps its units: "" for the root.
  base::Result<std::string> ManagerGroup();
  // Starts a transient scope with one process and waits until systemd has moved it there.
  base::Result<void> StartScope(const Unit& unit, pid_t pid,
                                const std::vector<Property>& properties);
  // Until the unit ends.
  base::Result<void> SetProperties(const std::string& unit,
                                   const std::vector<Property>& properties);
  // Stops a unit, waits for it, and forgets that it failed; one that is gone is fine.
  base::Result<void> Stop(const std::string& unit);

 private:
  class Connection;
  explicit SystemdBus(std::unique_ptr<Connection> connection);

  std::unique_ptr<Connection> connection_;
};

}  // namespace mayfly::cgroup
