#include "isolate/mounts.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"
#include "isolate/copy_up.h"
#include "isolate/id_maps.h"
#include "isolate/mount_api.h"

namespace mayfly::isolate {

using base::ErrorKind;
using base::Fail;
using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

constexpr uint64_t kSuperblockFlags = MS_SYNCHRONOUS | MS_DIRSYNC | MS_LAZYTIME;

Result<bool> IsDirectory(int fd) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) {
    return FailErrno("stat");
  }
  return S_ISDIR(info.st_mode);
}

Result<UniqueFd> OpenTarget(int root, const oci::Mount& mount) {
  if (mount.destination == "/") {
    return Fail(ErrorKind::kUnsupported, "a mount over the root itself is not supported");
  }
  MAYFLY_ASSIGN(UniqueFd target, base::MakeDirsInRoot(root, mount.destination, 0755));
  if (mount.type == "proc" || mount.type == "sysfs") {
    // Reopened without symbolic links: what was made above and what is mounted on must be the same
    // place.
    return base::OpenInRoot(root, mount.destination, O_PATH | O_DIRECTORY, 0,
                            base::Symlinks::kRefuse);
  }
  return target;
}

// Attributes, propagation and recursive attributes, in that order, on a mount that is not attached
// yet.
Result<void> ApplyAttributes(int mount_fd, const oci::Mount& mount) {
  MAYFLY_TRY(SetAttributes(mount_fd, MountAttributes(mount.flags),
                           MountAttributes(mount.cleared_flags), 0, Recursion::kTopOnly));
  return SetAttributes(mount_fd, mount.recursive_attr_set, mount.recursive_attr_clear, 0,
                       Recursion::kWholeTree);
}

// Propagation is set once the mount is attached: a detached mount joins no peer group.
Result<void> ApplyPropagation(int mount_fd, const oci::Mount& mount) {
  if (mount.propagation == 0) {
    return {};
  }
  const uint64_t type = mount.propagation & ~static_cast<uint64_t>(MS_REC);
  const auto recursion =
      (mount.propagation & MS_REC) != 0 ? Recursion::kWholeTree : Recursion::kTopOnly;
  return SetAttributes(mount_fd, 0, 0, type, recursion);
}

Result<UniqueFd> CloneSource(const oci::Mount& mount) {
  const auto recursion = (mount.flags & MS_REC) != 0 ? Recursion::kWholeTree : Recursion::kTopOnly;
  return CloneTree(AT_FDCWD, mount.source, recursion);
}

Result<void> AttachBind(int root, const oci::Mount& mount, int tree) {
  MAYFLY_ASSIGN(const bool is_directory, IsDirectory(tree));
  UniqueFd target;
  if (is_directory) {
    MAYFLY_ASSIGN(target, OpenTarget(root, mount));
  } else {
    MAYFLY_ASSIGN(target, base::MakeFileInRoot(root, mount.destination, 0755));
  }
  MAYFLY_TRY(ApplyAttributes(tree, mount));
  MAYFLY_TRY(Attach(tree, target.get()));
  return ApplyPropagation(tree, mount);
}

Result<void> MountBind(int root, const oci::Mount& mount) {
  MAYFLY_ASSIGN(const UniqueFd tree, CloneSource(mount));
  return AttachBind(root, mount, tree.get());
}

// A tmpfs without a mode of its own has its mount point's, as runc does it: /tmp stays 1777.
Result<std::string> DataOf(const oci::Mount& mount, int target) {
  if (mount.type != "tmpfs" || mount.data.starts_with("mode=") ||
      mount.data.find(",mode=") != std::string::npos) {
    return mount.data;
  }
  struct stat info{};
  if (::fstat(target, &info) != 0) {
    return FailErrno("stat");
  }
  return fmt::format("{}{}mode={:o}", mount.data, mount.data.empty() ? "" : ",",
                     info.st_mode & 07777);
}

Result<void> MountFilesystem(int root, const oci::Mount& mount) {
  MAYFLY_ASSIGN(const UniqueFd target, OpenTarget(root, mount));
  // Read-only is set after copy-up has written.
  const uint64_t attributes = MountAttributes(mount.flags);
  const std::string source = mount.source.empty() ? mount.type : mount.source;
  MAYFLY_ASSIGN(const std::string data, DataOf(mount, target.get()));
  MAYFLY_ASSIGN(const UniqueFd fs,
                NewFilesystem(mount.type, source, data, mount.flags & kSuperblockFlags,
                              attributes & ~uint64_t{MOUNT_ATTR_RDONLY}));
  if (mount.copy_up) {
    MAYFLY_TRY_AS(CopyUp(target.get(), fs.get()), "tmpcopyup");
  }
  MAYFLY_TRY(SetAttributes(fs.get(), attributes & MOUNT_ATTR_RDONLY, 0, 0, Recursion::kTopOnly));
  MAYFLY_TRY(SetAttributes(fs.get(), mount.recursive_attr_set, mount.recursive_attr_clear, 0,
                           Recursion::kWholeTree));
  MAYFLY_TRY(Attach(fs.get(), target.get()));
  return ApplyPropagation(fs.get(), mount);
}

