#include "oci/mount_options.h"

#include <gtest/gtest.h>
#include <linux/mount.h>
#include <sys/mount.h>

#include <algorithm>

namespace mayfly::oci {
namespace {

Mount WithOptions(std::vector<std::string> options) {
  Mount mount;
  mount.type = "tmpfs";
  mount.options = std::move(options);
  ApplyMountOptions(&mount);
  return mount;
}

TEST(MountOptions, TheLastOfTwoOppositesWins) {
  EXPECT_EQ(WithOptions({"ro", "rw"}).flags, 0U);
  EXPECT_EQ(WithOptions({"rw", "ro"}).flags, static_cast<uint64_t>(MS_RDONLY));
  EXPECT_EQ(WithOptions({"rw", "ro"}).cleared_flags, 0U);
  EXPECT_EQ(WithOptions({"exec"}).cleared_flags, static_cast<uint64_t>(MS_NOEXEC));
}

TEST(MountOptions, UnknownWordsAreTheFileSystems) {
  EXPECT_EQ(WithOptions({"nosuid", "size=64k", "mode=755"}).data, "size=64k,mode=755");
}

TEST(MountOptions, BindMakesABindMount) {
  EXPECT_EQ(WithOptions({"bind"}).type, "bind");
  EXPECT_EQ(WithOptions({"rbind"}).flags, static_cast<uint64_t>(MS_BIND | MS_REC));
}

TEST(MountOptions, PropagationIsKeptApart) {
  EXPECT_EQ(WithOptions({"rshared"}).propagation, static_cast<uint64_t>(MS_SHARED | MS_REC));
  EXPECT_EQ(WithOptions({"rshared"}).flags, 0U);
  EXPECT_EQ(PropagationFlag("nonsense"), 0U);
}

TEST(MountOptions, RecursiveAttributes) {
  const Mount mount = WithOptions({"rro", "rnosuid", "rsuid"});
  EXPECT_EQ(mount.recursive_attr_set, static_cast<uint64_t>(MOUNT_ATTR_RDONLY));
  EXPECT_EQ(mount.recursive_attr_clear, static_cast<uint64_t>(MOUNT_ATTR_NOSUID));
  EXPECT_TRUE(WithOptions({"tmpcopyup"}).copy_up);
}

TEST(MountOptions, KnownOptionsAreSortedAndComplete) {
  const auto words = KnownMountOptions();
  EXPECT_TRUE(std::is_sorted(words.begin(), words.end()));
  EXPECT_TRUE(std::binary_search(words.begin(), words.end(), "rslave"));
}

}  // namespace
}  // namespace mayfly::oci
