#include "isolate/rootfs.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "isolate/mount_api.h"

namespace mayfly::isolate {

using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

// The container's propagation, as long as the host's mounts are there. With MS_SHARED they stay
// peers of the host's, so that a volume bound "shared" passes the container's mounts on; the
// rootfs's own mounts are kept back by MakeParentPrivate().
uint64_t SetUpPropagation(uint64_t propagation) {
  if (propagation == 0 || (propagation & MS_UNBINDABLE) != 0) {
    return MS_SLAVE | MS_REC;
  }
  return propagation | MS_REC;
}

// What is mounted on a shared mount appears on the host: the mount that the rootfs lies on must not
// be one. pivot_root(2) asks for the same.
Result<void> MakeParentPrivate(const std::string& rootfs) {
  std::string path = rootfs;
  while (::mount(nullptr, path.c_str(), nullptr, MS_PRIVATE, nullptr) != 0) {
    if (errno != EINVAL || path.size() <= 1) {
      return FailErrno("make the mount of {} private", rootfs);
    }
    path.resize(std::max<size_t>(path.rfind('/'), 1));  // not a mount point: one up
  }
  return {};
}

// The host's mounts, still peers of the host's own, must not take those along when they are
// detached.
Result<void> CutOff(int old_root) {
  if (::fchdir(old_root) != 0 || ::mount(nullptr, ".", nullptr, MS_SLAVE | MS_REC, nullptr) != 0) {
    return FailErrno("cut mounts off from the host's");
  }
  return {};
}

// The user namespace's root may not reach the rootfs by its path; any directory then serves to hang
// the mount on until pivot_root(2) makes it "/".
Result<UniqueFd> AttachPrepared(const std::string& rootfs, int prepared) {
  auto target = base::Open(rootfs, O_PATH | O_DIRECTORY);
  if (!target) {
    target = base::Open("/", O_PATH | O_DIRECTORY);
  }
  if (!target) {
    return target;
  }
  MAYFLY_TRY(Attach(prepared, target->get()));
  UniqueFd root(::fcntl(prepared, F_DUPFD_CLOEXEC, 0));
  if (!root.valid()) {
    return FailErrno("hold the rootfs");
  }
  return root;
}

}  // namespace

Result<UniqueFd> PrepareRootfs(const std::string& rootfs, uint64_t propagation, int prepared) {
  if (::mount(nullptr, "/", nullptr, SetUpPropagation(propagation), nullptr) != 0) {
    return FailErrno("cut mounts off from the host's");
  }
  if ((propagation & MS_SHARED) != 0) {
    MAYFLY_TRY(MakeParentPrivate(rootfs));
  }
  if (prepared >= 0) {
    return AttachPrepared(rootfs, prepared);
  }
  MAYFLY_ASSIGN(const UniqueFd target, base::Open(rootfs, O_PATH | O_DIRECTORY));
  MAYFLY_ASSIGN(UniqueFd tree, CloneTree(target.get(), "", Recursion::kWholeTree));
  MAYFLY_TRY(Attach(tree.get(), target.get()));
  return tree;
}

Result<UniqueFd> PrepareDetachedRootfs(const std::string& rootfs) {
  MAYFLY_ASSIGN(UniqueFd tree, CloneTree(AT_FDCWD, rootfs, Recursion::kWholeTree));
  MAYFLY_ASSIGN(const UniqueFd below, NewFilesystem("tmpfs", "tmpfs", "", 0, 0));
  MAYFLY_ASSIGN(const UniqueFd above, NewFilesystem("tmpfs", "tmpfs", "", 0, 0));
  if (const auto tried = Attach(above.get(), below.get()); !tried) {
    return base::Fail(base::ErrorKind::kUnsupported,
                      "linux.namespaces: a container without a mount namespace needs Linux 6.15");
  }
  // Propagation from the host's mounts ends with the host's own.
  MAYFLY_TRY(SetAttributes(tree.get(), 0, 0, MS_PRIVATE, Recursion::kWholeTree));
  return tree;
}

Result<void> MakeRootReadOnly(int root) {
  MAYFLY_TRY_AS(SetAttributes(root, MOUNT_ATTR_RDONLY, 0, 0, Recursion::kTopOnly), "root.readonly");
  return {};
}

Result<void> SwitchRoot(int root, RootSwitch how, uint64_t propagation) {
  if (how == RootSwitch::kDetached) {
    if (::fchdir(root) != 0 || ::chroot(".") != 0 || ::chdir("/") != 0) {
      return FailErrno("enter the rootfs");
    }
    return {};
  }
  const bool shared = (propagation & MS_SHARED) != 0;
  UniqueFd old_root;
  if (shared) {
    MAYFLY_ASSIGN(old_root, base::Open("/", O_PATH | O_DIRECTORY));
  }
  if (::fchdir(root) != 0) {
    return FailErrno("enter the rootfs");
  }
  if (how == RootSwitch::kPivot) {
    // The old root ends up on top of the new one, at "." (pivot_root(2), NOTES), and is detached.
    if (::syscall(SYS_pivot_root, ".", ".") != 0) {
      return FailErrno("pivot_root");
    }
    if (shared) {
      MAYFLY_TRY(CutOff(old_root.get()));
    }
    if (::umount2(".", MNT_DETACH) != 0) {
      return FailErrno("detach the host's mounts");
    }
  } else {
    if (::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0) {
      return FailErrno("move the rootfs to /");
    }
    if (::chroot(".") != 0) {
      return FailErrno("chroot");
    }
  }
  if (::chdir("/") != 0) {
    return FailErrno("enter /");
  }
  if (propagation != 0 && ::mount(nullptr, "/", nullptr, propagation, nullptr) != 0) {
    return FailErrno("linux.rootfsPropagation");
  }
  return {};
}

}  // namespace mayfly::isolate