Result<void> Remount(int root, const oci::Mount& mount) {
  MAYFLY_ASSIGN(const UniqueFd target, base::OpenInRoot(root, mount.destination, O_PATH));
  MAYFLY_TRY(ApplyAttributes(target.get(), mount));
  return ApplyPropagation(target.get(), mount);
}

// cgroup v1: a tmpfs with a directory a hierarchy, and a link for each controller of a joint one
// ("cpu" -> "cpu,cpuacct"), as hosts have them.
Result<void> MountCgroupsV1(int root, const oci::Mount& mount, const CgroupView& view,
                            bool detached) {
  oci::Mount base_mount = mount;
  base_mount.type = "tmpfs";
  base_mount.source = "cgroup";
  base_mount.data = "mode=755";
  base_mount.flags &= ~static_cast<uint64_t>(MS_RDONLY);
  MAYFLY_TRY(MountFilesystem(root, base_mount));
  for (const CgroupView::Entry& entry : view.v1) {
    oci::Mount bind = mount;
    bind.type = "bind";
    bind.source = entry.directory;
    bind.destination = mount.destination + "/" + entry.name;
    bind.flags |= MS_BIND;
    MAYFLY_TRY_AS(MountBind(root, bind), "{}", entry.name);
    size_t at = 0;
    while (entry.name.find(',') != std::string::npos && at < entry.name.size()) {
      const size_t comma = std::min(entry.name.find(',', at), entry.name.size());
      MAYFLY_ASSIGN(const UniqueFd dir,
                    base::OpenInRoot(root, mount.destination, O_PATH | O_DIRECTORY));
      if (::symlinkat(entry.name.c_str(), dir.get(), entry.name.substr(at, comma - at).c_str()) !=
              0 &&
          errno != EEXIST) {
        return FailErrno("link {}", entry.name);
      }
      at = comma + 1;
    }
  }
  // In a detached tree only the bound hierarchies are read-only, not the tmpfs that holds them.
  if ((mount.flags & MS_RDONLY) != 0 && !detached) {
    MAYFLY_ASSIGN(const UniqueFd top,
                  base::OpenInRoot(root, mount.destination, O_PATH | O_DIRECTORY));
    MAYFLY_TRY(SetAttributes(top.get(), MOUNT_ATTR_RDONLY, 0, 0, Recursion::kTopOnly));
  }
  return {};
}

Result<void> MountCgroups(int root, const oci::Mount& mount, const CgroupView& view,
                          bool detached) {
  if (!view.v1.empty()) {
    return MountCgroupsV1(root, mount, view, detached);
  }
  if (view.unified.empty()) {
    return Fail(ErrorKind::kUnsupported, "this host has no cgroup file system mounted");
  }
  oci::Mount bind = mount;
  bind.type = "bind";
  bind.source = view.unified;
  bind.flags |= MS_BIND;
  return MountBind(root, bind);
}

// The user namespace whose maps an id-mapped mount has.
Result<UniqueFd> MapsOf(const oci::Mount& mount, const oci::Spec& spec,
                        const std::vector<JoinTarget>& targets) {
  if (!mount.id_mappings.empty()) {
    return MakeUserNamespace(mount.id_mappings);
  }
  for (const JoinTarget& target : targets) {
    if (target.clone_flag == CLONE_NEWUSER) {
      return base::Open(target.path, O_RDONLY);
    }
  }
  return MakeUserNamespace(spec.linux.id_mappings);
}

// What the host mounts below the source later is seen, what the container mounts there is not.
Result<void> KeepMountsIn(int tree, const oci::Spec& spec) {
  if ((spec.linux.rootfs_propagation & MS_SHARED) != 0) {
    return {};
  }
  return SetAttributes(tree, 0, 0, MS_SLAVE, Recursion::kWholeTree);
}

Result<UniqueFd> PrepareTree(const oci::Mount& mount, const oci::Spec& spec,
                             const std::vector<JoinTarget>& targets) {
  MAYFLY_ASSIGN(UniqueFd tree, CloneSource(mount));
  MAYFLY_TRY(KeepMountsIn(tree.get(), spec));
  if (mount.id_map != oci::IdMap::kNone) {
    MAYFLY_ASSIGN(const UniqueFd maps, MapsOf(mount, spec, targets));
    MAYFLY_TRY_AS(
        MapIds(tree.get(), maps.get(),
               mount.id_map == oci::IdMap::kTree ? Recursion::kWholeTree : Recursion::kTopOnly),
        "id-map {}", mount.source);
  }
  return tree;
}

// New file systems carry the container's SELinux context.
oci::Mount Labelled(const oci::Mount& mount, const std::string& label) {
  oci::Mount labelled = mount;
  if (mount.type == "tmpfs" || mount.type == "devpts" || mount.type == "mqueue") {
    labelled.data += (labelled.data.empty() ? "context=" : ",context=") + label;
  }
  return labelled;
}

}  // namespace

