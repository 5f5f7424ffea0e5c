#include "zip-compression/deflate.h"

#include <cstdlib>

#include "support/exits.h"

namespace {
// What the header asserts is that memory was there.
void Require(bool is_true) {
  if (!is_true) mayfly::suite::Fail(mayfly::suite::Exit::kFailure, {"out of memory"});
}
}  // namespace

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#define STBIW_ASSERT(x) Require(static_cast<bool>(x))
#include <stb_image_write.h>

namespace mayfly::suite {
namespace {

constexpr int kQuality = 8;
constexpr int kBytesBefore = 2;
constexpr int kBytesAfter = 4;

}  // namespace

Deflated::Deflated(const char* data, size_t count) {
  // The function takes a pointer to bytes it may change, and does not change them.
  auto* bytes = reinterpret_cast<unsigned char*>(const_cast<char*>(data));
  zlib_ = stbi_zlib_compress(bytes, static_cast<int>(count), &zlib_bytes_, kQuality);
  Require(zlib_ != nullptr);
}

Deflated::~Deflated() { free(zlib_); }

const char* Deflated::data() const { return reinterpret_cast<const char*>(zlib_) + kBytesBefore; }

uint32_t Deflated::size() const {
  return static_cast<uint32_t>(zlib_bytes_ - kBytesBefore - kBytesAfter);
}

}  // namespace mayfly::suite
