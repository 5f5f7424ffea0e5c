// Select: is a container's program WebAssembly, and which engine runs it by which strategy.
//
// In this order:
//   1. an ELF file or a #! script is native whatever hints say: a sidecar gets its pod's hints too
//   2. dev.mayfly.workload = wasm | native (auto, or no annotation: go on)
//   3. hints of peers: run.oci.handler, module.wasm.image/variant (values with "smart" say nothing
//      of their own: they ask for a look at the file)
//   4. the image's platform, as annotations (image-spec conversion.md)
//   5. the entrypoint's first bytes
// Engine and strategy: dev.mayfly.engine and dev.mayfly.strategy, then the hint's engine where it
// is installed, then the node's default. Labels of an image configuration arrive as annotations.
//
// Errors: invalid for an unknown value of an annotation of ours; a peer's is passed over.
// Threads: pure. Fork: parent only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/result.h"
#include "engine/entrypoint.h"
#include "engine/node_config.h"
#include "oci/spec.h"

namespace mayfly::engine {

inline constexpr const char* kEngineAnnotation = "dev.mayfly.engine";
inline constexpr const char* kStrategyAnnotation = "dev.mayfly.strategy";
inline constexpr const char* kWorkloadAnnotation = "dev.mayfly.workload";
inline constexpr const char* kMaxMemoryAnnotation = "dev.mayfly.max-memory";

enum class Strategy : unsigned char { kAot, kJit, kInterpreter };
// "aot", "jit", "interpreter".
std::string_view StrategyName(Strategy strategy);

struct Selection {
  bool wasm = false;
  std::string reason;  // what decided, for the log: "first bytes", "annotation dev.mayfly.workload"
  std::string engine;
  Strategy strategy = Strategy::kAot;
  uint64_t max_memory_bytes = 0;  // of linear memory; 0: as much as the cgroup allows
};

// `entrypoint` is nullptr when the file was not found. `installed` says whether an engine is there.
base::Result<Selection> Select(const std::map<std::string, std::string>& annotations,
                               const Entrypoint* entrypoint, const NodeConfig& node,
                               const std::function<bool(const std::string&)>& installed);

// Bytes that a guest's memory may grow to by dev.mayfly.max-memory: a number of bytes, or "cgroup"
// for the container's memory limit. 0: no limit but the cgroup's own.
base::Result<uint64_t> MaxMemoryBytes(const std::map<std::string, std::string>& annotations,
                                      const oci::Resources& resources);

}  // namespace mayfly::engine
