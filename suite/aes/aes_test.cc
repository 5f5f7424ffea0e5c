#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aes/aes128.h"
#include "aes/base64.h"

namespace mayfly::suite {
namespace {

std::vector<uint8_t> Bytes(std::string_view hex) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

Aes128::Block Block(std::string_view hex) {
  Aes128::Block block;
  std::vector<uint8_t> bytes = Bytes(hex);
  memcpy(block.data(), bytes.data(), block.size());
  return block;
}

TEST(Aes128, HasTheValuesOfTheStandard) {
  // FIPS 197, appendices B and C.1.
  EXPECT_EQ(Aes128(Block("2b7e151628aed2a6abf7158809cf4f3c"))
                .Encrypt(Block("3243f6a8885a308d313198a2e0370734")),
            Block("3925841d02dc09fbdc118597196a0b32"));
  EXPECT_EQ(Aes128(Block("000102030405060708090a0b0c0d0e0f"))
                .Encrypt(Block("00112233445566778899aabbccddeeff")),
            Block("69c4e0d86a7b0430d8cdb78070b4c55a"));
}

TEST(ApplyCfb, HasTheValuesOfTheStandard) {
  // NIST SP 800-38A, F.3.13 and F.3.14.
  Aes128 cipher(Block("2b7e151628aed2a6abf7158809cf4f3c"));
  Aes128::Block iv = Block("000102030405060708090a0b0c0d0e0f");
  std::vector<uint8_t> plain = Bytes(
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
  std::vector<uint8_t> wanted = Bytes(
      "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b"
      "26751f67a3cbb140b1808cf187a4f4dfc04b05357c5d1c0eeac4c66f9ff7f2e6");
  for (size_t count :
       {size_t{0}, size_t{1}, size_t{15}, size_t{16}, size_t{17}, size_t{40}, plain.size()}) {
    std::vector<uint8_t> made(plain.size());
    ApplyCfb(cipher, iv, Direction::kEncrypt, plain.data(), made.data(), count);
    EXPECT_TRUE(std::equal(made.begin(), made.begin() + count, wanted.begin())) << count;
    std::vector<uint8_t> back(plain.size());
    ApplyCfb(cipher, iv, Direction::kDecrypt, made.data(), back.data(), count);
    EXPECT_TRUE(std::equal(back.begin(), back.begin() + count, plain.begin())) << count;
  }
}

TEST(Base64, HasTheValuesOfTheStandard) {
  // RFC 4648, section 10, without the padding.
  const std::string_view plain = "foobar";
  const std::string_view wanted[] = {"", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"};
  for (size_t count = 0; count <= plain.size(); ++count) {
    std::string text(Base64Length(count), '\0');
    EncodeBase64(reinterpret_cast<const uint8_t*>(plain.data()), count, text.data());
    EXPECT_EQ(text, wanted[count]);
    std::string back(Base64Bytes(text.size()), '\0');
    DecodeBase64(text.data(), text.size(), reinterpret_cast<uint8_t*>(back.data()));
    EXPECT_EQ(back, plain.substr(0, count));
  }
}

}  // namespace
}  // namespace mayfly::suite
