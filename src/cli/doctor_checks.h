// The checks of `mayfly doctor`: does this machine have what containers need, and if not, what to
// do about it.
//
// Each check looks at one thing, changes nothing, and gives one finding. "fail" means that
// containers (or those of one kind) will not start; "warn" that they start with less.
//
// Errors: a check that cannot look is a finding itself. Threads: the caller must be single-threaded
// (plugins are loaded in child processes). Fork: parent only; forks.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/node_config.h"

namespace mayfly::cli {

enum class Health : unsigned char { kOk, kWarn, kFail };

struct Finding {
  std::string name;  // "kernel"
  Health health = Health::kOk;
  std::string text;    // what was found
  std::string advice;  // what to do; "" when it is ok
};

// The kernel and what this process may do: doctor_host.cc.
std::vector<Finding> CheckHost(const std::string& state_root);
// Configuration, plugins, cache: doctor_engines.cc.
std::vector<Finding> CheckEngines(const base::Result<engine::NodeConfig>& node);
// Who could call this runtime: doctor_host.cc.
Finding CheckContainerd();

// "ok", "warn", "fail".
std::string_view HealthName(Health health);

}  // namespace mayfly::cli
