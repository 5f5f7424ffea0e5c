#include "engine/code_trailer.h"

#include <algorithm>

namespace mayfly::engine {

using base::ErrorKind;
using base::Fail;
using base::Result;

namespace {

constexpr std::string_view kMagic = "MAYFLYAC";
constexpr uint32_t kFormatVersion = 2;
constexpr size_t kDigestSize = sizeof(Digest);
constexpr size_t kKeySize = 64;
// magic, version, description's size, code's size, key
constexpr size_t kFixedSize = 8 + 4 + 4 + 8 + kKeySize;
constexpr size_t kMaxDescription = 0xFFFF;
static_assert(kMaxTrailerBytes == kMaxDescription + kFixedSize + kDigestSize);

void AppendLittleEndian(std::string* text, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) {
    text->push_back(static_cast<char>(value >> (8 * i)));
  }
}

uint64_t ReadLittleEndian(std::span<const uint8_t> bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i > 0; --i) {
    value = value << 8 | bytes[i - 1];
  }
  return value;
}

std::string_view Text(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::string EncodeTrailer(std::string_view description, std::span<const uint8_t> code) {
  description = description.substr(0, kMaxDescription);
  std::string trailer(description);
  trailer.append(kMagic);
  AppendLittleEndian(&trailer, kFormatVersion, 4);
  AppendLittleEndian(&trailer, description.size(), 4);
  AppendLittleEndian(&trailer, code.size(), 8);
  trailer.append(ToHex(Sha256(description)));
  Sha256Stream hash;
  hash.Update(code);
  hash.Update(std::span(reinterpret_cast<const uint8_t*>(trailer.data()), trailer.size()));
  const Digest digest = hash.Finish();
  trailer.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  return trailer;
}

Result<CodeTrailer> ReadTrailer(std::span<const uint8_t> tail, uint64_t file_size_bytes) {
  constexpr size_t kEndSize = kFixedSize + kDigestSize;
  if (tail.size() < kEndSize || tail.size() > file_size_bytes) {
    return Fail(ErrorKind::kInvalid, "it is too short");
  }
  const auto fixed = tail.last(kEndSize).first(kFixedSize);
  if (Text(fixed.first(8)) != kMagic) {
    return Fail(ErrorKind::kInvalid, "it has no trailer");
  }
  if (ReadLittleEndian(fixed.subspan(8, 4)) != kFormatVersion) {
    return Fail(ErrorKind::kInvalid, "it is of another format version");
  }
  const uint64_t description_size = ReadLittleEndian(fixed.subspan(12, 4));
  CodeTrailer trailer{.key = std::string(Text(fixed.subspan(24, kKeySize))),
                      .description = {},
                      .code_size_bytes = ReadLittleEndian(fixed.subspan(16, 8))};
  const uint64_t before = file_size_bytes - kEndSize;
  if (description_size > kMaxDescription || description_size > before ||
      description_size > tail.size() - kEndSize ||
      trailer.code_size_bytes != before - description_size) {
    return Fail(ErrorKind::kInvalid, "its sizes do not add up");
  }
  trailer.description =
      Text(tail.first(tail.size() - kEndSize).last(static_cast<size_t>(description_size)));
  if (trailer.key != ToHex(Sha256(trailer.description))) {
    return Fail(ErrorKind::kInvalid, "its key is not that of its description");
  }
  return trailer;
}

Result<CodeTrailer> CheckCodeFile(std::span<const uint8_t> file) {
  MAYFLY_ASSIGN(CodeTrailer trailer,
                ReadTrailer(file.last(std::min(file.size(), kMaxTrailerBytes)), file.size()));
  const Digest digest = Sha256(file.first(file.size() - kDigestSize));
  if (!std::equal(digest.begin(), digest.end(), file.last(kDigestSize).begin())) {
    return Fail(ErrorKind::kInvalid, "its checksum does not match");
  }
  return trailer;
}

}  // namespace mayfly::engine
