// Deflated: bytes compressed as RFC 1951 has it, by stb_image_write (Debian: libstb-dev).
//
// One block of fixed codes with lazy matching over 32 KiB; stored blocks where that would be
// larger. Of no bytes it makes nothing, which is no block. The result is the same in native and
// Wasm builds.
//
// Errors: exit 1 when memory is short. Ownership: the compressed bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mayfly::suite {

// stb counts in int, and what does not shrink grows by up to 5 bytes in 32 KiB.
inline constexpr size_t kMaxDeflateBytes = size_t{1} << 30;

class Deflated {
 public:
  Deflated(const char* data, size_t count);
  Deflated(const Deflated&) = delete;
  Deflated& operator=(const Deflated&) = delete;
  ~Deflated();

  const char* data() const;
  uint32_t size() const;

 private:
  unsigned char* zlib_;  // with the two bytes before and four after that zlib adds
  int zlib_bytes_ = 0;
};

}  // namespace mayfly::suite
