#include "oci/mount_options.h"

#include <linux/mount.h>
#include <sys/mount.h>

#include <algorithm>
#include <array>

namespace mayfly::oci {

namespace {

struct Option {
  std::string_view word;
  uint64_t set;
  uint64_t clear;
};

constexpr std::array kFlagOptions = {Option{"async", 0, MS_SYNCHRONOUS},
                                     Option{"atime", 0, MS_NOATIME},
                                     Option{"bind", MS_BIND, 0},
                                     Option{"defaults", 0, 0},
                                     Option{"dev", 0, MS_NODEV},
                                     Option{"diratime", 0, MS_NODIRATIME},
                                     Option{"dirsync", MS_DIRSYNC, 0},
                                     Option{"exec", 0, MS_NOEXEC},
                                     Option{"iversion", MS_I_VERSION, 0},
                                     Option{"lazytime", MS_LAZYTIME, 0},
                                     Option{"loud", 0, MS_SILENT},
                                     Option{"mand", MS_MANDLOCK, 0},
                                     Option{"noatime", MS_NOATIME, 0},
                                     Option{"nodev", MS_NODEV, 0},
                                     Option{"nodiratime", MS_NODIRATIME, 0},
                                     Option{"noexec", MS_NOEXEC, 0},
                                     Option{"noiversion", 0, MS_I_VERSION},
                                     Option{"nolazytime", 0, MS_LAZYTIME},
                                     Option{"nomand", 0, MS_MANDLOCK},
                                     Option{"norelatime", 0, MS_RELATIME},
                                     Option{"nostrictatime", 0, MS_STRICTATIME},
                                     Option{"nosuid", MS_NOSUID, 0},
                                     Option{"nosymfollow", MS_NOSYMFOLLOW, 0},
                                     Option{"rbind", MS_BIND | MS_REC, 0},
                                     Option{"relatime", MS_RELATIME, 0},
                                     Option{"remount", MS_REMOUNT, 0},
                                     Option{"ro", MS_RDONLY, 0},
                                     Option{"rw", 0, MS_RDONLY},
                                     Option{"silent", MS_SILENT, 0},
                                     Option{"strictatime", MS_STRICTATIME, 0},
                                     Option{"suid", 0, MS_NOSUID},
                                     Option{"symfollow", 0, MS_NOSYMFOLLOW},
                                     Option{"sync", MS_SYNCHRONOUS, 0}};

constexpr std::array kPropagationOptions = {
    Option{"private", MS_PRIVATE, 0},       Option{"rprivate", MS_PRIVATE | MS_REC, 0},
    Option{"shared", MS_SHARED, 0},         Option{"rshared", MS_SHARED | MS_REC, 0},
    Option{"slave", MS_SLAVE, 0},           Option{"rslave", MS_SLAVE | MS_REC, 0},
    Option{"unbindable", MS_UNBINDABLE, 0}, Option{"runbindable", MS_UNBINDABLE | MS_REC, 0}};

// The recursive forms, carried out by mount_setattr(2) with AT_RECURSIVE.
constexpr std::array kRecursiveOptions = {
    Option{"rro", MOUNT_ATTR_RDONLY, 0}, Option{"rrw", 0, MOUNT_ATTR_RDONLY},
    Option{"rnosuid", MOUNT_ATTR_NOSUID, 0}, Option{"rsuid", 0, MOUNT_ATTR_NOSUID},
    Option{"rnodev", MOUNT_ATTR_NODEV, 0}, Option{"rdev", 0, MOUNT_ATTR_NODEV},
    Option{"rnoexec", MOUNT_ATTR_NOEXEC, 0}, Option{"rexec", 0, MOUNT_ATTR_NOEXEC},
    Option{"rnodiratime", MOUNT_ATTR_NODIRATIME, 0}, Option{"rdiratime", 0, MOUNT_ATTR_NODIRATIME},
    Option{"rnosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    Option{"rsymfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
    // Access-time modes are one field: changing it clears all of it first (mount_setattr(2)).
    Option{"rrelatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    Option{"rnorelatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    Option{"rnoatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    Option{"ratime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    Option{"rstrictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    Option{"rnostrictatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME}};

template <typename Table>
const Option* Find(const Table& table, std::string_view word) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [word](const Option& option) { return option.word == word; });
  return found == table.end() ? nullptr : &*found;
}

}  // namespace

uint64_t PropagationFlag(std::string_view word) {
  const Option* option = Find(kPropagationOptions, word);
  return option != nullptr ? option->set : 0;
}

void ApplyMountOptions(Mount* mount) {
  for (const std::string& word : mount->options) {
    if (const Option* flag = Find(kFlagOptions, word)) {
      mount->flags = (mount->flags | flag->set) & ~flag->clear;
      mount->cleared_flags = (mount->cleared_flags | flag->clear) & ~flag->set;
    } else if (const uint64_t propagation = PropagationFlag(word)) {
      mount->propagation = propagation;
    } else if (const Option* recursive = Find(kRecursiveOptions, word)) {
      mount->recursive_attr_set = (mount->recursive_attr_set & ~recursive->clear) | recursive->set;
      mount->recursive_attr_clear =
          (mount->recursive_attr_clear & ~recursive->set) | recursive->clear;
    } else if (word == "tmpcopyup") {
      mount->copy_up = true;
    } else if (word == "idmap" || word == "ridmap") {
      mount->id_map = word == "idmap" ? IdMap::kTop : IdMap::kTree;
    } else {
      if (!mount->data.empty()) {
        mount->data.push_back(',');
      }
      mount->data.append(word);
    }
  }
  if ((mount->flags & MS_BIND) != 0) {
    mount->type = "bind";
  }
}

std::vector<std::string> KnownMountOptions() {
  std::vector<std::string> words = {"tmpcopyup", "idmap", "ridmap"};
  for (const Option& option : kFlagOptions) {
    words.emplace_back(option.word);
  }
  for (const Option& option : kPropagationOptions) {
    words.emplace_back(option.word);
  }
  for (const Option& option : kRecursiveOptions) {
    words.emplace_back(option.word);
  }
  std::sort(words.begin(), words.end());
  return words;
}

}  // namespace mayfly::oci
