#include "isolate/mount_api.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

namespace mayfly::isolate {

using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

// The file system's own words about what it did not like, from the context's message queue
// (fsopen(2)).
std::string FilesystemMessage(int context) {
  std::array<char, 512> text;
  const ssize_t got = ::read(context, text.data(), text.size());
  if (got < 3) {
    return "";
  }
  return fmt::format(" ({})", std::string_view(text.data() + 2, static_cast<size_t>(got) - 2));
}

Result<void> Configure(int context, unsigned command, const char* key, const char* value,
                       std::string_view type) {
  if (::syscall(SYS_fsconfig, context, command, key, value, 0) != 0) {
    const int saved = errno;
    const std::string said = FilesystemMessage(context);
    return base::FailErrnoText(saved, key == nullptr
                                          ? fmt::format("create a {} file system{}", type, said)
                                          : fmt::format("{} option \"{}\"{}", type, key, said));
  }
  return {};
}

Result<void> ConfigureData(int context, std::string_view data, std::string_view type) {
  while (!data.empty()) {
    const size_t comma = std::min(data.find(','), data.size());
    const std::string word(data.substr(0, comma));
    data.remove_prefix(std::min(comma + 1, data.size()));
    const size_t equals = word.find('=');
    if (word.empty()) {
      continue;
    }
    if (equals == std::string::npos) {
      MAYFLY_TRY(Configure(context, FSCONFIG_SET_FLAG, word.c_str(), nullptr, type));
    } else {
      MAYFLY_TRY(Configure(context, FSCONFIG_SET_STRING, word.substr(0, equals).c_str(),
                           word.substr(equals + 1).c_str(), type));
    }
  }
  return {};
}

}  // namespace

uint64_t MountAttributes(uint64_t ms_flags) {
  constexpr std::array<std::pair<uint64_t, uint64_t>, 8> kTable = {{
      {MS_RDONLY, MOUNT_ATTR_RDONLY},
      {MS_NOSUID, MOUNT_ATTR_NOSUID},
      {MS_NODEV, MOUNT_ATTR_NODEV},
      {MS_NOEXEC, MOUNT_ATTR_NOEXEC},
      {MS_NODIRATIME, MOUNT_ATTR_NODIRATIME},
      {MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW},
      {MS_NOATIME, MOUNT_ATTR_NOATIME},
      {MS_STRICTATIME, MOUNT_ATTR_STRICTATIME},
  }};
  uint64_t attributes = 0;
  for (const auto& [flag, attribute] : kTable) {
    if ((ms_flags & flag) != 0) {
      attributes |= attribute;
    }
  }
  return attributes;
}

Result<UniqueFd> NewFilesystem(const std::string& type, const std::string& source,
                               const std::string& data, uint64_t sb_flags, uint64_t attributes) {
  const UniqueFd context(static_cast<int>(::syscall(SYS_fsopen, type.c_str(), FSOPEN_CLOEXEC)));
  if (!context.valid()) {
    return FailErrno("file system type \"{}\"", type);
  }
  if (!source.empty()) {
    MAYFLY_TRY(Configure(context.get(), FSCONFIG_SET_STRING, "source", source.c_str(), type));
  }
  constexpr std::array<std::pair<uint64_t, const char*>, 3> kSuperblockFlags = {
      {{MS_SYNCHRONOUS, "sync"}, {MS_DIRSYNC, "dirsync"}, {MS_LAZYTIME, "lazytime"}}};
  for (const auto& [flag, name] : kSuperblockFlags) {
    if ((sb_flags & flag) != 0) {
      MAYFLY_TRY(Configure(context.get(), FSCONFIG_SET_FLAG, name, nullptr, type));
    }
  }
  MAYFLY_TRY(ConfigureData(context.get(), data, type));
  MAYFLY_TRY(Configure(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, type));
  UniqueFd mount(
      static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, attributes)));
  if (!mount.valid()) {
    return FailErrno("mount {}", type);
  }
  return mount;
}

Result<UniqueFd> CloneTree(int at, const std::string& path, Recursion recursion) {
  unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
  if (path.empty()) {
    flags |= AT_EMPTY_PATH;
  }
  if (recursion == Recursion::kWholeTree) {
    flags |= AT_RECURSIVE;
  }
  UniqueFd tree(static_cast<int>(::syscall(SYS_open_tree, at, path.c_str(), flags)));
  if (!tree.valid()) {
    return FailErrno("bind {}", path.empty() ? "a path of the rootfs" : path);
  }
  return tree;
}

Result<void> SetAttributes(int mount_fd, uint64_t set, uint64_t clear, uint64_t propagation,
                           Recursion recursion) {
  mount_attr attributes{};
  attributes.attr_set = set;
  attributes.attr_clr = clear;
  attributes.propagation = propagation;
  if ((set & (MOUNT_ATTR_NOATIME | MOUNT_ATTR_STRICTATIME)) != 0) {
    attributes.attr_clr |= MOUNT_ATTR__ATIME;
  }
  if ((attributes.attr_set | attributes.attr_clr | propagation) == 0) {
    return {};
  }
  const unsigned flags = AT_EMPTY_PATH | (recursion == Recursion::kWholeTree ? AT_RECURSIVE : 0U);
  if (::syscall(SYS_mount_setattr, mount_fd, "", flags, &attributes, sizeof attributes) != 0) {
    return FailErrno("set mount attributes");
  }
  return {};
}

Result<void> MapIds(int mount_fd, int user_namespace, Recursion recursion) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<uint64_t>(user_namespace);
  const unsigned flags = AT_EMPTY_PATH | (recursion == Recursion::kWholeTree ? AT_RECURSIVE : 0U);
  if (::syscall(SYS_mount_setattr, mount_fd, "", flags, &attributes, sizeof attributes) != 0) {
    return FailErrno("set the id map of a mount (its file system may not support it)");
  }
  return {};
}

Result<void> Attach(int mount_fd, int target_fd) {
  if (::syscall(SYS_move_mount, mount_fd, "", target_fd, "",
                MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0) {
    return FailErrno("attach the mount");
  }
  return {};
}

}  // namespace mayfly::isolate
