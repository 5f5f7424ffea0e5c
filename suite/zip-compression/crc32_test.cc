#include "zip-compression/crc32.h"

#include <gtest/gtest.h>

#include <string>

namespace mayfly::suite {
namespace {

TEST(Crc32, HasThePublishedCheckValue) {
  EXPECT_EQ(Crc32("123456789", 9), 0xCBF43926u);
  EXPECT_EQ(Crc32("", 0), 0u);
}

// Values of Python's zlib.crc32.
TEST(Crc32, TakesLengthsThatAreNoMultipleOfEight) {
  std::string text = "The quick brown fox jumps over the lazy dog";
  EXPECT_EQ(Crc32(text.data(), text.size()), 0x414FA339u);
  EXPECT_EQ(Crc32(text.data(), 8), 0x74D21C74u);
  EXPECT_EQ(Crc32(text.data() + 1, 7), 0x5DF0E15Fu);
}

}  // namespace
}  // namespace mayfly::suite
