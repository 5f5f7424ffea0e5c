// The stages against digests of the original's.

#include "imageprocessing/transform.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "imageprocessing/image.h"
#include "support/pattern.h"
#include "support/sha256.h"

namespace mayfly::suite {
namespace {

Image PatternImage(uint32_t width, uint32_t height) {
  std::string pattern = MakePattern(width, height);
  Image image(width, height);
  for (size_t i = 0; i < pattern.size() / 3; ++i) {
    for (size_t c = 0; c < 3; ++c)
      image.bytes[i * 4 + c] = static_cast<uint8_t>(pattern[i * 3 + c]);
    image.bytes[i * 4 + 3] = 0xFF;
  }
  return image;
}

std::string DigestOf(const Image& image) {
  Sha256 digest;
  digest.Update(image.bytes.data(), image.bytes.size());
  auto hex = digest.Hex();
  return {hex.data(), hex.size()};
}

struct Stages {
  uint32_t width;
  uint32_t height;
  const char* input;
  const char* inverted;
  const char* resized;
  const char* turned;
  const char* straight;
};

void PrintTo(const Stages& stages, std::ostream* out) {
  *out << stages.width << "x" << stages.height;
}

class TransformTest : public testing::TestWithParam<Stages> {};

TEST_P(TransformTest, GivesTheBytesOfTheOriginalAtEveryStage) {
  const Stages& expected = GetParam();
  Image image = PatternImage(expected.width, expected.height);
  EXPECT_EQ(DigestOf(image), expected.input);
  Invert(image);
  EXPECT_EQ(DigestOf(image), expected.inverted);
  Image resized = Resize(image, 800, 800);
  EXPECT_EQ(DigestOf(resized), expected.resized);
  Image turned = TurnBy45Degrees(resized, Trigonometry::kOnce);
  EXPECT_EQ(DigestOf(turned), expected.turned);
  EXPECT_EQ(DigestOf(TurnBy45Degrees(resized, Trigonometry::kPerPixel)), expected.turned);
  ToStraight(turned);
  EXPECT_EQ(DigestOf(turned), expected.straight);
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, TransformTest,
    testing::Values(
        Stages{100, 100, "fcbce5c83344585988834f222544127d1f0461e87176ef0ff8b733a57a39620b",
               "aac45e089b429eca25c91d901d449d8ac3aaa2c13cafb09646845cf849565d5f",
               "dbab0d36a73cc95343acaed0b90e2bdeead98e5cacb381caf6a0ae3b28536055",
               "cbd1c738779a75d8780ce1721398775282c65148aecfc9dde4b9dadebce1f46f",
               "46981bd9c3080aeacfb32361f6f3820e9abf7d624e1c8ff66e67e94aac5b5a1b"},
        Stages{640, 480, "a60c3fbadf0d7b417d8877db158b6e67037f734f37ead530e845b80a8fa08ee9",
               "9c4c9f75847310cdceaba560ad82e4c496d05f3d5e88d7d472b40d028876b36c",
               "f1f5d65e97e2e5dc8edec98cc39d33ba55b77f1fe8ded91f4627554845d6aec4",
               "f260ee6cae4f57b0c176d1845285109e644629fd3dea09d28b0051dcd23a82b9",
               "aa66668365b3c56dd0556118119e4741782f6ccd52d4b28aee212f5c22fab3f4"},
        Stages{1920, 1280, "be039351b08d0a832bf54792b80ef0335b8b03e2975768c13109ffcbb81defb0",
               "7096ad20690ea5cae471fd02577294a558630f1f99f895e16c76533358a9c7d5",
               "dc673e8487c93847818e2a96272e31c00c2f13dff57fa470f8b329167bc2e7a7",
               "80e52ff82b98fb1065bd4b9087c7db4451ce40e019aaff7556c917b7ecd060cd",
               "e03d8191b2be03e17fa19b557eb390f0c208784492d80f140da946239366b407"}));

TEST(Transform, LeavesTransparentPixelsBlack) {
  Image turned = TurnBy45Degrees(PatternImage(32, 32), Trigonometry::kOnce);
  ToStraight(turned);
  for (size_t c = 0; c < kChannels; ++c) EXPECT_EQ(turned.bytes[c], 0);
}

TEST(Transform, HalvesWhatIsHalfTransparent) {
  Image image(1, 1);
  image.bytes[0] = 64;
  image.bytes[1] = 128;
  image.bytes[2] = 0;
  image.bytes[3] = 128;
  ToStraight(image);
  EXPECT_EQ(image.bytes[0], 127);
  EXPECT_EQ(image.bytes[1], 255);
  EXPECT_EQ(image.bytes[2], 0);
}

TEST(Transform, ResizesOnePixelToMany) {
  Image image(1, 1);
  for (size_t c = 0; c < kChannels; ++c) image.bytes[c] = static_cast<uint8_t>(10 * c);
  Image large = Resize(image, 3, 2);
  for (size_t i = 0; i < large.bytes.size(); ++i) EXPECT_EQ(large.bytes[i], 10 * (i % 4));
}

}  // namespace
}  // namespace mayfly::suite
