// CodeCache: compiled code on disk, found again by what it was compiled from.
//
// Two steps, so that a start neither hashes a module nor reads code: an index entry leads from a
// module's place (file identity, plugin file, CPU) to a key and the state that the code file had
// when its checksum was last verified; the key, a digest of all that shapes code, names the code
// file. A file that changed since, in any byte, has another change time and is verified anew.
// Format: docs/formats/aot-cache.md.
//
// Compiled code is trusted like a program: the directory must be the caller's and closed to
// everyone else.
//
// Errors: denied for a directory that others may write; system. A bad entry is no error: it is
//   removed, logged and reported as absent.
// Threads: any number of processes at once; writers take Lock(). Fork: usable in a child.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "engine/sha256.h"

namespace mayfly::engine {

// File times are taken from the kernel's tick: a change within a tick of the last one may leave the
// time as it was. A state is believed only when it was seen this much later than the file's change
// time.
inline constexpr int64_t kSettledNs = 20'000'000;

// The state of a file as fstat(2) gives it; equal states mean equal content once settled.
struct FileState {
  uint64_t inode = 0;
  uint64_t size_bytes = 0;
  int64_t mtime_ns = 0;
  int64_t ctime_ns = 0;

  static FileState Of(const struct stat& info);
  bool SettledAt(int64_t now_ns) const { return now_ns - ctime_ns >= kSettledNs; }
  bool operator==(const FileState&) const = default;
};

// Nanoseconds of CLOCK_REALTIME, the clock of file times.
int64_t RealtimeNs();

// A code file that was verified in the given state.
struct CodeRef {
  std::string key;  // 64 hexadecimal digits
  FileState state;
  int64_t verified_ns = 0;

  std::string ToText() const;
  static std::optional<CodeRef> FromText(std::string_view text);
};

class CodeCache {
 public:
  // Opens the cache, makes it where it is missing.
  static base::Result<CodeCache> Open(const std::string& directory);

  // The code that an index entry leads to, opened for reading. Where its file is not in the state
  // that the entry says, it is verified and the entry brought up to date.
  std::optional<base::UniqueFd> Recall(const std::string& index_name, base::Log& log) const;
  std::optional<CodeRef> FindRef(const std::string& index_name) const;
  // The code file of a reference, when it is in that state.
  std::optional<base::UniqueFd> OpenVerified(const CodeRef& ref) const;

  // Verifies owner, mode and checksum of a key's code; what is off is removed with a line in the
  // log.
  std::optional<CodeRef> Verify(const std::string& key, base::Log& log) const;
  // Writes code under a key, atomically and durably. `description` is a line for people.
  base::Result<CodeRef> Store(const std::string& key, std::string_view description,
                              std::span<const uint8_t> code) const;
  // Makes an index entry lead to a reference.
  base::Result<void> Remember(const std::string& index_name, const CodeRef& ref) const;

  // Held while a key is compiled and stored: others wait for it, also those of other processes.
  base::Result<base::UniqueFd> Lock(const std::string& key) const;
  // Removes the oldest code files until no more than max_bytes are left, never that of `keep`.
  base::Result<void> Bound(uint64_t max_bytes, const std::string& keep, base::Log& log) const;

 private:
  CodeCache(base::UniqueFd root, std::string path)
      : root_(std::move(root)), path_(std::move(path)) {}

  base::Result<void> WriteCodeFile(const std::string& name, std::string_view trailer,
                                   std::span<const uint8_t> code) const;

  base::UniqueFd root_;
  std::string path_;
};

}  // namespace mayfly::engine
