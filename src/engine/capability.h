// Capability: whether an engine gives a module what it imports, before anything is compiled or
// started.
//
// A refusal names the import and the installed engines that have it. Functions of WASI preview 1
// are checked with their types, which are the same in every engine.
//
// Errors: unsupported, naming the module's path and the import.
// Threads: one (loads plugins). Fork: usable in a child.
// Sources: WASI preview 1, witx/wasi_snapshot_preview1.witx.
#pragma once

#include <mayfly/engine_plugin.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/module_probe.h"
#include "engine/plugin_host.h"

namespace mayfly::engine {

// The type of a function of WASI preview 1 in the form of ModuleInfo::import_types; empty where
// engines differ (sock_accept) or the name is none of it.
std::string_view Preview1Type(std::string_view import);

base::Result<void> CheckImports(const std::string& path, const ModuleInfo& info,
                                const mayfly_engine& engine, const PluginHost& plugins);

}  // namespace mayfly::engine
