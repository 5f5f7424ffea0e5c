#include "container/store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <climits>
#include <cstring>

#include "base/file.h"
#include "base/path.h"
#include "oci/spec_parse.h"

namespace mayfly::container {

using base::ErrorKind;
using base::Fail;
using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

constexpr const char* kStateFile = "state.json";
constexpr const char* kConfigFile = "config.json";
constexpr const char* kCgroupLink = "cgroup";
constexpr const char* kStartSocket = "start.sock";
constexpr const char* kSeccompCache = ".seccomp";
constexpr size_t kMaxIdLength = 1024;
constexpr size_t kMaxStateBytes = 4U << 20;
constexpr size_t kMaxConfigBytes = 16U << 20;

// A socket's address has room for 107 characters; the directory's descriptor makes any --root
// short.
sockaddr_un StartAddress(int dir_fd) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = fmt::format("{}/{}", base::FdPath(dir_fd), kStartSocket);
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  return address;
}

Result<UniqueFd> NewSocket() {
  UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!fd.valid()) {
    return FailErrno("socket");
  }
  return fd;
}

}  // namespace

std::string Store::SeccompCache() const { return root_ + "/" + kSeccompCache; }

Result<void> ValidateId(const std::string& id) {
  const bool characters = std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '+' || c == '-' || c == '.';
  });
  if (id.empty() || id.size() > kMaxIdLength || !characters || id == "." || id == ".." ||
      id == kSeccompCache) {
    return Fail(ErrorKind::kInvalid,
                "invalid container id \"{}\": use letters, digits and _+-. only", id);
  }
  return {};
}

Result<State> Entry::ReadState() const {
  const std::string name = fmt::format("{}/{}", path_, kStateFile);
  auto fd = base::OpenAt(dir_.get(), kStateFile, O_RDONLY | O_NOFOLLOW);
  if (!fd) {
    return Fail(
        ErrorKind::kState,
        "container {}: {} is missing: its creation was cut off; `delete --force` removes it", id_,
        name);
  }
  MAYFLY_ASSIGN(const std::string bytes, base::ReadAll(fd->get(), name, kMaxStateBytes));
  auto state = ParseState(bytes, name);
  if (!state) {
    return Fail(ErrorKind::kState,
                "container {}: its state is damaged ({}); `delete --force` removes it", id_,
                state.error().text());
  }
  return state;
}

Result<void> Entry::WriteState(const State& state) const {
  MAYFLY_TRY_AS(base::ReplaceFileAt(dir_.get(), kStateFile, SerializeState(state), 0600), "{}",
                path_);
  return {};
}

Result<void> Entry::WriteConfig(std::string_view bytes) const {
  MAYFLY_TRY_AS(base::ReplaceFileAt(dir_.get(), kConfigFile, bytes, 0600), "{}", path_);
  return {};
}

Result<std::string> Entry::ReadConfigText() const {
  MAYFLY_ASSIGN(const UniqueFd fd, base::OpenAt(dir_.get(), kConfigFile, O_RDONLY | O_NOFOLLOW));
  return base::ReadAll(fd.get(), fmt::format("{}/{}", path_, kConfigFile), kMaxConfigBytes);
}

Result<oci::Spec> Entry::ReadConfig(const std::string& bundle) const {
  auto read = [&]() -> Result<oci::Spec> {
    MAYFLY_ASSIGN(const std::string bytes, ReadConfigText());
    return oci::ParseSpec(bytes, bundle);
  }();
  if (!read) {
    return std::unexpected(
        std::move(read).error().Wrap(fmt::format("container {}: its configuration", id_)));
  }
  return read;
}

Result<void> Entry::WriteCgroupsPath(const std::string& path) const {
  if (!path.empty() && ::symlinkat(path.c_str(), dir_.get(), kCgroupLink) != 0) {
    return FailErrno("write {}/{}", path_, kCgroupLink);
  }
  return {};
}

std::string Entry::ReadCgroupsPath() const {
  std::string path(PATH_MAX, '\0');
  const ssize_t size = ::readlinkat(dir_.get(), kCgroupLink, path.data(), path.size());
  path.resize(size < 0 ? 0 : static_cast<size_t>(size));
  return path;
}

