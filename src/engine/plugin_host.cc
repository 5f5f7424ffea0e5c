#include "engine/plugin_host.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "base/file.h"

namespace mayfly::engine {

using base::ErrorKind;
using base::Fail;
using base::Result;

namespace {

constexpr std::string_view kSuffix = ".so";
constexpr std::string_view kCompilerSuffix = "-compiler.so";
constexpr std::string_view kComponentSuffix = "-component.so";

std::string Join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text.append(text.empty() ? "" : ", ").append(name);
  }
  return text;
}

// An engine's name becomes part of a path.
bool IsName(const std::string& name) {
  return !name.empty() &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
}

// The name of a required entry that a table leaves out, or nullptr.
const char* MissingEntry(const mayfly_engine& table, uint32_t part) {
  if (table.version == nullptr) {
    return "version";
  }
  if (table.code_compatibility == nullptr) {
    return "code_compatibility";
  }
  if (table.imports == nullptr) {
    return "imports";
  }
  if (part == MAYFLY_PART_COMPILE) {
    return table.compile == nullptr ? "compile" : nullptr;
  }
  if ((table.strategies & (MAYFLY_STRATEGY_AOT | MAYFLY_STRATEGY_JIT)) != 0 &&
      table.open == nullptr) {
    return "open";
  }
  if ((table.strategies & MAYFLY_STRATEGY_INTERPRETER) != 0 && table.open_module == nullptr) {
    return "open_module";
  }
  if (table.instantiate == nullptr) {
    return "instantiate";
  }
  return table.run == nullptr ? "run" : nullptr;
}

// What a plugin's file says of itself, before anything of it is used.
Result<void> CheckTable(const mayfly_engine* table, const std::string& engine, uint32_t part) {
  if (table == nullptr) {
    return Fail(ErrorKind::kEngine, "{} gives no table", MAYFLY_ENGINE_SYMBOL);
  }
  if (table->abi_version != MAYFLY_ENGINE_ABI_VERSION) {
    return Fail(ErrorKind::kEngine, "made for plugin ABI {}, this Mayfly has {}",
                table->abi_version, MAYFLY_ENGINE_ABI_VERSION);
  }
  if (table->struct_size < MAYFLY_ENGINE_MIN_SIZE) {
    return Fail(ErrorKind::kEngine, "its table has {} bytes, ABI {} needs {}", table->struct_size,
                MAYFLY_ENGINE_ABI_VERSION, MAYFLY_ENGINE_MIN_SIZE);
  }
  if (table->name == nullptr || table->name != engine) {
    return Fail(ErrorKind::kEngine, "calls itself \"{}\"",
                table->name == nullptr ? "" : table->name);
  }
  if ((table->parts & part) == 0) {
    return Fail(ErrorKind::kEngine, "cannot {}",
                part == MAYFLY_PART_RUN ? "run modules" : "compile modules");
  }
  if (const char* missing = MissingEntry(*table, part)) {
    return Fail(ErrorKind::kEngine, "its table has no {}", missing);
  }
  return {};
}

}  // namespace

uint32_t FeaturesOf(const mayfly_engine& engine) {
  constexpr size_t kEnd = offsetof(mayfly_engine, features) + sizeof engine.features;
  return engine.struct_size >= kEnd ? engine.features : 0;
}

Result<void> LoadFiles(const mayfly_engine& engine) {
  constexpr size_t kEnd = offsetof(mayfly_engine, load) + sizeof engine.load;
  if (engine.struct_size < kEnd || engine.load == nullptr) {
    return {};
  }
  return Called(&engine, [&](mayfly_error* error) { return engine.load(error); });
}

bool Offers(const mayfly_engine& engine, std::string_view import) {
  for (const char* const* offered = engine.imports; *offered != nullptr; ++offered) {
    std::string_view name = *offered;
    if (name == import) {
      return true;
    }
    if (name.ends_with(".*") && import.starts_with(name.substr(0, name.size() - 1))) {
      return true;
    }
  }
  return false;
}

std::string PluginHost::RunPath(const std::string& engine, BinaryKind kind) const {
  const std::string stem = directory_ + "/" + engine;
  if (kind == BinaryKind::kComponent) {
    std::string apart = stem + std::string(kComponentSuffix);
    if (base::PathExists(apart)) {
      return apart;
    }
  }
  return stem + std::string(kSuffix);
}

bool PluginHost::Has(const std::string& engine) const {
  return IsName(engine) && ::access(RunPath(engine).c_str(), R_OK) == 0;
}

std::vector<std::string> PluginHost::Engines() const {
  std::vector<std::string> engines;
  const auto names = base::ListDirectory(directory_);
  if (names) {
    for (const std::string& name : *names) {
      if (name.ends_with(kSuffix) && !name.ends_with(kCompilerSuffix) &&
          !name.ends_with(kComponentSuffix)) {
        engines.push_back(name.substr(0, name.size() - kSuffix.size()));
      }
    }
  }
  return engines;
}

std::unexpected<base::Error> PluginHost::NoSuchEngine(const std::string& engine) const {
  const auto engines = Engines();
  if (engines.empty()) {
    return Fail(ErrorKind::kNotFound, "engine \"{}\" is not there: no engine is installed in {}",
                engine, directory_);
  }
  return Fail(ErrorKind::kNotFound, "engine \"{}\" is not there; {} has: {}", engine, directory_,
              Join(engines));
}

Result<const mayfly_engine*> PluginHost::LoadRun(const std::string& engine, BinaryKind kind) const {
  if (!Has(engine)) {
    return NoSuchEngine(engine);
  }
  MAYFLY_ASSIGN(const mayfly_engine* table, Load(RunPath(engine, kind), engine, MAYFLY_PART_RUN));
  if (kind == BinaryKind::kComponent && (FeaturesOf(*table) & MAYFLY_FEATURE_COMPONENTS) == 0) {
    return Fail(ErrorKind::kUnsupported, "components are not supported by {}", engine);
  }
  return table;
}

std::string PluginHost::CompilerPath(const std::string& engine) const {
  std::string split = directory_ + "/" + engine + std::string(kCompilerSuffix);
  return base::PathExists(split) ? split : RunPath(engine);
}

Result<const mayfly_engine*> PluginHost::LoadCompiler(const std::string& engine) const {
  if (!Has(engine)) {
    return NoSuchEngine(engine);
  }
  return Load(CompilerPath(engine), engine, MAYFLY_PART_COMPILE);
}

Result<const mayfly_engine*> PluginHost::Load(const std::string& path, const std::string& engine,
                                              uint32_t part) const {
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    return Fail(ErrorKind::kEngine, "engine {}: {}", engine, ::dlerror());
  }
  const auto entry =
      reinterpret_cast<mayfly_engine_plugin_fn>(::dlsym(handle, MAYFLY_ENGINE_SYMBOL));
  if (entry == nullptr) {
    return Fail(ErrorKind::kEngine, "engine {}: {}: no symbol {}: not a Mayfly plugin", engine,
                path, MAYFLY_ENGINE_SYMBOL);
  }
  const mayfly_engine* table = entry();
  MAYFLY_TRY_AS(CheckTable(table, engine, part), "engine {}: {}", engine, path);
  return table;
}

}  // namespace mayfly::engine
