#include "engine/module_probe.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_set>

namespace mayfly::engine {

using base::ErrorKind;
using base::Fail;
using base::Result;

namespace {

constexpr std::array<uint8_t, kMagicSize> kMagic = {0x00, 'a', 's', 'm'};
constexpr std::array<uint8_t, 4> kModuleVersion = {1, 0, 0, 0};
constexpr std::array<uint8_t, 2> kComponentLayer = {1,
                                                    0};  // bytes 6 and 7 of a component's preamble

constexpr uint8_t kTypeSection = 1;
constexpr uint8_t kImportSection = 2;
constexpr uint8_t kExportSection = 7;
constexpr uint8_t kLastSection = 13;  // the exception-handling proposal's tags

constexpr uint8_t kFunction = 0;
constexpr uint8_t kTable = 1;
constexpr uint8_t kMemory = 2;
constexpr uint8_t kGlobal = 3;
constexpr uint8_t kTag = 4;

// Reads one after another; the first thing that does not fit makes ok() false for good.
class Reader {
 public:
  Reader(std::span<const uint8_t> bytes, size_t base) : bytes_(bytes), base_(base) {}

  bool ok() const { return ok_; }
  bool AtEnd() const { return at_ == bytes_.size(); }
  // Of the next byte, in the file.
  size_t offset() const { return base_ + at_; }

  uint8_t Byte() {
    if (!ok_ || at_ >= bytes_.size()) {
      ok_ = false;
      return 0;
    }
    return bytes_[at_++];
  }

  // An unsigned LEB128 number of at most 64 bits.
  uint64_t Number() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = Byte();
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) {
        return value;
      }
    }
    ok_ = false;
    return 0;
  }

  std::span<const uint8_t> Take(uint64_t size) {
    if (!ok_ || size > bytes_.size() - at_) {
      ok_ = false;
      return {};
    }
    const auto taken = bytes_.subspan(at_, static_cast<size_t>(size));
    at_ += static_cast<size_t>(size);
    return taken;
  }

  std::string_view Name() {
    const auto bytes = Take(Number());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  void Refuse() { ok_ = false; }

 private:
  std::span<const uint8_t> bytes_;
  size_t base_;
  size_t at_ = 0;
  bool ok_ = true;
};

std::unexpected<base::Error> Malformed(const Reader& reader, std::string_view what) {
  return Fail(ErrorKind::kInvalid, "malformed module: {} at byte {}", what, reader.offset());
}

// The limits of a table or memory: a flags byte, a minimum, a maximum when flag bit 0 is set, and
// with the custom-page-sizes proposal (bit 3) a page size.
void SkipLimits(Reader& reader) {
  const uint8_t flags = reader.Byte();
  reader.Number();
  if ((flags & 1) != 0) {
    reader.Number();
  }
  if ((flags & 8) != 0) {
    reader.Number();
  }
}

// A value or reference type: one byte, or 0x63/0x64 and a heap type (a signed LEB128 number).
void SkipType(Reader& reader) {
  const uint8_t byte = reader.Byte();
  if (byte == 0x63 || byte == 0x64) {
    reader.Number();
  }
}

// The letter of a value type; other than numbers they are '?'.
char TypeLetter(uint8_t byte) {
  switch (byte) {
    case 0x7F:
      return 'i';
    case 0x7E:
      return 'I';
    case 0x7D:
      return 'f';
    case 0x7C:
      return 'F';
    default:
      return '?';
  }
}

void ReadValueTypes(Reader& reader, std::string* letters) {
  const uint64_t count = reader.Number();
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    const uint8_t byte = reader.Byte();
    if (byte == 0x63 || byte == 0x64) {
      reader.Number();
    }
    letters->push_back(TypeLetter(byte));
  }
}

// Types by their index. Those after the first that is no plain function (the garbage-collection
// proposal's) are left unknown.
std::vector<std::string> ReadTypes(Reader reader) {
  constexpr uint8_t kFunctionType = 0x60;
  std::vector<std::string> types;
  const uint64_t count = reader.Number();
  for (uint64_t i = 0; i < count && reader.ok() && reader.Byte() == kFunctionType; ++i) {
    std::string type;
    ReadValueTypes(reader, &type);
    type.push_back('>');
    ReadValueTypes(reader, &type);
    if (reader.ok()) {
      types.push_back(std::move(type));
    }
  }
  return types;
}

