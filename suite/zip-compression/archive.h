// Archive: writes a ZIP file, entry by entry.
//
// Every entry has the date of 1980-01-01 and no extra fields, so the bytes depend on names and
// contents only. There is no zip64: what needs it is refused. A failure leaves no file behind
// (unfinished_file of support/exits.h is set, and stays so for what fails later).
//
// Errors: exit 1 with the reason. Ownership: the output file; the path is the caller's.
// Sources: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 and 4.4.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/array.h"
#include "support/output_file.h"

namespace mayfly::suite {

enum class Method : uint16_t { kStore = 0, kDeflate = 8 };

class Archive {
 public:
  Archive(const char* path, Method method);

  // Stored as it is where deflating does not make it smaller.
  void AddFile(std::string_view name, const Array<char>& content);
  // `name` without the slash at the end.
  void AddDirectory(std::string_view name);

  // Writes the directory of the archive, without which there is none, and closes the file.
  enum class Sync { kNo, kToDisk };
  void Finish(Sync sync);

  // Whether this status is of the archive's own file.
  bool IsSelf(const struct stat& status) const;

 private:
  struct Entry {
    std::string name;
    uint32_t crc32;
    uint32_t packed_bytes;
    uint32_t content_bytes;
    uint32_t mode;
    Method method;
    uint32_t offset_bytes;
  };

  void Add(Entry entry, const char* data);
  void WriteDirectory();
  void Write(const std::string& bytes);
  [[noreturn]] void Refuse(std::string_view name, std::string_view reason) const;

  OutputFile file_;
  const char* path_;
  Method method_;
  std::vector<Entry> entries_;
  uint64_t written_bytes_ = 0;
};

}  // namespace mayfly::suite
