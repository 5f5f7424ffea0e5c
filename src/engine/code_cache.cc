#include "engine/code_cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <vector>

#include "base/file.h"
#include "base/path.h"
#include "engine/code_trailer.h"

namespace mayfly::engine {

using base::ErrorKind;
using base::Fail;
using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

constexpr const char* kCodeDir = "code";
constexpr const char* kIndexDir = "index";
constexpr const char* kLockDir = "lock";
constexpr mode_t kDirMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr size_t kKeyDigits = 64;
constexpr size_t kMaxIndexText = 512;

int64_t ToNs(const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; }

std::string CodeName(const std::string& key) { return std::string(kCodeDir) + "/" + key; }
std::string IndexName(const std::string& name) { return std::string(kIndexDir) + "/" + name; }

// A regular file of ours, closed to everyone else.
bool IsPrivateFile(const struct stat& info) {
  return S_ISREG(info.st_mode) && info.st_uid == ::geteuid() &&
         (info.st_mode & 07777) == kFileMode && info.st_nlink == 1;
}

// A file mapped for reading, for the time of a check.
class Mapping {
 public:
  Mapping(int fd, size_t size) : size_(size) {
    address_ = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (valid()) {
      ::munmap(address_, size_);
    }
  }
  bool valid() const { return address_ != MAP_FAILED; }
  std::span<const uint8_t> bytes() const { return {static_cast<const uint8_t*>(address_), size_}; }

 private:
  void* address_;
  size_t size_;
};

Result<std::string> WhatIsOff(int fd, const struct stat& info, const std::string& key) {
  if (!IsPrivateFile(info)) {
    return "its owner or mode is not as written";
  }
  const Mapping file(fd, static_cast<size_t>(std::max<off_t>(info.st_size, 1)));
  if (!file.valid()) {
    return FailErrno("map code {}", key);
  }
  const auto trailer = CheckCodeFile(file.bytes().first(static_cast<size_t>(info.st_size)));
  if (!trailer) {
    return trailer.error().text();
  }
  return trailer->key == key ? "" : "it belongs to another key";
}

}  // namespace

FileState FileState::Of(const struct stat& info) {
  return {.inode = info.st_ino,
          .size_bytes = static_cast<uint64_t>(info.st_size),
          .mtime_ns = ToNs(info.st_mtim),
          .ctime_ns = ToNs(info.st_ctim)};
}

int64_t RealtimeNs() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return ToNs(now);
}

std::string CodeRef::ToText() const {
  return fmt::format("{} {} {} {} {} {}", key, state.inode, state.size_bytes, state.mtime_ns,
                     state.ctime_ns, verified_ns);
}

std::optional<CodeRef> CodeRef::FromText(std::string_view text) {
  CodeRef ref;
  if (text.size() < kKeyDigits || text.find_first_not_of("0123456789abcdef") != kKeyDigits) {
    return std::nullopt;
  }
  ref.key = text.substr(0, kKeyDigits);
  const char* at = text.data() + kKeyDigits;
  const char* const end = text.data() + text.size();
  bool good = true;
  const auto read = [&](auto* value) {
    good = good && at != end && *at == ' ';
    if (good) {
      const auto [next, error] = std::from_chars(at + 1, end, *value);
      good = error == std::errc();
      at = next;
    }
  };
  read(&ref.state.inode);
  read(&ref.state.size_bytes);
  read(&ref.state.mtime_ns);
  read(&ref.state.ctime_ns);
  read(&ref.verified_ns);
  return good && at == end ? std::optional(ref) : std::nullopt;
}

Result<CodeCache> CodeCache::Open(const std::string& directory) {
  auto root = base::Open(directory, O_PATH | O_DIRECTORY);
  if (!root && root.error().sys_errno() == ENOENT) {
    MAYFLY_TRY_AS(base::MakeDirs(directory, kDirMode), "compiled-code cache");
    root = base::Open(directory, O_PATH | O_DIRECTORY);
  }
  if (!root) {
    return std::unexpected(std::move(root).error().Wrap("compiled-code cache"));
  }
  struct stat info{};
  if (::fstat(root->get(), &info) != 0) {
    return FailErrno("compiled-code cache {}", directory);
  }
  if (info.st_uid != ::geteuid() || (info.st_mode & 077) != 0) {
    return Fail(
        ErrorKind::kDenied,
        "compiled-code cache {}: must belong to user {} and have mode 0700, has {} and {:04o}",
        directory, ::geteuid(), info.st_uid, info.st_mode & 07777);
  }
  return CodeCache(std::move(*root), directory);
}

