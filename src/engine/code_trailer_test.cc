#include "engine/code_trailer.h"

#include <gtest/gtest.h>

namespace mayfly::engine {
namespace {

const std::string kKey = ToHex(Sha256("engine 1.0"));

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string MakeFile(const std::string& code) {
  return code + EncodeTrailer("engine 1.0", Bytes(code));
}

TEST(CodeTrailer, RoundTrip) {
  for (const std::string& code : {std::string(), std::string("code"), std::string(100000, 'x')}) {
    const auto trailer = CheckCodeFile(Bytes(MakeFile(code)));
    ASSERT_TRUE(trailer) << trailer.error().text();
    EXPECT_EQ(trailer->key, kKey);
    EXPECT_EQ(trailer->description, "engine 1.0");
    EXPECT_EQ(trailer->code_size_bytes, code.size());
  }
}

// docs/formats/aot-cache.md gives the layout; a change of it needs a new version number.
TEST(CodeTrailer, LayoutIsAsDocumented) {
  const std::string file = MakeFile("code");
  const std::string fixed = std::string("codeengine 1.0MAYFLYAC") + '\2' + std::string(3, '\0') +
                            '\n' + std::string(3, '\0') + '\4' + std::string(7, '\0') + kKey;
  ASSERT_EQ(file.size(), fixed.size() + 32);
  EXPECT_EQ(file.substr(0, fixed.size()), fixed);
  const Digest digest = Sha256(fixed);
  EXPECT_EQ(file.substr(fixed.size()),
            std::string(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

TEST(CodeTrailer, EveryFlippedBitIsFound) {
  const std::string file = MakeFile("some code");
  for (size_t at = 0; at < file.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = file;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      EXPECT_FALSE(CheckCodeFile(Bytes(flipped))) << at << "." << bit;
    }
  }
}

TEST(CodeTrailer, EveryTruncationIsFound) {
  const std::string file = MakeFile("some code");
  for (size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(CheckCodeFile(Bytes(file.substr(0, size)))) << size;
  }
}

TEST(CodeTrailer, IsReadFromTheFilesEndAlone) {
  const std::string file = MakeFile(std::string(200000, 'x'));
  const auto tail = Bytes(file).last(kMaxTrailerBytes);
  const auto trailer = ReadTrailer(tail, file.size());
  ASSERT_TRUE(trailer) << trailer.error().text();
  EXPECT_EQ(trailer->description, "engine 1.0");
  EXPECT_EQ(trailer->code_size_bytes, 200000U);
  EXPECT_FALSE(ReadTrailer(tail, file.size() + 1));
  EXPECT_FALSE(ReadTrailer(tail.last(125), file.size()));
}

TEST(CodeTrailer, AKeyOfAnotherDescriptionIsFoundUnderAGoodChecksum) {
  std::string file = MakeFile("some code");
  file.erase(file.size() - 32);
  file.back() = file.back() == '0' ? '1' : '0';
  const Digest digest = Sha256(file);
  file.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  const auto trailer = CheckCodeFile(Bytes(file));
  ASSERT_FALSE(trailer);
  EXPECT_EQ(trailer.error().text(), "its key is not that of its description");
}

TEST(CodeTrailer, SizesThatLieUnderAGoodChecksumAreFound) {
  std::string file = MakeFile("some code");
  file.erase(file.size() - 32);
  file[file.size() - 64 - 8] = 100;  // the code's size
  const Digest digest = Sha256(file);
  file.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  const auto trailer = CheckCodeFile(Bytes(file));
  ASSERT_FALSE(trailer);
  EXPECT_EQ(trailer.error().text(), "its sizes do not add up");
}

}  // namespace
}  // namespace mayfly::engine
