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
  std::string key;          // SHA-256 of the description, 64 hexadecimal digits
  std::string description;  // at most 65535 bytes
  uint64_t code_size_bytes = 0;
};

// No trailer is longer.
inline constexpr size_t kMaxTrailerBytes = 65535 + 120;

// The bytes to append to the code.
std::string EncodeTrailer(std::string_view description, std::span<const uint8_t> code);

// Reads the trailer from a file's last bytes, kMaxTrailerBytes of them or the whole file; the
// checksum is not looked at. Errors: invalid, saying what is off.
base::Result<CodeTrailer> ReadTrailer(std::span<const uint8_t> tail, uint64_t file_size_bytes);

// Checks a whole file: form and checksum. Errors: invalid, saying what is off.
base::Result<CodeTrailer> CheckCodeFile(std::span<const uint8_t> file);

}  // namespace mayfly::engine