Result<PreparedMounts> PrepareMounts(const oci::Spec& spec,
                                     const std::vector<JoinTarget>& targets) {
  PreparedMounts prepared;
  const bool user_namespace = spec.FindNamespace(oci::NamespaceType::kUser) != nullptr;
  if (user_namespace && IsHostRoot()) {
    MAYFLY_ASSIGN(prepared.rootfs, CloneTree(AT_FDCWD, spec.rootfs, Recursion::kWholeTree));
    MAYFLY_TRY(KeepMountsIn(prepared.rootfs.get(), spec));
  }
  for (size_t i = 0; i < spec.mounts.size(); ++i) {
    const oci::Mount& mount = spec.mounts[i];
    const bool needed = mount.id_map != oci::IdMap::kNone || prepared.rootfs.valid();
    if (needed && mount.type == "bind" && (mount.flags & MS_REMOUNT) == 0) {
      auto tree = PrepareTree(mount, spec, targets);
      if (!tree) {
        return std::unexpected(std::move(tree).error().Wrap(fmt::format("mounts[{}]", i)));
      }
      prepared.trees.resize(spec.mounts.size());
      prepared.trees[i] = std::move(*tree);
    }
  }
  return prepared;
}

Result<void> SetUpMounts(int root, const oci::Spec& spec, const CgroupView& cgroups, Procfs procfs,
                         const PreparedMounts& prepared) {
  const std::vector<oci::Mount>& mounts = spec.mounts;
  const bool detached = spec.FindNamespace(oci::NamespaceType::kMount) == nullptr;
  for (size_t i = 0; i < mounts.size(); ++i) {
    oci::Mount mount = mounts[i];
    if (detached) {
      mount.propagation = 0;  // of an attached mount, and those of another namespace stay as made
    }
    if (procfs == Procfs::kLeaveOut && mount.type == "proc") {
      continue;
    }
    Result<void> done;
    if ((mount.flags & MS_REMOUNT) != 0 && detached) {
      done = Fail(ErrorKind::kUnsupported, "\"remount\" needs a mount namespace");
    } else if ((mount.flags & MS_REMOUNT) != 0) {
      done = Remount(root, mount);
    } else if (i < prepared.trees.size() && prepared.trees[i].valid()) {
      done = AttachBind(root, mount, prepared.trees[i].get());
    } else if (mount.type == "bind") {
      done = MountBind(root, mount);
    } else if (mount.type == "cgroup" || mount.type == "cgroup2") {
      done = MountCgroups(root, mount, cgroups, detached);
    } else if (spec.linux.mount_label.empty()) {
      done = MountFilesystem(root, mount);
    } else {
      done = MountFilesystem(root, Labelled(mount, spec.linux.mount_label));
    }
    MAYFLY_TRY_AS(std::move(done), "mounts[{}]: mount {} at {}", i, mount.type, mount.destination);
  }
  return {};
}

Result<void> MaskPaths(int root, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    auto target = base::OpenInRoot(root, path, O_PATH);
    if (!target) {
      if (target.error().sys_errno() == ENOENT || target.error().sys_errno() == ENOTDIR) {
        continue;
      }
      return std::unexpected(std::move(target).error().Wrap("linux.maskedPaths"));
    }
    MAYFLY_ASSIGN(const bool is_directory, IsDirectory(target->get()));
    UniqueFd cover;
    if (is_directory) {
      MAYFLY_ASSIGN(cover,
                    NewFilesystem("tmpfs", "tmpfs", "size=0k,nr_inodes=2", 0, MOUNT_ATTR_RDONLY));
    } else {
      // The host's node, checked to be what it should: a container's /dev/null is the image's to
      // choose (CVE-2025-31133).
      MAYFLY_ASSIGN(cover, CloneTree(AT_FDCWD, "/dev/null", Recursion::kTopOnly));
      struct stat info{};
      if (::fstat(cover.get(), &info) != 0 || !S_ISCHR(info.st_mode) ||
          info.st_rdev != makedev(1, 3)) {
        return Fail(ErrorKind::kSystem,
                    "linux.maskedPaths: the host's /dev/null is not the null device");
      }
    }
    MAYFLY_TRY_AS(Attach(cover.get(), target->get()), "linux.maskedPaths: {}", path);
  }
  return {};
}

Result<void> MakePathsReadOnly(int root, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    auto target = base::OpenInRoot(root, path, O_PATH);
    if (!target) {
      if (target.error().sys_errno() == ENOENT || target.error().sys_errno() == ENOTDIR) {
        continue;
      }
      return std::unexpected(std::move(target).error().Wrap("linux.readonlyPaths"));
    }
    auto made = [&]() -> Result<void> {
      MAYFLY_ASSIGN(const UniqueFd tree, CloneTree(target->get(), "", Recursion::kWholeTree));
      MAYFLY_TRY(SetAttributes(tree.get(), MOUNT_ATTR_RDONLY, 0, 0, Recursion::kWholeTree));
      return Attach(tree.get(), target->get());
    }();
    MAYFLY_TRY_AS(std::move(made), "linux.readonlyPaths: {}", path);
  }
  return {};
}

}  // namespace mayfly::isolate
