#include "engine/entrypoint.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <span>

#include "base/file.h"
#include "base/path.h"
#include "engine/module_probe.h"

namespace mayfly::engine {

using base::Result;
using base::UniqueFd;

namespace {

constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr int kMaxMountHops = 8;  // links that lead from the rootfs into a mount

struct Candidate {
  UniqueFd fd;
  bool executable = false;
};

bool IsBeneath(const std::string& path, const std::string& directory) {
  return directory == "/" || (path.starts_with(directory) &&
                              (path.size() == directory.size() || path[directory.size()] == '/'));
}

// The mount that covers a path: the one with the longest destination, the last of equal ones.
const oci::Mount* CoveringMount(const oci::Spec& spec, const std::string& path) {
  const oci::Mount* covering = nullptr;
  size_t longest = 0;
  for (const oci::Mount& mount : spec.mounts) {
    const std::string destination = base::CleanAbsolute(mount.destination);
    if (IsBeneath(path, destination) && destination.size() >= longest) {
      covering = &mount;
      longest = destination.size();
    }
  }
  return covering;
}

Result<UniqueFd> OpenInMount(const oci::Mount& mount, const std::string& path) {
  const size_t prefix = base::CleanAbsolute(mount.destination).size();
  MAYFLY_ASSIGN(UniqueFd source, base::Open(mount.source, O_PATH));
  if (path.size() == prefix) {
    return source;
  }
  return base::OpenInRoot(source.get(), path.substr(prefix), O_PATH);
}

// Where an O_PATH descriptor lies, as a path from the rootfs; empty when it cannot be told.
std::string PathInRootfs(int fd, int rootfs_fd) {
  std::array<char, 4096> buffer;
  const auto link = [&buffer](int of) -> std::string {
    const ssize_t size = ::readlink(base::FdPath(of).c_str(), buffer.data(), buffer.size());
    return size > 0 ? std::string(buffer.data(), static_cast<size_t>(size)) : std::string();
  };
  const std::string root = link(rootfs_fd);
  const std::string path = link(fd);
  return !root.empty() && IsBeneath(path, root) ? base::CleanAbsolute(path.substr(root.size()))
                                                : std::string();
}

// The regular file at an absolute path of the container.
std::optional<Candidate> OpenFile(const oci::Spec& spec, int rootfs_fd, std::string path) {
  Result<UniqueFd> found = base::Fail(base::ErrorKind::kNotFound, "not found");
  for (int hop = 0; hop < kMaxMountHops; ++hop) {
    const oci::Mount* mount = CoveringMount(spec, path);
    if (mount != nullptr) {
      if (mount->type == "bind") {
        found = OpenInMount(*mount, path);
      }
      break;
    }
    found = base::OpenInRoot(rootfs_fd, path, O_PATH);
    std::string real = found ? PathInRootfs(found->get(), rootfs_fd) : std::string();
    if (real.empty() || real == path) {
      break;
    }
    path = std::move(real);
  }
  struct stat info{};
  if (!found || ::fstat(found->get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return std::nullopt;
  }
  auto readable = base::Open(base::FdPath(found->get()), O_RDONLY);
  if (!readable) {
    return std::nullopt;
  }
  return Candidate{.fd = std::move(*readable), .executable = (info.st_mode & 0111) != 0};
}

Content ReadContent(int fd, BinaryKind* kind) {
  std::array<uint8_t, kPreambleSize> head{};
  const ssize_t size = ::pread(fd, head.data(), head.size(), 0);
  const std::span<const uint8_t> bytes(head.data(),
                                       static_cast<size_t>(std::max<ssize_t>(size, 0)));
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (HasWasmMagic(bytes)) {
    *kind = KindByPreamble(bytes);
    return Content::kWasm;
  }
  if (text.starts_with("\177ELF")) {
    return Content::kElf;
  }
  return text.starts_with("#!") ? Content::kScript : Content::kOther;
}

}  // namespace

Result<std::optional<Entrypoint>> FindEntrypoint(const oci::Spec& spec, int rootfs_fd) {
  if (spec.process.args.empty() || spec.process.args.front().empty()) {
    return std::nullopt;
  }
  const std::string& name = spec.process.args.front();
  const std::string cwd = spec.process.cwd.empty() ? "/" : spec.process.cwd;
  const auto found = [&](const std::string& path) -> std::optional<Entrypoint> {
    auto candidate = OpenFile(spec, rootfs_fd, base::CleanAbsolute(path));
    if (!candidate) {
      return std::nullopt;
    }
    BinaryKind kind = BinaryKind::kModule;
    const Content content = ReadContent(candidate->fd.get(), &kind);
    // A module needs no permission to execute: the engine only reads it.
    if (!candidate->executable && content != Content::kWasm &&
        name.find('/') == std::string::npos) {
      return std::nullopt;
    }
    return Entrypoint{
        .path = path, .fd = std::move(candidate->fd), .content = content, .kind = kind};
  };
  if (name.front() == '/') {
    return found(name);
  }
  if (name.find('/') != std::string::npos) {
    return found(cwd + "/" + name);
  }
  const std::string search = spec.FindEnv("PATH").value_or(std::string(kDefaultPath));
  for (size_t at = 0; at <= search.size();) {
    const size_t colon = std::min(search.find(':', at), search.size());
    std::string directory = search.substr(at, colon - at);
    at = colon + 1;
    if (directory.empty() || directory.front() != '/') {
      directory = fmt::format("{}/{}", cwd, directory);
    }
    if (auto entrypoint = found(fmt::format("{}/{}", directory, name))) {
      return entrypoint;
    }
  }
  return std::nullopt;
}

}  // namespace mayfly::engine
