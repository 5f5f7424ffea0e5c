// CodeOrigin: all that shapes compiled code. Its text is the description at the end of a code file,
// and the text's digest is the file's name, so a file proves by itself what it was made from.
//
// Text: docs/formats/aot-cache.md "Keys". Values hold no newline; one that does would only make a
// text that is not read back.
//
// Threads: values. Fork: usable in a child.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mayfly::engine {

struct CodeOrigin {
  std::string module;    // SHA-256 of the module, 64 hexadecimal digits
  std::string engine;    // the plugin's name
  std::string version;   // the engine's
  std::string strategy;  // "aot": code made inside a container is not kept
  std::string options;   // the plugin's code_compatibility
  std::string abi;       // of the plugin interface
  std::string cpu;       // CpuFeatures()

  std::string ToText() const;
  static std::optional<CodeOrigin> FromText(std::string_view text);
  // The name that code of this origin has: SHA-256 of the text, 64 hexadecimal digits.
  std::string Key() const;

  bool operator==(const CodeOrigin&) const = default;
};

}  // namespace mayfly::engine