Result<UniqueFd> Entry::ListenForStart() const {
  MAYFLY_ASSIGN(UniqueFd fd, NewSocket());
  const sockaddr_un address = StartAddress(dir_.get());
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd.get(), 1) != 0) {
    return FailErrno("bind {}/{}", path_, kStartSocket);
  }
  return fd;
}

Result<UniqueFd> Entry::ConnectToStart() const {
  MAYFLY_ASSIGN(UniqueFd fd, NewSocket());
  const sockaddr_un address = StartAddress(dir_.get());
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return FailErrno("connect to {}/{}", path_, kStartSocket);
  }
  return fd;
}

bool Entry::HasStartSocket() const {
  return ::faccessat(dir_.get(), kStartSocket, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

void Entry::RemoveStartSocket() const { ::unlinkat(dir_.get(), kStartSocket, 0); }

Result<Store> Store::Open(const std::string& root) {
  auto dir = base::Open(root, O_RDONLY | O_DIRECTORY);
  if (!dir && dir.error().sys_errno() == ENOENT) {
    MAYFLY_TRY_AS(base::MakeDirs(root, 0711), "--root");
    dir = base::Open(root, O_RDONLY | O_DIRECTORY);
  }
  if (!dir) {
    return std::unexpected(std::move(dir).error().Wrap("--root"));
  }
  return Store(std::move(*dir), root);
}

Result<Entry> Store::Create(const std::string& id) const {
  MAYFLY_TRY(ValidateId(id));
  if (::mkdirat(dir_.get(), id.c_str(), 0700) != 0) {
    if (errno == EEXIST) {
      return Fail(ErrorKind::kExists, "container with id exists: {}", id);
    }
    return FailErrno("mkdir {}/{}", root_, id);
  }
  MAYFLY_ASSIGN(Entry entry, Find(id));
  // A `delete --force` may have been quicker; then there is nothing to lock but a removed
  // directory.
  if (::flock(entry.dir_fd(), LOCK_EX | LOCK_NB) != 0) {
    return FailErrno("lock {}", entry.path());
  }
  return entry;
}

Result<Entry> Store::Find(const std::string& id) const {
  MAYFLY_TRY(ValidateId(id));
  auto dir = base::OpenAt(dir_.get(), id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!dir) {
    if (dir.error().sys_errno() == ENOENT) {
      return Fail(ErrorKind::kNotFound, "container \"{}\" does not exist", id);
    }
    return std::unexpected(std::move(dir).error().Wrap(root_));
  }
  return Entry(std::move(*dir), id, root_ + "/" + id);
}

Result<Entry> Store::FindLocked(const std::string& id) const {
  while (true) {
    MAYFLY_ASSIGN(Entry entry, Find(id));
    int locked;
    do {
      locked = ::flock(entry.dir_fd(), LOCK_EX);
    } while (locked != 0 && errno == EINTR);
    if (locked != 0) {
      return FailErrno("lock {}", entry.path());
    }
    // Removed while this command waited: look again, another container may have the id by now.
    struct stat held{};
    struct stat named{};
    if (::fstat(entry.dir_fd(), &held) == 0 &&
        ::fstatat(dir_.get(), id.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
        held.st_ino == named.st_ino && held.st_dev == named.st_dev) {
      return entry;
    }
  }
}

Result<std::vector<std::string>> Store::Ids() const {
  MAYFLY_ASSIGN(auto names, base::ListDirectory(root_));
  std::erase_if(names, [](const std::string& name) { return !ValidateId(name).has_value(); });
  return names;
}

Result<void> Store::Remove(const Entry& entry) const {
  MAYFLY_TRY_AS(base::RemoveTreeAt(dir_.get(), entry.id()), "{}", root_);
  return {};
}

bool Store::IsLocked(const Entry& entry) {
  const auto probe = base::OpenAt(entry.dir_fd(), ".", O_RDONLY | O_DIRECTORY);
  if (!probe || ::flock(probe->get(), LOCK_SH | LOCK_NB) == 0) {
    return false;
  }
  return errno == EWOULDBLOCK;
}

}  // namespace mayfly::container
