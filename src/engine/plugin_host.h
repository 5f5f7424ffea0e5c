// PluginHost: loads engine plugins from a directory and checks that they are what their name says.
//
// An engine is NAME.so, with NAME-compiler.so beside it where the engine comes in two parts, and
// NAME-component.so where another plugin than NAME.so runs its components. They are loaded
// RTLD_LOCAL: engines define the same symbols (wasm.h) and must not see each other's.
//
// Ownership: a loaded plugin stays until the process ends; engines keep thread-local state and
//   signal handlers that outlive any attempt to unload them.
// Errors: not-found (with the names that are there), engine (no plugin, or one of another ABI).
// Threads: one. Fork: usable in a child.
#pragma once

#include <mayfly/engine_plugin.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/module_probe.h"

namespace mayfly::engine {

class PluginHost {
 public:
  explicit PluginHost(std::string directory) : directory_(std::move(directory)) {}

  // The file that runs code of that engine, whether it exists or not.
  std::string RunPath(const std::string& engine, BinaryKind kind = BinaryKind::kModule) const;
  bool Has(const std::string& engine) const;
  // The engines of the directory, sorted; empty when it does not exist.
  std::vector<std::string> Engines() const;
  // NAME-compiler.so where the engine has one, else its only file.
  std::string CompilerPath(const std::string& engine) const;

  base::Result<const mayfly_engine*> LoadRun(const std::string& engine,
                                             BinaryKind kind = BinaryKind::kModule) const;
  base::Result<const mayfly_engine*> LoadCompiler(const std::string& engine) const;

 private:
  base::Result<const mayfly_engine*> Load(const std::string& path, const std::string& engine,
                                          uint32_t part) const;
  std::unexpected<base::Error> NoSuchEngine(const std::string& engine) const;

  std::string directory_;
};

// MAYFLY_FEATURE_* of an engine, 0 when its table ends before that field.
uint32_t FeaturesOf(const mayfly_engine& engine);

// Whether an engine's instances get an import, "module.name".
bool Offers(const mayfly_engine& engine, std::string_view import);

// Calls a plugin's function with a buffer for its error:
//   Called(table, [&](mayfly_error* error) { return table->open(fd, &code, error); })
// A failure is an Error of kind engine that begins with the engine's name.
template <typename Call>
base::Result<void> Called(const mayfly_engine* engine, Call call) {
  char text[2048] = "";
  mayfly_error error{.text = text, .capacity = sizeof text};
  if (call(&error) != 0) {
    return base::Fail(base::ErrorKind::kEngine, "{}: {}", engine->name, text);
  }
  return {};
}

// Calls a plugin's load(), if it has one: in the host's view, before anything else of it.
base::Result<void> LoadFiles(const mayfly_engine& engine);

}  // namespace mayfly::engine
