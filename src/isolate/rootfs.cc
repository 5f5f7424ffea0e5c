#include "isolate/rootfs.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "isolate/mount_api.h"

namespace mayfly::isolate {

using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

// The container's propagation, as long as the host's mounts are there: never MS_SHARED, or the
// container's mounts would appear on the host.
uint64_t SetUpPropagation(uint64_t propagation) {
  if (propagation == 0 || (propagation & MS_SHARED) != 0 || (propagation & MS_UNBINDABLE) != 0) {
    return MS_SLAVE | MS_REC;
  }
  return propagation | MS_REC;
}

}  // namespace

Result<UniqueFd> PrepareRootfs(const std::string& rootfs, uint64_t propagation) {
  if (::mount(nullptr, "/", nullptr, SetUpPropagation(propagation), nullptr) != 0) {
    return FailErrno("cut mounts off from the host's");
  }
  MAYFLY_ASSIGN(const UniqueFd target, base::Open(rootfs, O_PATH | O_DIRECTORY));
  MAYFLY_ASSIGN(UniqueFd tree, CloneTree(target.get(), "", Recursion::kWholeTree));
  MAYFLY_TRY(Attach(tree.get(), target.get()));
  return tree;
}

Result<void> MakeRootReadOnly(int root) {
  MAYFLY_TRY_AS(SetAttributes(root, MOUNT_ATTR_RDONLY, 0, 0, Recursion::kTopOnly), "root.readonly");
  return {};
}

Result<void> SwitchRoot(int root, RootSwitch how, uint64_t propagation) {
  if (::fchdir(root) != 0) {
    return FailErrno("enter the rootfs");
  }
  if (how == RootSwitch::kPivot) {
    // The old root ends up on top of the new one, at "." (pivot_root(2), NOTES), and is detached.
    if (::syscall(SYS_pivot_root, ".", ".") != 0) {
      return FailErrno("pivot_root");
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
