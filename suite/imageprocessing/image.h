// Image: pixels of four bytes, red, green, blue and alpha, row by row from the top.
//
// Colours are multiplied by alpha unless a function says otherwise. Ownership: the pixels.
#pragma once

#include <cstddef>
#include <cstdint>

#include "support/array.h"

namespace mayfly::suite {

inline constexpr size_t kChannels = 4;

struct Image {
  Image(uint32_t columns, uint32_t rows)
      : width(columns), height(rows), bytes(size_t{columns} * rows * kChannels) {}

  uint8_t* Row(uint32_t y) { return bytes.data() + size_t{y} * width * kChannels; }
  const uint8_t* Row(uint32_t y) const { return bytes.data() + size_t{y} * width * kChannels; }

  uint32_t width;
  uint32_t height;
  Array<uint8_t> bytes;
};

}  // namespace mayfly::suite
