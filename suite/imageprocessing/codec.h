// Decoding of JPEG, PNG and BMP, by content, and encoding of PNG: stb_image and stb_image_write
// (Debian: libstb-dev), with the same arithmetic in native and Wasm builds.
//
// Files come from outside: what is cut short, malformed or larger than the limits is refused, and
// nothing is decoded past the end of the data. Errors: a text; exit 1 when memory is short.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

#include "imageprocessing/image.h"

namespace mayfly::suite {

// A decoded image and what is made of it stay below 1 GiB, which a Wasm memory has room for.
inline constexpr int kMaxSide = 32768;
inline constexpr uint64_t kMaxPixels = 100'000'000;

// Colours are multiplied by alpha in the result.
std::expected<Image, std::string_view> Decode(const char* data, size_t size_bytes);

// The bytes of a PNG file. Ownership: the bytes.
class EncodedPng {
 public:
  // Colours of `straight` are not multiplied by alpha.
  explicit EncodedPng(const Image& straight);
  EncodedPng(const EncodedPng&) = delete;
  EncodedPng& operator=(const EncodedPng&) = delete;
  ~EncodedPng();

  const unsigned char* data() const { return data_; }
  size_t size() const { return static_cast<size_t>(size_bytes_); }

 private:
  unsigned char* data_;
  int size_bytes_ = 0;
};

}  // namespace mayfly::suite
