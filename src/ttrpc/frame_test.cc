#include "ttrpc/frame.h"

#include <gtest/gtest.h>

namespace mayfly::ttrpc {

TEST(FrameTest, EncodesTheHeader) {
  const std::string bytes = EncodeFrame(0x01020304, FrameType::kResponse, "abc");
  EXPECT_EQ(bytes, std::string("\0\0\0\3\1\2\3\4\2\0abc", 13));
}

TEST(FrameTest, ComesTogetherFromSingleBytes) {
  const std::string bytes =
      EncodeFrame(1, FrameType::kRequest, "first") + EncodeFrame(3, FrameType::kRequest, "");
  FrameReader reader;
  std::vector<Frame> frames;
  for (const char byte : bytes) {
    reader.Append({&byte, 1});
    while (auto frame = reader.Next()) {
      frames.push_back(*frame);
    }
  }
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].stream, 1U);
  EXPECT_EQ(frames[0].message, "first");
  EXPECT_EQ(frames[1].stream, 3U);
  EXPECT_EQ(frames[1].message, "");
  EXPECT_EQ(reader.buffered_bytes(), 0U);
}

TEST(FrameTest, AMessageThatIsTooLargeIsSkippedAndNeverKept) {
  const size_t length = kMaxMessageBytes + 1;
  FrameReader reader;
  std::string header = EncodeFrame(5, FrameType::kRequest, "");
  header[1] = static_cast<char>(length >> 16);
  header[2] = static_cast<char>((length >> 8) & 0xff);
  header[3] = static_cast<char>(length & 0xff);
  reader.Append(header);
  const auto large = reader.Next();
  ASSERT_TRUE(large.has_value());
  EXPECT_TRUE(large->too_large);
  EXPECT_EQ(large->stream, 5U);
  reader.Append(std::string(length - 1, 'x'));
  EXPECT_EQ(reader.buffered_bytes(), 0U);
  reader.Append("x" + EncodeFrame(7, FrameType::kRequest, "next"));
  const auto next = reader.Next();
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->message, "next");
}

}  // namespace mayfly::ttrpc