std::optional<UniqueFd> CodeCache::OpenVerified(const CodeRef& ref) const {
  UniqueFd fd(::openat(root_.get(), CodeName(ref.key).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info{};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0 || !IsPrivateFile(info) ||
      FileState::Of(info) != ref.state) {
    return std::nullopt;
  }
  return fd;
}

std::optional<CodeRef> CodeCache::FindRef(const std::string& index_name) const {
  std::array<char, kMaxIndexText> text;
  const ssize_t size =
      ::readlinkat(root_.get(), IndexName(index_name).c_str(), text.data(), text.size());
  return size > 0 ? CodeRef::FromText({text.data(), static_cast<size_t>(size)}) : std::nullopt;
}

std::optional<UniqueFd> CodeCache::Recall(const std::string& index_name, base::Log& log) const {
  const auto known = FindRef(index_name);
  if (!known) {
    return std::nullopt;
  }
  if (known->state.SettledAt(known->verified_ns)) {
    if (auto fd = OpenVerified(*known)) {
      return fd;
    }
  }
  const auto verified = Verify(known->key, log);
  if (!verified) {
    return std::nullopt;
  }
  if (const auto done = Remember(index_name, *verified); !done) {
    log.Warning("{}", done.error().text());
  }
  return OpenVerified(*verified);
}

std::optional<CodeRef> CodeCache::Verify(const std::string& key, base::Log& log) const {
  const UniqueFd fd(
      ::openat(root_.get(), CodeName(key).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid() && errno == ENOENT) {
    return std::nullopt;
  }
  struct stat info{};
  CodeRef ref{.key = key, .state = {}, .verified_ns = RealtimeNs()};
  auto off = fd.valid() && ::fstat(fd.get(), &info) == 0 ? WhatIsOff(fd.get(), info, key)
                                                         : Result<std::string>(FailErrno("open"));
  if (off && off->empty()) {
    ref.state = FileState::Of(info);
    return ref;
  }
  log.Warning("compiled-code cache {}: code {} is thrown away: {}", path_, key,
              off ? *off : off.error().text());
  ::unlinkat(root_.get(), CodeName(key).c_str(), 0);
  return std::nullopt;
}

Result<void> CodeCache::WriteCodeFile(const std::string& name, std::string_view trailer,
                                      std::span<const uint8_t> code) const {
  const std::string shown = path_ + "/" + name;
  ::unlinkat(root_.get(), name.c_str(), 0);  // of a writer that was killed; the lock is ours
  MAYFLY_ASSIGN(
      const UniqueFd fd,
      base::OpenAt(root_.get(), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, kFileMode));
  MAYFLY_TRY(
      base::WriteAll(fd.get(), {reinterpret_cast<const char*>(code.data()), code.size()}, shown));
  MAYFLY_TRY(base::WriteAll(fd.get(), trailer, shown));
  if (::fchmod(fd.get(), kFileMode) != 0 || ::fsync(fd.get()) != 0) {
    return FailErrno("write {}", shown);
  }
  return {};
}

Result<CodeRef> CodeCache::Store(const std::string& key, std::string_view description,
                                 std::span<const uint8_t> code) const {
  for (const char* directory : {kCodeDir, kIndexDir}) {
    if (::mkdirat(root_.get(), directory, kDirMode) != 0 && errno != EEXIST) {
      return FailErrno("make {}/{}", path_, directory);
    }
  }
  const std::string final_name = CodeName(key);
  const std::string temporary = final_name + ".new";
  auto written = WriteCodeFile(temporary, EncodeTrailer(key, description, code), code);
  if (written && ::renameat(root_.get(), temporary.c_str(), root_.get(), final_name.c_str()) != 0) {
    written = FailErrno("rename {}/{}", path_, temporary);
  }
  struct stat info{};
  if (written && ::fstatat(root_.get(), final_name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    written = FailErrno("stat {}/{}", path_, final_name);
  }
  if (!written) {
    ::unlinkat(root_.get(), temporary.c_str(), 0);
    return std::unexpected(std::move(written).error().Wrap("compiled-code cache"));
  }
  return CodeRef{.key = key, .state = FileState::Of(info), .verified_ns = RealtimeNs()};
}

Result<void> CodeCache::Remember(const std::string& index_name, const CodeRef& ref) const {
  const std::string name = IndexName(index_name);
  const std::string temporary = fmt::format("{}.{}-{}", name, ::getpid(), RealtimeNs());
  if (::symlinkat(ref.ToText().c_str(), root_.get(), temporary.c_str()) != 0 ||
      ::renameat(root_.get(), temporary.c_str(), root_.get(), name.c_str()) != 0) {
    auto failed = FailErrno("compiled-code cache: write {}/{}", path_, name);
    ::unlinkat(root_.get(), temporary.c_str(), 0);
    return failed;
  }
  return {};
}

Result<UniqueFd> CodeCache::Lock(const std::string& key) const {
  if (::mkdirat(root_.get(), kLockDir, kDirMode) != 0 && errno != EEXIST) {
    return FailErrno("make {}/{}", path_, kLockDir);
  }
  // 256 files that stay: removing a lock file would let two holders in.
  const std::string name = std::string(kLockDir) + "/" + key.substr(0, 2);
  MAYFLY_ASSIGN(UniqueFd fd, base::OpenAt(root_.get(), name, O_RDWR | O_CREAT, kFileMode));
  while (::flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) {
      return FailErrno("lock {}/{}", path_, name);
    }
  }
  return fd;
}

Result<void> CodeCache::Bound(uint64_t max_bytes, const std::string& keep, base::Log& log) const {
  struct Entry {
    int64_t mtime_ns;
    uint64_t size_bytes;
    std::string name;
  };
  std::vector<Entry> entries;
  uint64_t total = 0;
  MAYFLY_ASSIGN(const auto names, base::ListDirectory(base::FdPath(root_.get()) + "/" + kCodeDir));
  for (const std::string& name : names) {
    struct stat info{};
    if (name.size() == kKeyDigits &&
        ::fstatat(root_.get(), CodeName(name).c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
      entries.push_back({ToNs(info.st_mtim), static_cast<uint64_t>(info.st_size), name});
      total += entries.back().size_bytes;
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.mtime_ns < b.mtime_ns; });
  for (const Entry& entry : entries) {
    if (total <= max_bytes) {
      break;
    }
    if (entry.name != keep && ::unlinkat(root_.get(), CodeName(entry.name).c_str(), 0) == 0) {
      total -= entry.size_bytes;
      log.Debug("compiled-code cache {}: code {} makes room", path_, entry.name);
    }
  }
  return {};
}

}  // namespace mayfly::engine
