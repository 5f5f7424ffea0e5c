// The names below the cache's directory and what a file of it must look like; for code_cache.cc and
// code_cache_keep.cc alone. docs/formats/aot-cache.md.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <string>

namespace mayfly::engine {

inline constexpr const char* kCodeDir = "code";
inline constexpr const char* kIndexDir = "index";
inline constexpr const char* kLockFile = "locks";
inline constexpr const char* kNewSuffix = ".new";
inline constexpr mode_t kCacheDirMode = 0700;
inline constexpr mode_t kCacheFileMode = 0600;
inline constexpr size_t kKeyDigits = 64;

inline int64_t ToNs(const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; }

inline std::string CodeName(const std::string& key) { return std::string(kCodeDir) + "/" + key; }
inline std::string IndexName(const std::string& name) {
  return std::string(kIndexDir) + "/" + name;
}

// Key or index name: 64 lower-case hexadecimal digits.
inline bool IsKey(std::string_view name) {
  return name.size() == kKeyDigits &&
         name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// A regular file of ours, closed to everyone else.
inline bool IsPrivateFile(const struct stat& info) {
  return S_ISREG(info.st_mode) && info.st_uid == ::geteuid() &&
         (info.st_mode & 07777) == kCacheFileMode && info.st_nlink == 1;
}

}  // namespace mayfly::engine
