#include "isolate/credentials.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>

#include "oci/capabilities.h"

namespace mayfly::isolate {

using base::FailErrno;
using base::Result;

namespace {

constexpr mode_t kDefaultUmask = 0022;

// The sets of this process: two words each, as capset(2) wants them.
struct CapabilityWords {
  std::array<__user_cap_data_struct, 2> words{};

  void Set(uint64_t effective, uint64_t permitted, uint64_t inheritable) {
    for (size_t i = 0; i < words.size(); ++i) {
      words[i].effective = static_cast<uint32_t>(effective >> (32 * i));
      words[i].permitted = static_cast<uint32_t>(permitted >> (32 * i));
      words[i].inheritable = static_cast<uint32_t>(inheritable >> (32 * i));
    }
  }
  uint64_t Permitted() const { return words[0].permitted | (uint64_t{words[1].permitted} << 32); }
};

__user_cap_header_struct Header() { return {_LINUX_CAPABILITY_VERSION_3, 0}; }

uint64_t OwnPermitted() {
  CapabilityWords own;
  __user_cap_header_struct header = Header();
  return ::syscall(SYS_capget, &header, own.words.data()) == 0 ? own.Permitted() : 0;
}

Result<void> DropBoundingSet(uint64_t kept) {
  for (int number = 0; number < 64; ++number) {
    // PR_CAPBSET_READ fails with EINVAL past the kernel's last capability.
    const int in_set = ::prctl(PR_CAPBSET_READ, number, 0, 0, 0);
    if (in_set < 0) {
      break;
    }
    const bool keep = ((kept >> number) & 1) != 0;
    if (in_set == 1 && !keep && ::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0) {
      return FailErrno("process.capabilities.bounding: drop {}", oci::CapabilityName(number));
    }
  }
  return {};
}

Result<void> ChangeUser(const oci::User& user) {
  // Refused in spite of the capability: a user namespace that was made without privileges denies
  // setgroups(2) to everybody (user_namespaces(7)).
  const uint64_t set_gid = uint64_t{1} << CAP_SETGID;
  if (::setgroups(user.additional_gids.size(), user.additional_gids.data()) != 0 &&
      (errno != EPERM || !user.additional_gids.empty() || (OwnPermitted() & set_gid) == 0)) {
    return FailErrno("process.user.additionalGids");
  }
  if (::setresgid(user.gid, user.gid, user.gid) != 0) {
    return FailErrno("process.user.gid {}", user.gid);
  }
  if (::setresuid(user.uid, user.uid, user.uid) != 0) {
    return FailErrno("process.user.uid {}", user.uid);
  }
  ::umask(user.umask.value_or(kDefaultUmask));
  return {};
}

// `held` is kept beside what is wanted.
Result<void> SetThreeSets(const oci::Capabilities& wanted, uint64_t available, uint64_t held) {
  CapabilityWords sets;
  const uint64_t permitted = wanted.permitted & available;
  // Only what is in the bounding set can be added to the inheritable set (capset(2)).
  sets.Set((wanted.effective & permitted) | held, permitted | held, wanted.inheritable & available);
  __user_cap_header_struct header = Header();
  if (::syscall(SYS_capset, &header, sets.words.data()) != 0) {
    return FailErrno("process.capabilities");
  }
  return {};
}

Result<void> SetCapabilitySets(const oci::Capabilities& wanted, uint64_t held) {
  const uint64_t available = OwnPermitted();
  const uint64_t permitted = wanted.permitted & available;
  MAYFLY_TRY(SetThreeSets(wanted, available, held & available));
  for (int number = 0; number < 64; ++number) {
    const uint64_t bit = uint64_t{1} << number;
    if ((wanted.ambient & permitted & wanted.inheritable & bit) != 0 &&
        ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) != 0) {
      return FailErrno("process.capabilities.ambient: {}", oci::CapabilityName(number));
    }
  }
  return {};
}

}  // namespace

Result<void> SetRlimits(const std::vector<oci::Rlimit>& limits) {
  for (size_t i = 0; i < limits.size(); ++i) {
    const rlimit64 value{limits[i].soft, limits[i].hard};
    if (::setrlimit64(static_cast<__rlimit_resource>(limits[i].resource), &value) != 0) {
      return FailErrno("process.rlimits[{}]: {} soft {} hard {}", i, limits[i].name, limits[i].soft,
                       limits[i].hard);
    }
  }
  return {};
}

uint64_t UngrantableCapabilities(const oci::Capabilities& capabilities) {
  return (capabilities.permitted | capabilities.effective) & ~OwnPermitted();
}

Result<void> SetCredentials(const oci::User& user, const oci::Capabilities& capabilities,
                            bool no_new_privileges, Hold hold) {
  MAYFLY_TRY(DropBoundingSet(capabilities.bounding));
  // Keeps the permitted set over the change from root to another user.
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) {
    return FailErrno("keep capabilities");
  }
  MAYFLY_TRY(ChangeUser(user));
  if (::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0) {
    return FailErrno("keep capabilities");
  }
  const uint64_t held = hold == Hold::kUntilFilter ? uint64_t{1} << CAP_SYS_ADMIN : 0;
  MAYFLY_TRY(SetCapabilitySets(capabilities, held));
  if (no_new_privileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return FailErrno("process.noNewPrivileges");
  }
  return {};
}

Result<void> DropHeld(const oci::Capabilities& capabilities) {
  return SetThreeSets(capabilities, OwnPermitted(), 0);
}

Result<void> GiveStandardStreams(uid_t uid) {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    struct stat info{};
    if (::fstat(fd, &info) != 0 || !S_ISFIFO(info.st_mode) || info.st_uid == uid) {
      continue;
    }
    // What cannot be given can still be used through the descriptor.
    if (::fchown(fd, uid, static_cast<gid_t>(-1)) != 0 && errno != EPERM && errno != EROFS) {
      return FailErrno("process.user.uid {}: give it descriptor {}", uid, fd);
    }
  }
  return {};
}

Result<void> JoinSessionKeyring(const std::string& name) {
  if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name.c_str()) < 0 && errno != ENOSYS) {
    return FailErrno("session keyring {}", name);
  }
  return {};
}

}  // namespace mayfly::isolate
