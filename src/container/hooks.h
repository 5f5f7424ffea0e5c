// Hooks: programs of config.json that run at points of the container's life.
//
//   prestart, createRuntime   the command, host's view: namespaces and mounts are made, before
//                             pivot_root
//   createContainer           the init, its own mounts, the host's paths; before pivot_root
//   startContainer            the init, container's view, as the guest's user; after `start`
//   poststart, poststop       the command; failures are logged, nothing more
//
// A hook gets the container's state as JSON on stdin, its own environment and nothing else of the
// runtime's; what it prints stands in the error when it fails.
//
// Sources: runtime-spec 1.2 config.md "POSIX-platform Hooks", runtime.md "Lifecycle".
// Errors: name the hook: `hooks.prestart[0]: /bin/x: exit status 3: no such bridge`.
// Fork: forks a process for each hook; the command's and the init's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "oci/spec.h"

namespace mayfly::container {

// Runs them in order; the first that fails ends it. `directory` is their working directory.
base::Result<void> RunHooks(const std::vector<oci::Hook>& hooks, std::string_view kind,
                            const std::string& state_json, const std::string& directory);

// The same for hooks whose failure must not change anything: every one runs, failures are warnings.
void RunLateHooks(const std::vector<oci::Hook>& hooks, std::string_view kind,
                  const std::string& state_json, const std::string& directory, base::Log& log);

// What a hook of the container gets on stdin.
std::string HookState(const oci::Spec& spec, const std::string& id, std::string_view status,
                      pid_t pid);

}  // namespace mayfly::container
