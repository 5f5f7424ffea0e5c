// The pattern image as the files that imageprocessing reads, written by stb_image_write.
#pragma once

#include <cstdint>
#include <string>

namespace mayfly::suite {

std::string MakePatternPng(uint32_t width, uint32_t height);
std::string MakePatternBmp(uint32_t width, uint32_t height);
// Quality 90.
std::string MakePatternJpeg(uint32_t width, uint32_t height);
// Alpha runs from 0 on the left to 255 on the right.
std::string MakeTransparentPng(uint32_t width, uint32_t height);

}  // namespace mayfly::suite
