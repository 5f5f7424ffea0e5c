// Pattern: the image that imageprocessing is tried with, of any size.
#pragma once

#include <cstdint>
#include <string>

namespace mayfly::suite {

// Red, green and blue of each pixel, row by row: R = 7x + 3y, G = x^2/16 + 5y, B = x xor y, modulo
// 256.
inline std::string MakePattern(uint32_t width, uint32_t height) {
  std::string pixels;
  pixels.reserve(size_t{3} * width * height);
  for (uint32_t y = 0; y < height; ++y) {
    for (uint32_t x = 0; x < width; ++x) {
      pixels += static_cast<char>((7 * x + 3 * y) & 0xFF);
      pixels += static_cast<char>((x * x / 16 + 5 * y) & 0xFF);
      pixels += static_cast<char>((x ^ y) & 0xFF);
    }
  }
  return pixels;
}

}  // namespace mayfly::suite
