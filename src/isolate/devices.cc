#include "isolate/devices.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>

#include "base/path.h"
#include "isolate/mount_api.h"

namespace mayfly::isolate {

using base::ErrorKind;
using base::Fail;
using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

mode_t TypeBits(char type) { return type == 'b' ? S_IFBLK : (type == 'p' ? S_IFIFO : S_IFCHR); }

bool IsSameDevice(const struct stat& info, const oci::Device& device, dev_t number) {
  return (info.st_mode & S_IFMT) == TypeBits(device.type) &&
         (device.type == 'p' || info.st_rdev == number);
}

// Over a file that is in the way, or where mknod is not allowed: the host's node of the same name.
Result<void> BindHostDevice(int root, const oci::Device& device, dev_t number) {
  MAYFLY_ASSIGN(const UniqueFd tree, CloneTree(AT_FDCWD, device.path, Recursion::kTopOnly));
  struct stat info{};
  if (::fstat(tree.get(), &info) != 0 || !IsSameDevice(info, device, number)) {
    return Fail(ErrorKind::kInvalid, "{} is another kind of file in the image and on the host",
                device.path);
  }
  MAYFLY_ASSIGN(const UniqueFd target, base::MakeFileInRoot(root, device.path, 0666));
  return Attach(tree.get(), target.get());
}

Result<void> MakeDevice(int root, const oci::Device& device) {
  const size_t slash = device.path.find_last_of('/');
  const std::string name = device.path.substr(slash + 1);
  MAYFLY_ASSIGN(const UniqueFd parent,
                base::MakeDirsInRoot(root, device.path.substr(0, slash), 0755));
  const dev_t number =
      makedev(static_cast<unsigned>(device.major), static_cast<unsigned>(device.minor));
  if (::mknodat(parent.get(), name.c_str(), TypeBits(device.type) | device.file_mode, number) !=
      0) {
    struct stat info{};
    if (errno == EEXIST && ::fstatat(parent.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        IsSameDevice(info, device, number)) {
      return {};
    }
    if (errno == EEXIST || errno == EPERM) {
      return BindHostDevice(root, device, number);
    }
    return FailErrno("mknod");
  }
  if ((device.uid != 0 || device.gid != 0) &&
      ::fchownat(parent.get(), name.c_str(), device.uid, device.gid, AT_SYMLINK_NOFOLLOW) != 0) {
    return FailErrno("chown");
  }
  return {};
}

oci::Device DefaultDevice(const char* path, int64_t minor_number, int64_t major_number) {
  oci::Device device;
  device.path = path;
  device.major = major_number;
  device.minor = minor_number;
  return device;
}

Result<void> MakeLinks(int root, Procfs procfs) {
  struct Link {
    const char* target;
    const char* name;
    bool needs_proc;
  };
  constexpr std::array kLinks = {
      Link{"/proc/self/fd", "fd", true}, Link{"/proc/self/fd/0", "stdin", true},
      Link{"/proc/self/fd/1", "stdout", true}, Link{"/proc/self/fd/2", "stderr", true},
      Link{"pts/ptmx", "ptmx", false}};
  MAYFLY_ASSIGN(const UniqueFd dev, base::OpenInRoot(root, "/dev", O_PATH | O_DIRECTORY));
  for (const Link& link : kLinks) {
    if (link.needs_proc && procfs == Procfs::kLeaveOut) {
      continue;
    }
    if (::symlinkat(link.target, dev.get(), link.name) != 0 && errno != EEXIST) {
      return FailErrno("link /dev/{}", link.name);
    }
  }
  return {};
}

}  // namespace

Result<void> SetUpDevices(int root, const std::vector<oci::Device>& devices, Procfs procfs) {
  const mode_t old_mask = ::umask(0);
  const auto made = [&]() -> Result<void> {
    for (const oci::Device& device :
         {DefaultDevice("/dev/null", 3, 1), DefaultDevice("/dev/zero", 5, 1),
          DefaultDevice("/dev/full", 7, 1), DefaultDevice("/dev/random", 8, 1),
          DefaultDevice("/dev/urandom", 9, 1), DefaultDevice("/dev/tty", 0, 5)}) {
      MAYFLY_TRY_AS(MakeDevice(root, device), "device {}", device.path);
    }
    for (size_t i = 0; i < devices.size(); ++i) {
      // The spec leaves /dev/ptmx to the runtime: a link into the container's own devpts.
      if (devices[i].path != "/dev/ptmx") {
        MAYFLY_TRY_AS(MakeDevice(root, devices[i]), "linux.devices[{}]: device {}", i,
                      devices[i].path);
      }
    }
    return MakeLinks(root, procfs);
  }();
  ::umask(old_mask);
  return made;
}

}  // namespace mayfly::isolate
