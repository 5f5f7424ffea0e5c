#include "engine/code_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "base/file.h"
#include "base/path.h"
#include "engine/code_cache_files.h"
#include "engine/code_trailer.h"

namespace mayfly::engine {

using base::ErrorKind;
using base::Fail;
using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

constexpr size_t kMaxIndexText = 512;

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

Result<void> CheckOpened(int fd, const struct stat& info, const std::string& key) {
  if (!IsPrivateFile(info)) {
    return Fail(ErrorKind::kInvalid, "its owner or mode is not as written");
  }
  const Mapping file(fd, static_cast<size_t>(std::max<off_t>(info.st_size, 1)));
  if (!file.valid()) {
    return FailErrno("map code {}", key);
  }
  MAYFLY_ASSIGN(const CodeTrailer trailer,
                CheckCodeFile(file.bytes().first(static_cast<size_t>(info.st_size))));
  if (trailer.key != key) {
    return Fail(ErrorKind::kInvalid, "it belongs to another key");
  }
  return {};
}

// The 64-bit place in the lock file that stands for a key.
struct flock LockOf(const std::string& key) {
  constexpr size_t kDigits = 15;  // 60 bits: offsets are signed
  uint64_t place = 0;
  std::from_chars(key.data(), key.data() + std::min(kDigits, key.size()), place, 16);
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(place);
  lock.l_len = 1;
  return lock;
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

Result<CodeCache> CodeCache::OpenExisting(const std::string& directory) {
  auto root = base::Open(directory, O_PATH | O_DIRECTORY);
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

Result<CodeCache> CodeCache::Open(const std::string& directory) {
  auto cache = OpenExisting(directory);
  if (cache || cache.error().kind() != ErrorKind::kNotFound) {
    return cache;
  }
  MAYFLY_TRY_AS(base::MakeDirs(directory, kCacheDirMode), "compiled-code cache");
  return OpenExisting(directory);
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
      Touch(index_name);
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

// The entry's own modification time says when it was last used; the code file's times must stay as
// they are. Of no consequence when it fails.
void CodeCache::Touch(const std::string& index_name) const {
  const std::string name = IndexName(index_name);
  struct stat info{};
  if (::fstatat(root_.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
      RealtimeNs() - ToNs(info.st_mtim) > kTouchNs) {
    (void)::utimensat(root_.get(), name.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
  }
}

Result<CodeRef> CodeCache::Check(const std::string& key) const {
  const UniqueFd fd(
      ::openat(root_.get(), CodeName(key).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) {
    return errno == ELOOP ? Fail(ErrorKind::kInvalid, "it is a symbolic link")
                          : FailErrno("open code {}", key);
  }
  CodeRef ref{.key = key, .state = {}, .verified_ns = RealtimeNs()};
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) {
    return FailErrno("stat");
  }
  MAYFLY_TRY(CheckOpened(fd.get(), info, key));
  ref.state = FileState::Of(info);
  return ref;
}

std::optional<CodeRef> CodeCache::Verify(const std::string& key, base::Log& log) const {
  auto ref = Check(key);
  if (ref) {
    return *ref;
  }
  if (ref.error().kind() == ErrorKind::kInvalid) {
    log.Warning("compiled-code cache {}: code {} is thrown away: {}", path_, key,
                ref.error().text());
    if (const auto removed = Remove(key); !removed) {
      log.Warning("{}", removed.error().text());
    }
  } else if (ref.error().kind() != ErrorKind::kNotFound) {
    log.Warning("compiled-code cache {}: {}", path_, ref.error().text());
  }
  return std::nullopt;
}

Result<void> CodeCache::WriteCodeFile(const std::string& name, std::string_view trailer,
                                      std::span<const uint8_t> code) const {
  const std::string shown = path_ + "/" + name;
  ::unlinkat(root_.get(), name.c_str(), 0);  // of a writer that was killed; the lock is ours
  MAYFLY_ASSIGN(
      const UniqueFd fd,
      base::OpenAt(root_.get(), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, kCacheFileMode));
  MAYFLY_TRY(
      base::WriteAll(fd.get(), {reinterpret_cast<const char*>(code.data()), code.size()}, shown));
  MAYFLY_TRY(base::WriteAll(fd.get(), trailer, shown));
  if (::fchmod(fd.get(), kCacheFileMode) != 0 || ::fsync(fd.get()) != 0) {
    return FailErrno("write {}", shown);
  }
  return {};
}

Result<CodeRef> CodeCache::Store(std::string_view origin, std::span<const uint8_t> code) const {
  for (const char* directory : {kCodeDir, kIndexDir}) {
    if (::mkdirat(root_.get(), directory, kCacheDirMode) != 0 && errno != EEXIST) {
      return FailErrno("make {}/{}", path_, directory);
    }
  }
  const std::string key = ToHex(Sha256(origin));
  const std::string final_name = CodeName(key);
  const std::string temporary = final_name + kNewSuffix;
  auto written = WriteCodeFile(temporary, EncodeTrailer(origin, code), code);
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

// One byte of one file for each key: no two keys wait for each other, and no lock file is ever
// removed, which would let two holders in. The lock belongs to the open file description, so it
// ends with the last process that has it (fcntl(2), "Open file description locks").
Result<UniqueFd> CodeCache::Lock(const std::string& key) const {
  MAYFLY_ASSIGN(UniqueFd fd,
                base::OpenAt(root_.get(), kLockFile, O_RDWR | O_CREAT, kCacheFileMode));
  struct flock lock = LockOf(key);
  while (::fcntl(fd.get(), F_OFD_SETLKW, &lock) != 0) {
    if (errno != EINTR) {
      return FailErrno("lock {}/{}", path_, kLockFile);
    }
  }
  return fd;
}

Result<std::optional<UniqueFd>> CodeCache::TryLock(const std::string& key) const {
  MAYFLY_ASSIGN(UniqueFd fd,
                base::OpenAt(root_.get(), kLockFile, O_RDWR | O_CREAT, kCacheFileMode));
  struct flock lock = LockOf(key);
  if (::fcntl(fd.get(), F_OFD_SETLK, &lock) == 0) {
    return fd;
  }
  if (errno != EAGAIN && errno != EACCES) {
    return FailErrno("lock {}/{}", path_, kLockFile);
  }
  return std::nullopt;
}

}  // namespace mayfly::engine
