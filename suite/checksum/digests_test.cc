#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "checksum/md5.h"
#include "checksum/sha512.h"

namespace mayfly::suite {
namespace {

template <typename Algorithm>
std::string Hex(std::string_view data, size_t piece) {
  Algorithm digest;
  for (size_t at = 0; at < data.size(); at += piece) {
    std::string_view part = data.substr(at, piece);
    digest.Update(part.data(), part.size());
  }
  auto hex = digest.Hex();
  return {hex.data(), hex.size()};
}

TEST(Md5, HasTheValuesOfTheStandard) {
  // RFC 1321, A.5.
  EXPECT_EQ(Hex<Md5>("", 1), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(Hex<Md5>("abc", 1), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(Hex<Md5>("message digest", 5), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(Hex<Md5>("1234567890123456789012345678901234567890123456789012345678901234567890"
                     "1234567890",
                     63),
            "57edf4a22be3c955ac49da2e2107b67a");
}

TEST(Sha512, HasTheValuesOfTheStandard) {
  // FIPS 180-4's examples.
  EXPECT_EQ(Hex<Sha512>("abc", 1),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
  std::string million(1000000, 'a');
  for (size_t piece : {size_t{1}, size_t{127}, size_t{128}, size_t{129}, million.size()}) {
    EXPECT_EQ(Hex<Sha512>(million, piece),
              "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
              "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b");
  }
}

}  // namespace
}  // namespace mayfly::suite
