#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/temp_dir.h"

namespace mayfly::base {
namespace {

// A rootfs or volume that is still mounted must never be emptied.
class RemoveTreeTest : public ::testing::Test {
 protected:
  // In a mount namespace of its own: mounts `source` below a tree and tries to remove that.
  int MountAndRemove(const std::string& source, const char* type, unsigned long flags,
                     const std::string& mounted) {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount(source.c_str(), dir_.At(mounted).c_str(), type, flags, nullptr) != 0) {
      return 77;
    }
    dir_.Write(mounted + "/kept", "x");
    // A descriptor from before would still see the mounts of the other namespace.
    const auto here = Open(dir_.path(), O_PATH | O_DIRECTORY);
    const auto removed = RemoveTreeAt(here->get(), "tree");
    return !removed && removed.error().kind() == ErrorKind::kState &&
                   removed.error().text().find("a file system is mounted there") !=
                       std::string::npos &&
                   dir_.Exists(mounted + "/kept")
               ? 0
               : 1;
  }
  void Check(const std::string& source, const char* type, unsigned long flags,
             const std::string& mounted) {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root: mounts";
    }
    dir_.MakeDir("tree/inner/mounted");
    dir_.MakeDir("volume");
    const auto child = Spawn(0, -1, [&] { return MountAndRemove(source, type, flags, mounted); });
    ASSERT_TRUE(child) << child.error().text();
    const int status = WaitForExit(child->pid).value_or(-1);
    if (status == 77) {
      GTEST_SKIP() << "mounting is not allowed here";
    }
    EXPECT_EQ(status, 0);
  }

  TempDir dir_;
};

TEST_F(RemoveTreeTest, RefusesAFileSystem) { Check("tmpfs", "tmpfs", 0, "tree/inner/mounted"); }

TEST_F(RemoveTreeTest, RefusesABindMountOfTheSameFileSystem) {
  Check(dir_.At("volume"), nullptr, MS_BIND, "tree/inner/mounted");
}

TEST_F(RemoveTreeTest, RefusesATreeThatIsAMountItself) {
  Check(dir_.At("volume"), nullptr, MS_BIND, "tree");
}

}  // namespace
}  // namespace mayfly::base
