#include "isolate/mount_api.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>

#include "base/file.h"
#include "isolate/namespaces.h"

namespace mayfly::isolate {
namespace {

TEST(MountApi, FlagsBecomeAttributes) {
  EXPECT_EQ(MountAttributes(0), 0U);
  EXPECT_EQ(MountAttributes(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC),
            static_cast<uint64_t>(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                                  MOUNT_ATTR_NOEXEC));
  // Superblock flags are no attributes of a mount.
  EXPECT_EQ(MountAttributes(MS_SYNCHRONOUS | MS_BIND | MS_REC), 0U);
}

TEST(MountApi, ErrorsNameTheOptionAndTheFilesystem) {
  const auto unknown = NewFilesystem("nosuchfs", "", "", 0, 0);
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().text().find("\"nosuchfs\""), std::string::npos);
  const auto context = NewFilesystem("tmpfs", "tmpfs", "size=1m,nonsense=3", 0, 0);
  ASSERT_FALSE(context);
  if (context.error().sys_errno() == EPERM) {
    GTEST_SKIP() << "needs CAP_SYS_ADMIN";
  }
  EXPECT_NE(context.error().text().find("nonsense"), std::string::npos) << context.error().text();
}

TEST(Namespaces, CgroupIsNotAmongTheFlagsOfClone) {
  oci::Spec spec;
  spec.linux.namespaces = {{oci::NamespaceType::kMount, ""},
                           {oci::NamespaceType::kCgroup, ""},
                           {oci::NamespaceType::kNetwork, "/proc/self/ns/net"}};
  EXPECT_EQ(NewNamespaceFlags(spec), static_cast<uint64_t>(CLONE_NEWNS));
  EXPECT_TRUE(WantsNewCgroupNamespace(spec));
}

TEST(Namespaces, AJoinedFileMustBeOfItsType) {
  oci::Spec spec;
  spec.linux.namespaces = {{oci::NamespaceType::kMount, ""},
                           {oci::NamespaceType::kNetwork, "/proc/self/ns/uts"}};
  const auto wrong = OpenJoinTargets(spec);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().text(),
            "linux.namespaces[1].path: /proc/self/ns/uts is not a namespace of that type");
  spec.linux.namespaces[1].path = "/nowhere";
  const auto missing = OpenJoinTargets(spec);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().text(),
            "linux.namespaces[1].path: open /nowhere: No such file or directory");
  spec.linux.namespaces[1].path = "/proc/self/ns/net";
  EXPECT_TRUE(OpenJoinTargets(spec));
}

}  // namespace
}  // namespace mayfly::isolate
