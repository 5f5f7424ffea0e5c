#include "zip-compression/archive.h"

#include <algorithm>
#include <utility>

#include "support/exits.h"
#include "support/utf8.h"
#include "zip-compression/crc32.h"
#include "zip-compression/deflate.h"

namespace mayfly::suite {
namespace {

constexpr uint32_t kVersion = 20;          // knows directories and deflate
constexpr uint32_t kMadeBy = 3 << 8 | 46;  // on Unix
constexpr uint32_t kUtf8Name = 0x0800;
constexpr uint32_t kDosDate1980 = 0x0021;
constexpr uint32_t kFileMode = 0100755u << 16;
constexpr uint32_t kDirectoryMode = 0040755u << 16;
// The largest values of the fields mean "see zip64".
constexpr uint64_t kEnd32 = 0xFFFFFFFF;
constexpr size_t kEnd16 = 0xFFFF;

// Little-endian fields, one after the other.
class Fields {
 public:
  Fields& Put16(uint32_t value) { return Put(value, 2); }
  Fields& Put32(uint32_t value) { return Put(value, 4); }
  Fields& PutText(std::string_view text) {
    bytes_.append(text);
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  Fields& Put(uint32_t value, int count) {
    for (int i = 0; i < count; ++i) bytes_ += static_cast<char>(value >> (8 * i) & 0xFF);
    return *this;
  }

  std::string bytes_;
};

// A name that is not UTF-8 goes in as it is, without the flag.
uint32_t FlagsOf(std::string_view name) {
  bool is_ascii =
      std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return !is_ascii && IsUtf8(name) ? kUtf8Name : 0;
}

}  // namespace

Archive::Archive(const char* path, Method method) : file_(path), path_(path), method_(method) {
  unfinished_file = path;
}

bool Archive::IsSelf(const struct stat& status) const {
  struct stat own;
  return stat(path_, &own) == 0 && own.st_dev == status.st_dev && own.st_ino == status.st_ino;
}

void Archive::Refuse(std::string_view name, std::string_view reason) const {
  Fail(Exit::kFailure, {"write ", path_, ": ", name, ": ", reason});
}

void Archive::Write(const std::string& bytes) {
  file_.Write(bytes.data(), bytes.size());
  written_bytes_ += bytes.size();
}

void Archive::AddFile(std::string_view name, const Array<char>& content) {
  if (content.size() >= kEnd32) Refuse(name, "4 GiB or more");
  auto content_bytes = static_cast<uint32_t>(content.size());
  Entry entry{std::string(name),
              Crc32(content.data(), content.size()),
              content_bytes,
              content_bytes,
              kFileMode,
              Method::kStore,
              0};
  if (method_ == Method::kDeflate) {
    if (content.size() > kMaxDeflateBytes) Refuse(name, "more than 1 GiB to deflate");
    Deflated packed(content.data(), content.size());
    if (packed.size() < content_bytes) {
      entry.packed_bytes = packed.size();
      entry.method = Method::kDeflate;
      return Add(std::move(entry), packed.data());
    }
  }
  Add(std::move(entry), content.data());
}

void Archive::AddDirectory(std::string_view name) {
  Add({std::string(name) + "/", 0, 0, 0, kDirectoryMode, Method::kStore, 0}, nullptr);
}

void Archive::Add(Entry entry, const char* data) {
  if (entry.name.size() >= kEnd16) Refuse(entry.name, "name too long");
  if (entries_.size() + 1 >= kEnd16) Refuse(entry.name, "more than 65,534 entries");
  if (written_bytes_ >= kEnd32) Refuse(entry.name, "archive of 4 GiB or more");
  entry.offset_bytes = static_cast<uint32_t>(written_bytes_);
  Fields header;
  header.Put32(0x04034b50).Put16(kVersion).Put16(FlagsOf(entry.name));
  header.Put16(static_cast<uint32_t>(entry.method)).Put16(0).Put16(kDosDate1980);
  header.Put32(entry.crc32).Put32(entry.packed_bytes).Put32(entry.content_bytes);
  header.Put16(static_cast<uint32_t>(entry.name.size())).Put16(0).PutText(entry.name);
  Write(header.bytes());
  file_.Write(data, entry.packed_bytes);
  written_bytes_ += entry.packed_bytes;
  entries_.push_back(std::move(entry));
}

void Archive::WriteDirectory() {
  uint64_t start_bytes = written_bytes_;
  for (const Entry& entry : entries_) {
    Fields fields;
    fields.Put32(0x02014b50).Put16(kMadeBy).Put16(kVersion).Put16(FlagsOf(entry.name));
    fields.Put16(static_cast<uint32_t>(entry.method)).Put16(0).Put16(kDosDate1980);
    fields.Put32(entry.crc32).Put32(entry.packed_bytes).Put32(entry.content_bytes);
    fields.Put16(static_cast<uint32_t>(entry.name.size())).Put16(0).Put16(0).Put16(0).Put16(0);
    fields.Put32(entry.mode).Put32(entry.offset_bytes).PutText(entry.name);
    Write(fields.bytes());
  }
  uint64_t size_bytes = written_bytes_ - start_bytes;
  if (written_bytes_ >= kEnd32) Refuse("directory", "archive of 4 GiB or more");
  auto count = static_cast<uint32_t>(entries_.size());
  Fields end;
  end.Put32(0x06054b50).Put16(0).Put16(0).Put16(count).Put16(count);
  end.Put32(static_cast<uint32_t>(size_bytes)).Put32(static_cast<uint32_t>(start_bytes)).Put16(0);
  Write(end.bytes());
}

void Archive::Finish(Sync sync) {
  WriteDirectory();
  if (sync == Sync::kToDisk) file_.Sync();
  file_.Close();
}

}  // namespace mayfly::suite
