// What every engine plugin of this tree shares: owners of C handles, and texts for the caller.
//
// Ownership: a handle is a std::unique_ptr with the vendor's own delete function. Nothing here
// throws.
#pragma once

#include <mayfly/engine_plugin.h>

#include <cstring>
#include <string_view>

namespace mayfly_plugin {

template <auto Delete>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Delete(object);
  }
};

// Writes text into a buffer of `capacity` bytes, cut where it does not fit, always NUL-terminated.
inline void CopyText(char* buffer, size_t capacity, std::string_view text) {
  if (buffer == nullptr || capacity == 0) {
    return;
  }
  const size_t size = text.size() < capacity ? text.size() : capacity - 1;
  std::memcpy(buffer, text.data(), size);
  buffer[size] = '\0';
}

// Fills the caller's error; the value to return from a failed call.
inline int Fail(mayfly_error* error, std::string_view text) {
  if (error != nullptr) {
    CopyText(error->text, error->capacity, text);
  }
  return 1;
}

inline constexpr const char* kNoImports[] = {nullptr};

// The table of a plugin that compiles and does nothing else: the run plugin says what instances
// get.
constexpr mayfly_engine CompilerTable(const char* name, const char* version, uint32_t strategies,
                                      const char* code_compatibility,
                                      decltype(mayfly_engine::compile) compile) {
  mayfly_engine table{};
  table.abi_version = MAYFLY_ENGINE_ABI_VERSION;
  table.struct_size = sizeof(mayfly_engine);
  table.name = name;
  table.version = version;
  table.parts = MAYFLY_PART_COMPILE;
  table.strategies = strategies;
  table.code_compatibility = code_compatibility;
  table.imports = kNoImports;
  table.compile = compile;
  return table;
}

}  // namespace mayfly_plugin
