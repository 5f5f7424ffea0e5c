// What keeps the cache in bounds: listing, removal of what is least used, of dead index entries and
// of what killed writers left.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/file.h"
#include "base/path.h"
#include "engine/code_cache.h"
#include "engine/code_cache_files.h"
#include "engine/code_trailer.h"

namespace mayfly::engine {

using base::FailErrno;
using base::Log;
using base::Result;
using base::UniqueFd;

namespace {

// An index entry's temporary name lives for the time of two system calls.
constexpr int64_t kStaleTemporaryNs = 60'000'000'000;
// Entries that were not used for so long are dropped though their code is there: places come and go
// with images, and an entry that is missed costs one hash of the module.
constexpr int64_t kIndexAgeNs = 30LL * 24 * 3600 * 1'000'000'000;

}  // namespace

// An O_PATH descriptor cannot be listed; a directory that is not there yet is empty.
Result<std::vector<std::string>> CodeCache::Names(const char* directory) const {
  auto names = base::ListDirectory(base::FdPath(root_.get()) + "/" + directory);
  if (!names && names.error().sys_errno() == ENOENT) {
    return std::vector<std::string>();
  }
  if (!names) {
    return FailErrno("compiled-code cache {}/{}", path_, directory);
  }
  return names;
}

Result<void> CodeCache::Remove(const std::string& key) const {
  if (::unlinkat(root_.get(), CodeName(key).c_str(), 0) != 0 && errno != ENOENT) {
    return FailErrno("compiled-code cache: remove {}/{}", path_, CodeName(key));
  }
  return {};
}

std::optional<CodeOrigin> CodeCache::ReadOrigin(const std::string& key) const {
  const UniqueFd fd(
      ::openat(root_.get(), CodeName(key).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info{};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return std::nullopt;
  }
  const off_t begin = std::max<off_t>(0, info.st_size - static_cast<off_t>(kMaxTrailerBytes));
  std::vector<uint8_t> tail(static_cast<size_t>(info.st_size - begin));
  if (::pread(fd.get(), tail.data(), tail.size(), begin) != static_cast<ssize_t>(tail.size())) {
    return std::nullopt;
  }
  const auto trailer = ReadTrailer(tail, static_cast<uint64_t>(info.st_size));
  return trailer ? CodeOrigin::FromText(trailer->description) : std::nullopt;
}

Result<std::map<std::string, int64_t>> CodeCache::LastUses() const {
  std::map<std::string, int64_t> uses;
  MAYFLY_ASSIGN(const auto names, Names(kIndexDir));
  for (const std::string& name : names) {
    struct stat info{};
    const auto ref = IsKey(name) ? FindRef(name) : std::nullopt;
    if (ref && ::fstatat(root_.get(), IndexName(name).c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
      int64_t& use = uses[ref->key];
      use = std::max(use, ToNs(info.st_mtim));
    }
  }
  return uses;
}

Result<std::vector<CacheEntry>> CodeCache::List() const {
  MAYFLY_ASSIGN(const auto uses, LastUses());
  MAYFLY_ASSIGN(const auto names, Names(kCodeDir));
  std::vector<CacheEntry> entries;
  for (const std::string& name : names) {
    struct stat info{};
    if (!IsKey(name) ||
        ::fstatat(root_.get(), CodeName(name).c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      continue;
    }
    const int64_t written_ns = ToNs(info.st_mtim);
    const auto use = uses.find(name);
    entries.push_back({.key = name,
                       .size_bytes = static_cast<uint64_t>(info.st_size),
                       .written_ns = written_ns,
                       .last_use_ns = std::max(written_ns, use == uses.end() ? 0 : use->second),
                       .origin = ReadOrigin(name)});
  }
  return entries;
}

// Index entries whose code is gone, that nobody used for long, or that were never renamed.
Result<void> CodeCache::SweepIndex() const {
  MAYFLY_ASSIGN(const auto names, Names(kIndexDir));
  const int64_t now_ns = RealtimeNs();
  for (const std::string& name : names) {
    struct stat info{};
    const std::string path = IndexName(name);
    if (::fstatat(root_.get(), path.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      continue;
    }
    const int64_t age_ns = now_ns - ToNs(info.st_mtim);
    bool dead = age_ns > kStaleTemporaryNs;
    if (IsKey(name)) {
      const auto ref = FindRef(name);
      dead = !ref || age_ns > kIndexAgeNs ||
             ::faccessat(root_.get(), CodeName(ref->key).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0;
    }
    if (dead) {
      ::unlinkat(root_.get(), path.c_str(), 0);
    }
  }
  return {};
}

// KEY.new of a writer that is gone: whoever writes holds the key's lock.
Result<void> CodeCache::SweepWriters() const {
  MAYFLY_ASSIGN(const auto names, Names(kCodeDir));
  for (const std::string& name : names) {
    if (!name.ends_with(kNewSuffix)) {
      continue;
    }
    MAYFLY_ASSIGN(const auto lock, TryLock(name.substr(0, kKeyDigits)));
    if (lock) {
      ::unlinkat(root_.get(), CodeName(name).c_str(), 0);
    }
  }
  return {};
}

Result<PruneReport> CodeCache::Prune(const PruneLimits& limits, const std::string& keep,
                                     Log& log) const {
  MAYFLY_ASSIGN(auto entries, List());
  std::sort(entries.begin(), entries.end(),
            [](const CacheEntry& a, const CacheEntry& b) { return a.last_use_ns < b.last_use_ns; });
  uint64_t total_bytes = 0;
  for (const CacheEntry& entry : entries) {
    total_bytes += entry.size_bytes;
  }
  const int64_t now_ns = RealtimeNs();
  PruneReport report;
  for (const CacheEntry& entry : entries) {
    const bool too_much = limits.max_bytes && total_bytes > *limits.max_bytes;
    const bool too_old = limits.max_age_ns && now_ns - entry.last_use_ns > *limits.max_age_ns;
    if (entry.key == keep || !(limits.all || too_much || too_old)) {
      continue;
    }
    MAYFLY_TRY(Remove(entry.key));
    total_bytes -= entry.size_bytes;
    report.bytes += entry.size_bytes;
    ++report.files;
    log.Debug("compiled-code cache {}: code {} is removed: {}", path_, entry.key,
              limits.all ? "all is" : (too_old ? "unused for long" : "to make room"));
  }
  MAYFLY_TRY(SweepWriters());
  MAYFLY_TRY(SweepIndex());
  return report;
}

}  // namespace mayfly::engine
