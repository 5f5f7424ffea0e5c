#include "tools/images.h"

#include "support/exits.h"
#include "support/pattern.h"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb_image_write.h>

namespace mayfly::suite {
namespace {

constexpr int kQuality = 90;

void Append(void* to, void* data, int size_bytes) {
  static_cast<std::string*>(to)->append(static_cast<const char*>(data),
                                        static_cast<size_t>(size_bytes));
}

// write(bytes, width, height, pixels): one of stb's functions.
template <typename WriteFunction>
std::string Encode(uint32_t width, uint32_t height, const std::string& pixels,
                   WriteFunction write) {
  std::string bytes;
  if (write(&bytes, static_cast<int>(width), static_cast<int>(height), pixels.data()) == 0) {
    Fail(Exit::kFailure, {"an image cannot be encoded"});
  }
  return bytes;
}

}  // namespace

std::string MakePatternPng(uint32_t width, uint32_t height) {
  return Encode(width, height, MakePattern(width, height),
                [](void* to, int columns, int rows, const void* pixels) {
                  return stbi_write_png_to_func(Append, to, columns, rows, 3, pixels, 0);
                });
}

std::string MakePatternBmp(uint32_t width, uint32_t height) {
  return Encode(width, height, MakePattern(width, height),
                [](void* to, int columns, int rows, const void* pixels) {
                  return stbi_write_bmp_to_func(Append, to, columns, rows, 3, pixels);
                });
}

std::string MakePatternJpeg(uint32_t width, uint32_t height) {
  return Encode(width, height, MakePattern(width, height),
                [](void* to, int columns, int rows, const void* pixels) {
                  return stbi_write_jpg_to_func(Append, to, columns, rows, 3, pixels, kQuality);
                });
}

std::string MakeTransparentPng(uint32_t width, uint32_t height) {
  std::string opaque = MakePattern(width, height);
  std::string pixels;
  for (uint32_t i = 0; i < width * height; ++i) {
    pixels.append(opaque, size_t{3} * i, 3);
    pixels += static_cast<char>(i % width * 255 / (width - 1));
  }
  return Encode(width, height, pixels, [](void* to, int columns, int rows, const void* image) {
    return stbi_write_png_to_func(Append, to, columns, rows, 4, image, 0);
  });
}

}  // namespace mayfly::suite