// The letters of a function's type, see ModuleInfo::import_types.
std::string ReadImportType(Reader& reader, const std::vector<std::string>& types) {
  std::string type = "?";
  switch (reader.Byte()) {
    case kFunction: {
      const uint64_t index = reader.Number();
      type = index < types.size() ? types[static_cast<size_t>(index)] : "";
      break;
    }
    case kTable:
      SkipType(reader);
      SkipLimits(reader);
      break;
    case kMemory:
      SkipLimits(reader);
      break;
    case kGlobal:
      SkipType(reader);
      reader.Byte();
      break;
    case kTag:
      reader.Byte();
      reader.Number();
      break;
    default:
      reader.Refuse();
  }
  return type;
}

Result<void> ReadImports(Reader reader, const std::vector<std::string>& types, ModuleInfo* info) {
  std::unordered_set<std::string> seen;
  const uint64_t count = reader.Number();
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    std::string name(reader.Name());
    name.append(".").append(reader.Name());
    std::string type = ReadImportType(reader, types);
    if (reader.ok() && seen.insert(name + type).second) {
      info->imports.push_back(std::move(name));
      info->import_types.push_back(std::move(type));
    }
  }
  if (!reader.ok() || !reader.AtEnd()) {
    return Malformed(reader, "import section");
  }
  return {};
}

Result<void> ReadExports(Reader reader, ModuleInfo* info) {
  const uint64_t count = reader.Number();
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    const std::string_view name = reader.Name();
    const uint8_t kind = reader.Byte();
    reader.Number();
    if (reader.ok()) {
      info->exports_start |= kind == kFunction && name == "_start";
    }
  }
  if (!reader.ok() || !reader.AtEnd()) {
    return Malformed(reader, "export section");
  }
  return {};
}

}  // namespace

bool HasWasmMagic(std::span<const uint8_t> bytes) {
  return bytes.size() >= kMagicSize && std::equal(kMagic.begin(), kMagic.end(), bytes.begin());
}

BinaryKind KindByPreamble(std::span<const uint8_t> bytes) {
  constexpr size_t kLayerOffset = 6;
  const bool component =
      bytes.size() >= kPreambleSize && HasWasmMagic(bytes) &&
      std::equal(kComponentLayer.begin(), kComponentLayer.end(), bytes.begin() + kLayerOffset);
  return component ? BinaryKind::kComponent : BinaryKind::kModule;
}

Result<ModuleInfo> ProbeModule(std::span<const uint8_t> bytes) {
  if (!HasWasmMagic(bytes)) {
    return Fail(ErrorKind::kInvalid, "not a WebAssembly module: it does not begin with \"\\0asm\"");
  }
  if (bytes.size() < kPreambleSize) {
    return Fail(ErrorKind::kInvalid, "malformed module: it ends within its preamble");
  }
  ModuleInfo info;
  const auto version = bytes.subspan(kMagicSize, 4);
  info.kind = KindByPreamble(bytes);
  if (info.kind == BinaryKind::kComponent) {
    return info;
  }
  if (!std::equal(kModuleVersion.begin(), kModuleVersion.end(), version.begin())) {
    return Fail(ErrorKind::kUnsupported,
                "WebAssembly binary format version {:02x} {:02x} {:02x} {:02x} is not known",
                version[0], version[1], version[2], version[3]);
  }
  std::vector<std::string> types;
  Reader file(bytes.subspan(kPreambleSize), kPreambleSize);
  while (!file.AtEnd()) {
    const uint8_t id = file.Byte();
    const uint64_t size = file.Number();
    const size_t start = file.offset();
    const auto body = file.Take(size);
    if (!file.ok()) {
      return Malformed(file, fmt::format("section {} is cut off", id));
    }
    if (id > kLastSection) {
      return Malformed(file, fmt::format("unknown section {} ends", id));
    }
    if (id == kTypeSection) {
      types = ReadTypes(Reader(body, start));
    } else if (id == kImportSection) {
      MAYFLY_TRY(ReadImports(Reader(body, start), types, &info));
    } else if (id == kExportSection) {
      MAYFLY_TRY(ReadExports(Reader(body, start), &info));
    }
  }
  return info;
}

}  // namespace mayfly::engine
