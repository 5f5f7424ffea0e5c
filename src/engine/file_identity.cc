#include "engine/file_identity.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include "engine/code_cache.h"

#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID 0x200
#endif

namespace mayfly::engine {
namespace {

// Of linux/magic.h and the file systems' own headers; local ones, whose kernel code alone sets
// change times.
constexpr std::array<long, 5> kLocalFileSystems = {
    0xEF53,      // ext2, ext3, ext4
    0x58465342,  // xfs
    0x9123683E,  // btrfs
    0x01021994,  // tmpfs
    0xF2F52010,  // f2fs
};
constexpr long kOverlayfs = 0x794C7630;

// struct ovl_fh of overlayfs: 3 bytes of padding, then version, magic, length, flags, the lower
// file handle's type, the lower file system's UUID, the lower file handle.
constexpr int kOverlayHandleType = 0xF8;  // OVL_FILEID_V1
constexpr size_t kVersionAt = 3;
constexpr size_t kMagicAt = 4;
constexpr size_t kTypeAt = 7;
constexpr size_t kUuidAt = 8;
constexpr size_t kUuidSize = 16;
constexpr size_t kLowerHandleAt = 24;
constexpr uint8_t kOverlayVersion = 0;
constexpr uint8_t kOverlayMagic = 0xFB;
constexpr uint8_t kInode32Generation =
    0x01;  // FILEID_INO32_GEN: ext4, xfs with small inode numbers
constexpr uint8_t kInode64Generation = 0x81;  // xfs, and FUSE
constexpr uint8_t kBtrfs = 0x4D;

bool AnySet(std::span<const uint8_t> bytes) {
  return std::any_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte != 0; });
}

// Whether an overlay handle names a file of a file system that gives inodes generations of its own.
// A generation of zero is what read-only image formats (squashfs, erofs) have.
bool IsTrustedOverlayHandle(std::span<const uint8_t> handle) {
  if (handle.size() <= kLowerHandleAt + 4 || handle[kVersionAt] != kOverlayVersion ||
      handle[kMagicAt] != kOverlayMagic) {
    return false;
  }
  const bool has_uuid = AnySet(handle.subspan(kUuidAt, kUuidSize));
  const auto lower = handle.subspan(kLowerHandleAt);
  switch (handle[kTypeAt]) {
    case kInode32Generation:
      return lower.size() >= 8 && AnySet(lower.subspan(4, 4));
    case kInode64Generation:
      return has_uuid && lower.size() >= 12 && AnySet(lower.subspan(8, 4));
    case kBtrfs:
      return has_uuid;
    default:
      return false;
  }
}

std::optional<std::string> OverlayHandle(int fd) {
  constexpr size_t kMaxHandle = 128;  // MAX_HANDLE_SZ
  alignas(file_handle) std::array<char, sizeof(file_handle) + kMaxHandle> buffer{};
  auto* handle = reinterpret_cast<file_handle*>(buffer.data());
  handle->handle_bytes = kMaxHandle;
  int mount_id = 0;
  if (::name_to_handle_at(fd, "", handle, &mount_id, AT_EMPTY_PATH | AT_HANDLE_FID) != 0 ||
      handle->handle_type != kOverlayHandleType) {
    return std::nullopt;
  }
  const std::span bytes(reinterpret_cast<const uint8_t*>(handle->f_handle), handle->handle_bytes);
  if (!IsTrustedOverlayHandle(bytes)) {
    return std::nullopt;
  }
  std::string text;
  for (const uint8_t byte : bytes) {
    text += fmt::format("{:02x}", byte);
  }
  return text;
}

}  // namespace

std::optional<std::string> FileIdentity(int fd) {
  struct stat info{};
  struct statfs file_system{};
  if (::fstat(fd, &info) != 0 || ::fstatfs(fd, &file_system) != 0) {
    return std::nullopt;
  }
  const FileState state = FileState::Of(info);
  if (!state.SettledAt(RealtimeNs())) {
    return std::nullopt;
  }
  std::string place;
  if (file_system.f_type == kOverlayfs) {
    auto handle = OverlayHandle(fd);
    if (!handle) {
      return std::nullopt;
    }
    place = "overlay " + *handle;
  } else if (std::find(kLocalFileSystems.begin(), kLocalFileSystems.end(), file_system.f_type) !=
             kLocalFileSystems.end()) {
    place = fmt::format("device {:x}", info.st_dev);
  } else {
    return std::nullopt;
  }
  return fmt::format("{} inode {} size {} mtime {} ctime {}", place, state.inode, state.size_bytes,
                     state.mtime_ns, state.ctime_ns);
}

}  // namespace mayfly::engine
