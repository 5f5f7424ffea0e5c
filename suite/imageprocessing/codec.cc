#include "imageprocessing/codec.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "support/exits.h"

namespace {
// What the headers assert is that memory was there and that they are right about themselves.
void Require(bool is_true) {
  if (!is_true) mayfly::suite::Fail(mayfly::suite::Exit::kFailure, {"out of memory"});
}
}  // namespace

// SSE2 code of stb would run on the native side only.
#define STBI_NO_SIMD
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_NO_THREAD_LOCALS
#define STBI_ASSERT(x) Require(static_cast<bool>(x))
#define STBI_MAX_DIMENSIONS mayfly::suite::kMaxSide
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#include <stb_image.h>

#define STBI_WRITE_NO_STDIO
#define STBIW_ASSERT(x) Require(static_cast<bool>(x))
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb_image_write.h>

namespace mayfly::suite {
namespace {

// Bytes for stb, which takes the end of the data for an endless row of zeros: `is_starved` tells
// that it has asked for more than there is.
struct Source {
  const char* data;
  size_t size_bytes;
  size_t at = 0;
  bool is_starved = false;
};

int ReadSource(void* user, char* to, int count) {
  auto& source = *static_cast<Source*>(user);
  size_t part = std::min(static_cast<size_t>(count), source.size_bytes - source.at);
  if (part == 0) source.is_starved = true;
  memcpy(to, source.data + source.at, part);
  source.at += part;
  return static_cast<int>(part);
}

void SkipSource(void* user, int count) {
  auto& source = *static_cast<Source*>(user);
  int64_t to = static_cast<int64_t>(source.at) + count;
  if (to > static_cast<int64_t>(source.size_bytes)) source.is_starved = true;
  source.at =
      static_cast<size_t>(std::clamp(to, int64_t{0}, static_cast<int64_t>(source.size_bytes)));
}

int IsSourceAtEnd(void* user) {
  const auto& source = *static_cast<const Source*>(user);
  return source.at == source.size_bytes ? 1 : 0;
}

constexpr stbi_io_callbacks kCallbacks = {ReadSource, SkipSource, IsSourceAtEnd};

// By way of 16 bits, as Go's colour models do it.
uint8_t Premultiply(uint8_t colour, uint8_t alpha) {
  uint32_t wide = colour * uint32_t{0x101};
  return static_cast<uint8_t>(wide * (alpha * uint32_t{0x101}) / 0xFFFF >> 8);
}

void TakePixels(const stbi_uc* straight, Image& image) {
  for (size_t i = 0; i < image.bytes.size(); i += kChannels) {
    uint8_t alpha = straight[i + 3];
    for (size_t c = 0; c < 3; ++c) {
      uint8_t colour = straight[i + c];
      image.bytes[i + c] = alpha == 0xFF ? colour : Premultiply(colour, alpha);
    }
    image.bytes[i + 3] = alpha;
  }
}

}  // namespace

std::expected<Image, std::string_view> Decode(const char* data, size_t size_bytes) {
  int width = 0;
  int height = 0;
  int channels = 0;
  Source header{data, size_bytes};
  if (stbi_info_from_callbacks(&kCallbacks, &header, &width, &height, &channels) == 0) {
    return std::unexpected("neither JPEG nor PNG nor BMP, or damaged");
  }
  if (width <= 0 || height <= 0) return std::unexpected("an image without pixels");
  if (width > kMaxSide || height > kMaxSide ||
      static_cast<uint64_t>(width) * static_cast<uint64_t>(height) > kMaxPixels) {
    return std::unexpected("larger than 100 million pixels or 32,768 on a side");
  }
  Source source{data, size_bytes};
  stbi_uc* pixels =
      stbi_load_from_callbacks(&kCallbacks, &source, &width, &height, &channels, kChannels);
  if (pixels == nullptr || source.is_starved) {
    free(pixels);
    return std::unexpected(source.is_starved ? "cut short" : "damaged, or of a kind not supported");
  }
  Image image(static_cast<uint32_t>(width), static_cast<uint32_t>(height));
  TakePixels(pixels, image);
  free(pixels);
  return image;
}

EncodedPng::EncodedPng(const Image& straight) {
  auto width = static_cast<int>(straight.width);
  data_ = stbi_write_png_to_mem(straight.bytes.data(), 0, width, static_cast<int>(straight.height),
                                static_cast<int>(kChannels), &size_bytes_);
  Require(data_ != nullptr);
}

EncodedPng::~EncodedPng() { free(data_); }

}  // namespace mayfly::suite
