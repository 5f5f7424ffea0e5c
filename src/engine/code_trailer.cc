#include "engine/code_trailer.h"

#include <algorithm>

namespace mayfly::engine {

using base::ErrorKind;
using base::Fail;
using base::Result;

namespace {

constexpr std::string_view kMagic = "MAYFLYAC";
constexpr uint32_t kFormatVersion = 1;
constexpr size_t kDigestSize = sizeof(Digest);
constexpr size_t kKeySize = 64;
// magic, version, description's size, code's size, key
constexpr size_t kFixedSize = 8 + 4 + 4 + 8 + kKeySize;

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

std::string EncodeTrailer(const std::string& key, std::string_view description,
                          std::span<const uint8_t> code) {
  description = description.substr(0, 0xFFFF);
  std::string trailer(description);
  trailer.append(kMagic);
  AppendLittleEndian(&trailer, kFormatVersion, 4);
  AppendLittleEndian(&trailer, description.size(), 4);
  AppendLittleEndian(&trailer, code.size(), 8);
  trailer.append(key);
  Sha256Stream hash;
  hash.Update(code);
  hash.Update(std::span(reinterpret_cast<const uint8_t*>(trailer.data()), trailer.size()));
  const Digest digest = hash.Finish();
  trailer.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  return trailer;
}

Result<CodeTrailer> CheckCodeFile(std::span<const uint8_t> file) {
  if (file.size() < kFixedSize + kDigestSize) {
    return Fail(ErrorKind::kInvalid, "it is too short");
  }
  const auto hashed = file.first(file.size() - kDigestSize);
  const auto fixed = hashed.last(kFixedSize);
  if (Text(fixed.first(8)) != kMagic) {
    return Fail(ErrorKind::kInvalid, "it has no trailer");
  }
  if (ReadLittleEndian(fixed.subspan(8, 4)) != kFormatVersion) {
    return Fail(ErrorKind::kInvalid, "it is of another format version");
  }
  const Digest digest = Sha256(hashed);
  if (!std::equal(digest.begin(), digest.end(), file.last(kDigestSize).begin())) {
    return Fail(ErrorKind::kInvalid, "its checksum does not match");
  }
  const uint64_t description_size = ReadLittleEndian(fixed.subspan(12, 4));
  CodeTrailer trailer{.key = std::string(Text(fixed.subspan(24, kKeySize))),
                      .description = {},
                      .code_size_bytes = ReadLittleEndian(fixed.subspan(16, 8))};
  const uint64_t before = hashed.size() - kFixedSize;
  if (description_size > before || trailer.code_size_bytes != before - description_size) {
    return Fail(ErrorKind::kInvalid, "its sizes do not add up");
  }
  trailer.description =
      Text(hashed.subspan(static_cast<size_t>(trailer.code_size_bytes), description_size));
  return trailer;
}

}  // namespace mayfly::engine
