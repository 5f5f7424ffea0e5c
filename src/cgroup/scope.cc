#include "cgroup/scope.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "cgroup/systemd_bus.h"

namespace mayfly::cgroup {

using base::Result;

namespace {

Tree TreeOf(const Host& host) { return host.layout == Layout::kV2 ? Tree::kUnified : Tree::kV1; }

bool HasDevicesV1(const Host& host) {
  return std::ranges::any_of(host.hierarchies, [](const Hierarchy& hierarchy) {
    return std::ranges::find(hierarchy.controllers, "devices") != hierarchy.controllers.end();
  });
}

Result<SystemdBus> Connect(const Unit& unit) {
  return SystemdBus::Connect(unit.user ? SystemdBus::Whose::kUser : SystemdBus::Whose::kHost);
}

}  // namespace

Result<std::string> Scope::Place() const {
  MAYFLY_ASSIGN(SystemdBus bus, Connect(unit_));
  MAYFLY_ASSIGN(std::string place, bus.ManagerGroup());
  MAYFLY_ASSIGN(const std::string slice, SlicePath(unit_.slice));
  place += "/" + slice + (slice.empty() ? "" : "/") + unit_.name;
  return place.substr(place.find_first_not_of('/'));
}

Result<void> Scope::Plan(const Host& host, const oci::Resources& resources) {
  MAYFLY_ASSIGN(properties_, LimitProperties(resources, TreeOf(host)));
  if (HasDevicesV1(host)) {
    MAYFLY_ASSIGN(const auto rules, EffectiveDeviceRules(resources.devices));
    MAYFLY_ASSIGN(const DeviceList list, DeviceListV1(rules));
    MAYFLY_ASSIGN(const std::string devices, base::ReadFile("/proc/devices"));
    std::ranges::move(DeviceProperties(list, devices), std::back_inserter(properties_));
  }
  properties_.push_back({"Description", "mayfly container " + unit_.name});
  properties_.push_back({"Slice", unit_.slice});
  properties_.push_back({"Delegate", true});
  properties_.push_back({"DefaultDependencies", false});
  properties_.push_back({"CollectMode", std::string("inactive-or-failed")});
  for (const char* name :
       {"CPUAccounting", "MemoryAccounting", "TasksAccounting", "BlockIOAccounting"}) {
    properties_.push_back({name, true});
  }
  return {};
}

Result<void> Scope::Start() {
  const pid_t parent = ::getpid();
  MAYFLY_ASSIGN(helper_, base::Spawn(0, -1, [parent] {
                  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
                  while (::getppid() == parent) {
                    ::pause();
                  }
                  return 0;
                }));
  MAYFLY_ASSIGN(SystemdBus bus, Connect(unit_));
  return bus.StartScope(unit_, helper_.pid, properties_);
}

void Scope::Release() {
  if (helper_.pid > 0) {
    (void)base::SendSignal(helper_.pidfd.get(), SIGKILL);
    (void)base::WaitForExit(helper_.pid);
    helper_ = {};
  }
}

Result<void> Scope::Update(const Host& host, const oci::Resources& resources) const {
  MAYFLY_ASSIGN(const auto properties, LimitProperties(resources, TreeOf(host)));
  if (properties.empty()) {
    return {};
  }
  MAYFLY_ASSIGN(SystemdBus bus, Connect(unit_));
  return bus.SetProperties(unit_.name, properties);
}

Result<void> Scope::Stop() const {
  MAYFLY_ASSIGN(SystemdBus bus, Connect(unit_));
  return bus.Stop(unit_.name);
}

}  // namespace mayfly::cgroup
