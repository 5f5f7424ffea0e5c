// What is done to an image: inverting, resizing, turning by 45 degrees; as bild 0.13 does it.
//
// Arithmetic is in double, in a fixed order, and rounded to bytes after every pass: the same bytes
// in all builds. Errors: exit 1 when memory is short.
#pragma once

#include <cstdint>

#include "imageprocessing/image.h"

namespace mayfly::suite {

// Red, green and blue become what they lack to 255.
void Invert(Image& image);

// Triangle filter, columns first.
Image Resize(const Image& image, uint32_t width, uint32_t height);

// Clockwise about the centre on a canvas of the same size: enlarged twofold, turned, and resized
// back. `Trigonometry::kPerPixel` works out sine and cosine four times for every pixel, as the
// original does; the result is the same.
enum class Trigonometry { kOnce, kPerPixel };
Image TurnBy45Degrees(const Image& image, Trigonometry trigonometry);

// Divides the colours by alpha.
void ToStraight(Image& image);

}  // namespace mayfly::suite
