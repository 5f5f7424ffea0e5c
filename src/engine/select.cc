#include "engine/select.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace mayfly::engine {

using base::ErrorKind;
using base::Fail;
using base::Result;

namespace {

using Annotations = std::map<std::string, std::string>;

constexpr std::array kStrategies = {
    std::pair(std::string_view("aot"), Strategy::kAot),
    std::pair(std::string_view("jit"), Strategy::kJit),
    std::pair(std::string_view("interpreter"), Strategy::kInterpreter)};

// The value of an annotation, empty when it is not there or "auto".
std::string_view Value(const Annotations& annotations, const std::string& key) {
  const auto found = annotations.find(key);
  return found == annotations.end() || found->second == "auto" ? std::string_view()
                                                               : std::string_view(found->second);
}

// The engine that a peer's annotation names: crun's handlers.
std::string_view HintedEngine(const Annotations& annotations) {
  const std::string_view handler = Value(annotations, "run.oci.handler");
  return handler == "wasmtime" || handler == "wasmedge" || handler == "wasmer" ? handler
                                                                               : std::string_view();
}

// Which annotation of a peer, or of the image's platform, says that this is WebAssembly.
std::optional<std::string> WasmHint(const Annotations& annotations) {
  if (Value(annotations, "run.oci.handler") == "wasm" || !HintedEngine(annotations).empty()) {
    return "annotation run.oci.handler";
  }
  if (Value(annotations, "module.wasm.image/variant") == "compat") {
    return "annotation module.wasm.image/variant";
  }
  constexpr std::array<std::string_view, 2> kArchitectures = {"wasm", "wasm32"};
  constexpr std::array<std::string_view, 3> kSystems = {"wasi", "wasip1", "wasip2"};
  const auto is_one_of = [](std::string_view value, const auto& list) {
    return std::find(list.begin(), list.end(), value) != list.end();
  };
  if (is_one_of(Value(annotations, "org.opencontainers.image.architecture"), kArchitectures) ||
      is_one_of(Value(annotations, "org.opencontainers.image.os"), kSystems)) {
    return "platform of the image";
  }
  return std::nullopt;
}

Result<bool> IsWasm(const Annotations& annotations, const Entrypoint* entrypoint,
                    std::string* reason) {
  const std::string_view wanted = Value(annotations, kWorkloadAnnotation);
  if (!wanted.empty() && wanted != "wasm" && wanted != "native") {
    return Fail(ErrorKind::kInvalid, "annotation {}: \"{}\" is none of wasm, native, auto",
                kWorkloadAnnotation, wanted);
  }
  if (entrypoint != nullptr &&
      (entrypoint->content == Content::kElf || entrypoint->content == Content::kScript)) {
    *reason = "first bytes";
    return false;
  }
  if (!wanted.empty()) {
    *reason = fmt::format("annotation {}", kWorkloadAnnotation);
    return wanted == "wasm";
  }
  if (auto hint = WasmHint(annotations)) {
    *reason = std::move(*hint);
    return true;
  }
  *reason = "first bytes";
  if (entrypoint == nullptr) {
    return false;
  }
  // A file called a module that is none deserves a better error than execve's "exec format error".
  const std::string_view path = entrypoint->path;
  return entrypoint->content == Content::kWasm || path.ends_with(".wasm") || path.ends_with(".wat");
}

Result<Strategy> ParseStrategy(std::string_view name, std::string_view where) {
  for (const auto& [known, strategy] : kStrategies) {
    if (name == known) {
      return strategy;
    }
  }
  return Fail(ErrorKind::kInvalid, "{}: \"{}\" is none of aot, jit, interpreter, auto", where,
              name);
}

}  // namespace

std::string_view StrategyName(Strategy strategy) {
  for (const auto& [name, known] : kStrategies) {
    if (strategy == known) {
      return name;
    }
  }
  return "";
}

Result<Selection> Select(const Annotations& annotations, const Entrypoint* entrypoint,
                         const NodeConfig& node,
                         const std::function<bool(const std::string&)>& installed) {
  Selection selection;
  MAYFLY_ASSIGN(selection.wasm, IsWasm(annotations, entrypoint, &selection.reason));
  if (!selection.wasm) {
    return selection;
  }
  selection.engine = Value(annotations, kEngineAnnotation);
  if (const std::string hinted(HintedEngine(annotations));
      selection.engine.empty() && installed(hinted)) {
    selection.engine = hinted;
  }
  if (selection.engine.empty()) {
    selection.engine = node.engine == "auto" ? NodeConfig().engine : node.engine;
  }
  const std::string_view strategy = Value(annotations, kStrategyAnnotation);
  if (!strategy.empty()) {
    MAYFLY_ASSIGN(selection.strategy,
                  ParseStrategy(strategy, fmt::format("annotation {}", kStrategyAnnotation)));
  } else if (node.strategy != "auto") {
    MAYFLY_ASSIGN(selection.strategy, ParseStrategy(node.strategy, "node configuration: strategy"));
  }
  return selection;
}

Result<uint64_t> MaxMemoryBytes(const Annotations& annotations, const oci::Resources& resources) {
  const std::string_view wanted = Value(annotations, kMaxMemoryAnnotation);
  if (wanted.empty()) {
    return 0;
  }
  if (wanted == "cgroup") {
    const int64_t limit_bytes = resources.memory_limit_bytes.value_or(0);
    return limit_bytes > 0 ? static_cast<uint64_t>(limit_bytes) : 0;
  }
  uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), bytes);
  if (error != std::errc() || end != wanted.data() + wanted.size() || bytes == 0) {
    return Fail(ErrorKind::kInvalid,
                "annotation {}: \"{}\" is neither a number of bytes nor cgroup, auto",
                kMaxMemoryAnnotation, wanted);
  }
  return bytes;
}

}  // namespace mayfly::engine
