// ModuleProbe: what a WebAssembly binary wants and offers, read from its section headers alone.
//
// Answers the questions that decide whether a module can run before anything is compiled: is it a
// core module or a component, which imports does it name, does it export a function _start.
// Function bodies are skipped, not validated: that is the compiler's job.
//
// Errors: kind invalid; the text names the byte offset. Every length of the file is checked before
//   use, so any bytes are safe input (fuzz/module_probe.cc).
// Sources: WebAssembly core specification 2.0, section 5.5 "Modules"; component-model, Binary.md.
// Threads: pure. Fork: usable in a child.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace mayfly::engine {

enum class BinaryKind : unsigned char { kModule, kComponent };

struct ModuleInfo {
  BinaryKind kind = BinaryKind::kModule;
  // "module.name", each once with one type, in the file's order; none of a component.
  std::vector<std::string> imports;
  // Of each import of a function its type, a letter for each parameter and result: "iI>i" is
  // (i32, i64) -> (i32); f and F are f32 and f64. "" where it is not known, of other kinds "?".
  std::vector<std::string> import_types;
  bool exports_start = false;  // a function export called _start
};

inline constexpr size_t kMagicSize = 4;
inline constexpr size_t kPreambleSize = 8;
// Whether bytes begin with "\0asm".
bool HasWasmMagic(std::span<const uint8_t> bytes);
// Whether a preamble announces a module or a component; kModule where it is cut off.
BinaryKind KindByPreamble(std::span<const uint8_t> bytes);

base::Result<ModuleInfo> ProbeModule(std::span<const uint8_t> bytes);

}  // namespace mayfly::engine
