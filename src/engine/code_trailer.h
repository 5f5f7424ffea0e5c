// CodeTrailer: the end of a code file, which says what the file is and lets every byte of it be
// checked.
//
// The code comes first, at offset 0, so that an engine can map the file as it is; byte for byte in
// docs/formats/aot-cache.md.
//
// Threads: pure. Fork: usable in a child.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/sha256.h"

namespace mayfly::engine {

struct CodeTrailer {
  std::string key;          // 64 hexadecimal digits
  std::string description;  // at most 65535 bytes
  uint64_t code_size_bytes = 0;
};

// The bytes to append to the code.
std::string EncodeTrailer(const std::string& key, std::string_view description,
                          std::span<const uint8_t> code);

// Checks a whole file: form and checksum. Errors: invalid, saying what is off.
base::Result<CodeTrailer> CheckCodeFile(std::span<const uint8_t> file);

}  // namespace mayfly::engine
