#include "shim/rootfs.h"

#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/process.h"
#include "oci/mount_options.h"

namespace mayfly::shim {

using base::ErrorKind;
using base::Fail;
using base::FailErrno;
using base::Result;

namespace {

size_t PageBytes() { return static_cast<size_t>(::sysconf(_SC_PAGESIZE)); }

// What all directories of an overlay have in common, up to a slash: "/var/lib/…/snapshots/".
std::string CommonDirectory(const std::string& lower) {
  const std::string first = lower.substr(0, lower.find(':'));
  size_t common = first.size();
  for (size_t at = 0; at < lower.size();) {
    const size_t end = std::min(lower.find(':', at), lower.size());
    const auto mismatch =
        std::mismatch(first.begin(), first.begin() + static_cast<long>(std::min(common, end - at)),
                      lower.begin() + static_cast<long>(at));
    common = static_cast<size_t>(mismatch.first - first.begin());
    at = end + 1;
  }
  return first.substr(0, first.rfind('/', common == 0 ? 0 : common - 1) + 1);
}

// An option string longer than a page is refused by the kernel: the layers are then named relative
// to their common directory, which a child process enters.
Result<void> MountLongOverlay(const oci::Mount& mount, const std::string& target) {
  const size_t start = mount.data.find("lowerdir=") + 9;
  const size_t end = std::min(mount.data.find(',', start), mount.data.size());
  const std::string lower = mount.data.substr(start, end - start);
  const std::string common = CommonDirectory(lower);
  std::string shorter;
  for (size_t at = 0; at < lower.size();) {
    const size_t next = std::min(lower.find(':', at), lower.size());
    shorter +=
        (shorter.empty() ? "" : ":") + lower.substr(at + common.size(), next - at - common.size());
    at = next + 1;
  }
  const std::string data = mount.data.substr(0, start) + shorter + mount.data.substr(end);
  if (common.size() < 2 || data.size() >= PageBytes()) {
    return Fail(ErrorKind::kUnsupported, "overlay on {}: too many layers for the kernel", target);
  }
  MAYFLY_ASSIGN(const base::Child child, base::Spawn(0, -1, [&] {
                  return ::chdir(common.c_str()) != 0 ||
                                 ::mount(mount.source.c_str(), target.c_str(), "overlay",
                                         mount.flags, data.c_str()) != 0
                             ? errno
                             : 0;
                }));
  MAYFLY_ASSIGN(errno, base::WaitForExit(child.pid));
  return errno == 0 ? Result<void>() : FailErrno("mount overlay on {}", target);
}

Result<void> MountOne(const RootfsMount& given, const std::string& target) {
  oci::Mount mount;
  mount.destination = target;
  mount.type = given.type;
  mount.source = given.source;
  mount.options = given.options;
  oci::ApplyMountOptions(&mount);
  if (mount.type == "overlay" && mount.data.size() >= PageBytes()) {
    return MountLongOverlay(mount, target);
  }
  const char* type = mount.type == "bind" ? nullptr : mount.type.c_str();
  if (::mount(mount.source.c_str(), target.c_str(), type, mount.flags, mount.data.c_str()) != 0) {
    return FailErrno("mount {} ({}) on {}", mount.source, mount.type, target);
  }
  // The kernel takes a bind mount's other flags in a second step.
  const uint64_t more = mount.flags & ~static_cast<uint64_t>(MS_BIND | MS_REC);
  if ((mount.flags & MS_BIND) != 0 && more != 0 &&
      ::mount(nullptr, target.c_str(), nullptr, more | MS_BIND | MS_REMOUNT, nullptr) != 0) {
    return FailErrno("remount {}", target);
  }
  if (mount.propagation != 0 &&
      ::mount(nullptr, target.c_str(), nullptr, mount.propagation, nullptr) != 0) {
    return FailErrno("propagation of {}", target);
  }
  return {};
}

}  // namespace

Result<void> MountRootfs(const std::vector<RootfsMount>& mounts, const std::string& rootfs) {
  for (const RootfsMount& mount : mounts) {
    if (mount.target.find("..") != std::string::npos) {
      return Fail(ErrorKind::kInvalid, "rootfs: a mount's target may not leave it: {}",
                  mount.target);
    }
    const std::string target = mount.target.empty() ? rootfs : rootfs + "/" + mount.target;
    auto mounted = base::MakeDirs(target, 0711);
    if (mounted) {
      mounted = MountOne(mount, target);
    }
    if (!mounted) {
      (void)UnmountRootfs(rootfs);
      return std::unexpected(std::move(mounted).error().Wrap("rootfs"));
    }
  }
  return {};
}

Result<void> UnmountRootfs(const std::string& rootfs) {
  // EINVAL: nothing is mounted there (any more).
  while (::umount2(rootfs.c_str(), UMOUNT_NOFOLLOW) == 0) {
  }
  if (errno == EBUSY && ::umount2(rootfs.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH) == 0) {
    return UnmountRootfs(rootfs);
  }
  if (errno != EINVAL && errno != ENOENT) {
    return FailErrno("unmount {}", rootfs);
  }
  return {};
}

}  // namespace mayfly::shim
