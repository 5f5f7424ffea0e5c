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
// Units: times in nanoseconds of CLOCK_REALTIME. "Last use" is known to a minute: a start renews it
//   when it is older than that (kTouchNs).
// Errors: denied for a directory that others may write; system. A bad entry is no error: it is
//   removed, logged and reported as absent.
// Threads: any number of processes at once; writers take Lock(). Removing an entry is always safe:
//   whoever has opened it keeps it. Fork: usable in a child.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "engine/code_origin.h"

namespace mayfly::engine {

// File times are taken from the kernel's tick: a change within a tick of the last one may leave the
// time as it was. A state is believed only when it was seen this much later than the file's change
// time.
inline constexpr int64_t kSettledNs = 20'000'000;
// How exact the time of last use is.
inline constexpr int64_t kTouchNs = 60'000'000'000;

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

// A code file as `mayfly cache ls` shows it.
struct CacheEntry {
  std::string key;
  uint64_t size_bytes = 0;  // of the file: code and trailer
  int64_t written_ns = 0;
  int64_t last_use_ns = 0;
  std::optional<CodeOrigin> origin;  // absent when the trailer cannot be read
};

// What Prune() removes: entries that one of the limits reaches.
struct PruneLimits {
  std::optional<uint64_t> max_bytes = {};  // least recently used first, until the rest is within
  std::optional<int64_t> max_age_ns = {};  // not used for longer than that
  bool all = false;
};

struct PruneReport {
  uint64_t files = 0;
  uint64_t bytes = 0;
};

class CodeCache {
 public:
  // Opens the cache, makes it where it is missing.
  static base::Result<CodeCache> Open(const std::string& directory);
  // Opens the cache; an error of kind not-found where it is missing.
  static base::Result<CodeCache> OpenExisting(const std::string& directory);

  // The code that an index entry leads to, opened for reading. Where its file is not in the state
  // that the entry says, it is verified and the entry brought up to date.
  std::optional<base::UniqueFd> Recall(const std::string& index_name, base::Log& log) const;
  std::optional<CodeRef> FindRef(const std::string& index_name) const;
  // The code file of a reference, when it is in that state.
  std::optional<base::UniqueFd> OpenVerified(const CodeRef& ref) const;

  // Verifies owner, mode and checksum of a key's code. Errors: not-found; invalid, saying what is
  // off.
  base::Result<CodeRef> Check(const std::string& key) const;
  // The same for a start: what is off is removed with a line in the log.
  std::optional<CodeRef> Verify(const std::string& key, base::Log& log) const;
  // Writes code under the key of its origin, atomically and durably; the caller holds the key's
  // lock.
  base::Result<CodeRef> Store(std::string_view origin, std::span<const uint8_t> code) const;
  // Makes an index entry lead to a reference.
  base::Result<void> Remember(const std::string& index_name, const CodeRef& ref) const;

  // Held while a key is compiled and stored: others wait for it, also those of other processes.
  base::Result<base::UniqueFd> Lock(const std::string& key) const;
  // The same without waiting: no descriptor when somebody holds it.
  base::Result<std::optional<base::UniqueFd>> TryLock(const std::string& key) const;

  // All code files, by key.
  base::Result<std::vector<CacheEntry>> List() const;
  // Removes entries, never that of `keep`, and what killed writers and removed code left behind.
  base::Result<PruneReport> Prune(const PruneLimits& limits, const std::string& keep,
                                  base::Log& log) const;
  base::Result<void> Remove(const std::string& key) const;

  const std::string& path() const { return path_; }

 private:
  CodeCache(base::UniqueFd root, std::string path)
      : root_(std::move(root)), path_(std::move(path)) {}

  base::Result<void> WriteCodeFile(const std::string& name, std::string_view trailer,
                                   std::span<const uint8_t> code) const;
  void Touch(const std::string& index_name) const;
  base::Result<std::vector<std::string>> Names(const char* directory) const;
  std::optional<CodeOrigin> ReadOrigin(const std::string& key) const;
  // When each key's code was last used, by its index entries.
  base::Result<std::map<std::string, int64_t>> LastUses() const;
  base::Result<void> SweepIndex() const;
  base::Result<void> SweepWriters() const;

  base::UniqueFd root_;
  std::string path_;
};

}  // namespace mayfly::engine
