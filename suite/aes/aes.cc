// aes: encrypts and decrypts a random message again and again, and prints all of it.
//
// The key is a constant of the original: this measures, it keeps no secret.

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "aes/aes128.h"
#include "aes/base64.h"
#include "support/arguments.h"
#include "support/array.h"
#include "support/sha256.h"
#include "support/sm64.h"
#include "support/stdout_writer.h"

namespace mayfly::suite {
namespace {

constexpr std::string_view kUsage =
    "usage: aes [--quiet] [--compat] [--seed N | --random] [--iv HEX] LENGTH ITERATIONS, or "
    "--message TEXT in place of LENGTH";

constexpr Aes128::Block kKey = {0xa1, 0xf6, 0x25, 0x8c, 0x87, 0x7d, 0x5f, 0xcd,
                                0x89, 0x64, 0x48, 0x45, 0x38, 0xbf, 0xc9, 0x2c};

// Message and ciphertext, in binary and in text, stay far below the 4 GiB of a Wasm memory.
constexpr uint32_t kMaxLength = 100'000'000;

// Where the text goes: to stdout, a write for each piece, or into a digest.
class Output {
 public:
  explicit Output(bool quiet) : quiet_(quiet) {}

  void Write(std::initializer_list<std::string_view> parts) {
    for (std::string_view part : parts) {
      if (quiet_) {
        digest_.Update(part.data(), part.size());
      } else {
        out_.Write(part);
      }
    }
    if (!quiet_) out_.Flush();
  }

  void Finish() {
    if (!quiet_) return;
    auto hex = digest_.Hex();
    out_.Write({hex.data(), hex.size()});
    out_.Write("\n");
    out_.Flush();
  }

 private:
  bool quiet_;
  Sha256 digest_;
  StdoutWriter out_;
};

Array<char> RandomMessage(uint32_t length, Sm64& random) {
  static constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  Array<char> message(length);
  for (char& letter : message) letter = kLetters[random.Next() % 52];
  return message;
}

Aes128::Block RandomBlock(Sm64& random) {
  Aes128::Block block;
  for (size_t i = 0; i < block.size(); i += sizeof(uint64_t)) {
    uint64_t draw = random.Next();
    for (size_t j = 0; j < sizeof draw; ++j) block[i + j] = static_cast<uint8_t>(draw >> (8 * j));
  }
  return block;
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

Aes128::Block ParseBlock(std::string_view hex) {
  Aes128::Block block;
  bool good = hex.size() == 2 * block.size();
  for (size_t i = 0; good && i < block.size(); ++i) {
    int high = HexValue(hex[2 * i]);
    int low = HexValue(hex[2 * i + 1]);
    good = high >= 0 && low >= 0;
    block[i] = static_cast<uint8_t>(high << 4 | low);
  }
  if (!good) Fail(Exit::kUsage, {"--iv must be 32 hexadecimal digits, not '", hex, "'"});
  return block;
}

struct Options {
  bool quiet;
  bool compatible;
  uint64_t seed;
  std::optional<const char*> message;  // in place of a random one
  std::optional<Aes128::Block> iv;     // in place of random ones
};

uint32_t NumberOf(const char* text, std::string_view name, const Options& options) {
  auto number = ParseUnsigned<uint32_t>(text);
  if (number && *number <= kMaxLength) return *number;
  // The original takes what is no number for 0, and refuses negative ones.
  if (options.compatible && !number && text[0] != '-') return 0;
  Fail(Exit::kUsage, {name, " must be a decimal number from 0 to 100000000, not '", text, "'"});
}

// One iteration: a fresh key schedule for each direction, as in the original.
void EncryptAndDecrypt(const Array<char>& message, const Aes128::Block& iv, Output& out) {
  size_t count = message.size();
  Array<uint8_t> cipher(iv.size() + count);
  memcpy(cipher.data(), iv.data(), iv.size());
  ApplyCfb(Aes128(kKey), iv, Direction::kEncrypt, reinterpret_cast<const uint8_t*>(message.data()),
           cipher.data() + iv.size(), count);
  Array<char> encoded(Base64Length(cipher.size()));
  EncodeBase64(cipher.data(), cipher.size(), encoded.data());
  out.Write({"\tENCRYPTED: ", {encoded.data(), encoded.size()}, "\n"});

  Array<uint8_t> decoded(Base64Bytes(encoded.size()));
  DecodeBase64(encoded.data(), encoded.size(), decoded.data());
  Aes128::Block received;
  memcpy(received.data(), decoded.data(), received.size());
  Array<char> clear(count);
  ApplyCfb(Aes128(kKey), received, Direction::kDecrypt, decoded.data() + received.size(),
           reinterpret_cast<uint8_t*>(clear.data()), count);
  out.Write({"\tDECRYPTED: ", {clear.data(), clear.size()}, "\n\n"});
}

}  // namespace
}  // namespace mayfly::suite

int main(int argc, char** argv) {
  using namespace mayfly::suite;
  program_name = "aes";
  Arguments arguments(argc, argv, kUsage);
  Options options{arguments.Flag("--quiet"), arguments.Flag("--compat"), arguments.Seed(),
                  arguments.Value("--message"), std::nullopt};
  if (auto hex = arguments.Value("--iv")) options.iv = ParseBlock(*hex);
  size_t operands = arguments.Operands();
  if (operands != (options.message ? 1 : 2)) arguments.FailUsage();
  uint32_t length = options.message ? 0 : NumberOf(arguments.Operand(0), "LENGTH", options);
  uint32_t iterations = NumberOf(arguments.Operand(operands - 1), "ITERATIONS", options);

  Sm64 random(options.seed);
  Array<char> message = RandomMessage(length, random);
  if (options.message) {
    message.Resize(strlen(*options.message));
    memcpy(message.data(), *options.message, message.size());
  }
  Output out(options.quiet);
  out.Write({"\tCLEAR TEXT MESSAGE:", {message.data(), message.size()}, "\n\n\n"});
  for (uint32_t i = 0; i < iterations; ++i) {
    EncryptAndDecrypt(message, options.iv ? *options.iv : RandomBlock(random), out);
  }
  out.Finish();
  return 0;
}
