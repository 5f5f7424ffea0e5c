#include "engine/node_config.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#define TOML_EXCEPTIONS 0
// toml++ 3.3 asserts on what is a syntax error ("[=key]"); without it, it gives that error.
#define TOML_ASSERT(expression) static_cast<void>(0)
#include <toml++/toml.h>

#include "base/file.h"
#include "base/own_program.h"

namespace mayfly::engine {

using base::ErrorKind;
using base::Fail;
using base::Result;

namespace {

constexpr size_t kMaxConfigBytes = 1 << 20;

Result<void> ReadString(const std::string& where, const toml::node& node, std::string* value) {
  const auto text = node.value_exact<std::string>();
  if (!text || text->empty()) {
    return Fail(ErrorKind::kInvalid, "{}: expected a non-empty string", where);
  }
  *value = *text;
  return {};
}

Result<void> ReadCache(const std::string& name, const toml::node& node, NodeConfig* config) {
  const toml::table* table = node.as_table();
  if (table == nullptr) {
    return Fail(ErrorKind::kInvalid, "{}: cache: expected a table", name);
  }
  for (const auto& [key, value] : *table) {
    const std::string where =
        fmt::format("{}:{}: cache.{}", name, value.source().begin.line, key.str());
    if (key == "dir") {
      MAYFLY_TRY(ReadString(where, value, &config->cache_dir));
    } else if (key == "max_bytes") {
      const auto bytes = value.value_exact<int64_t>();
      if (!bytes || *bytes <= 0) {
        return Fail(ErrorKind::kInvalid, "{}: expected a positive integer", where);
      }
      config->cache_max_bytes = static_cast<uint64_t>(*bytes);
    } else {
      return Fail(ErrorKind::kInvalid, "{}: unknown key", where);
    }
  }
  return {};
}

// lib/mayfly/engines of the tree or prefix that this program lies in.
Result<std::string> PluginsBesideProgram() {
  MAYFLY_ASSIGN(const std::string program, base::OwnProgram());
  const std::string bin = program.substr(0, program.find_last_of('/'));
  return bin.substr(0, bin.find_last_of('/')) + "/lib/mayfly/engines";
}

const char* FromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

}  // namespace

Result<NodeConfig> ParseNodeConfig(const std::string& text, const std::string& name) {
  // toml++ 3.3 has undefined behaviour for letters beyond ASCII where it looks for white space.
  const auto beyond = std::ranges::find_if(
      text, [](char letter) { return static_cast<unsigned char>(letter) > 0x7F; });
  if (beyond != text.end()) {
    return Fail(ErrorKind::kInvalid,
                "{}:{}: only ASCII characters are taken: write others as \\uXXXX in a string", name,
                1 + std::count(text.begin(), beyond, '\n'));
  }
  const toml::parse_result parsed = toml::parse(text, name);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return Fail(ErrorKind::kInvalid, "{}:{}: {}", name, error.source().begin.line,
                error.description());
  }
  NodeConfig config;
  for (const auto& [key, value] : parsed.table()) {
    const std::string where = fmt::format("{}:{}: {}", name, value.source().begin.line, key.str());
    if (key == "engine") {
      MAYFLY_TRY(ReadString(where, value, &config.engine));
    } else if (key == "strategy") {
      MAYFLY_TRY(ReadString(where, value, &config.strategy));
    } else if (key == "cache") {
      MAYFLY_TRY(ReadCache(name, value, &config));
    } else {
      return Fail(ErrorKind::kInvalid, "{}: unknown key", where);
    }
  }
  return config;
}

Result<NodeConfig> LoadNodeConfig() {
  const char* chosen = FromEnvironment("MAYFLY_CONFIG");
  const std::string path = chosen != nullptr ? chosen : kDefaultConfigPath;
  NodeConfig config;
  auto text = base::ReadFile(path, kMaxConfigBytes);
  if (text) {
    MAYFLY_ASSIGN(config, ParseNodeConfig(*text, path));
  } else if (chosen != nullptr || text.error().sys_errno() != ENOENT) {
    return std::unexpected(std::move(text).error());
  }
  if (const char* dir = FromEnvironment("MAYFLY_CACHE_DIR")) {
    config.cache_dir = dir;
  }
  if (const char* dir = FromEnvironment("MAYFLY_ENGINES_DIR")) {
    config.plugins_dir = dir;
  } else {
    MAYFLY_ASSIGN(config.plugins_dir, PluginsBesideProgram());
  }
  return config;
}

}  // namespace mayfly::engine
