#include "base/path.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/temp_dir.h"

namespace mayfly::base {
namespace {

// A rootfs whose author wants out: every link below leads, read naively, to "secret" beside it.
class PathTest : public ::testing::Test {
 protected:
  PathTest() {
    dir_.MakeDir("root/etc");
    dir_.Write("secret", "host");
    dir_.Write("root/etc/file", "inside");
    dir_.Link("../../secret", "root/relative");
    dir_.Link(dir_.At("secret"), "root/absolute");
    dir_.Link("../../../../../../../../..", "root/up");
    dir_.Link("/etc", "root/link-to-etc");
    dir_.Link("loop", "root/loop");
    dir_.Link("/nowhere/yet", "root/dangling");
    root_.Reset(::open(dir_.At("root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  std::string Read(std::string_view path) {
    const auto fd = OpenInRoot(root_.get(), path, O_RDONLY);
    return fd ? ReadAll(fd->get(), path, 100).value_or("unreadable") : fd.error().text();
  }
  static bool SameFile(int fd, const std::string& path) {
    struct stat a{};
    struct stat b{};
    return ::fstat(fd, &a) == 0 && ::stat(path.c_str(), &b) == 0 && a.st_ino == b.st_ino &&
           a.st_dev == b.st_dev;
  }

  TempDir dir_;
  UniqueFd root_;
};

TEST_F(PathTest, PathsStartAtTheRoot) {
  EXPECT_EQ(Read("/etc/file"), "inside");
  EXPECT_EQ(Read("etc/file"), "inside");
  EXPECT_EQ(Read("/etc/../../../etc/file"), "inside");
  EXPECT_EQ(Read("/link-to-etc/file"), "inside");
  const auto top = OpenInRoot(root_.get(), "", O_PATH | O_DIRECTORY);
  ASSERT_TRUE(top);
  EXPECT_TRUE(SameFile(top->get(), dir_.At("root")));
}

TEST_F(PathTest, NoLinkLeadsOut) {
  for (const char* path : {"/relative", "/absolute", "/../secret", "/up/secret",
                           "/etc/../../secret", "/link-to-etc/../../secret"}) {
    EXPECT_EQ(Read(path),
              std::string("open ") + path + " in the rootfs: No such file or directory");
  }
  const auto up = OpenInRoot(root_.get(), "/up", O_PATH | O_DIRECTORY);
  ASSERT_TRUE(up);
  EXPECT_TRUE(SameFile(up->get(), dir_.At("root")));
  EXPECT_EQ(OpenInRoot(root_.get(), "/loop", O_RDONLY).error().sys_errno(), ELOOP);
}

TEST_F(PathTest, LinksCanBeRefused) {
  const auto open = [&](const char* path) {
    return OpenInRoot(root_.get(), path, O_RDONLY, 0, Symlinks::kRefuse);
  };
  EXPECT_TRUE(open("/etc/file"));
  for (const char* path : {"/link-to-etc/file", "/link-to-etc", "/loop"}) {
    EXPECT_EQ(open(path).error().sys_errno(), ELOOP) << path;
  }
}

// /proc/self/fd/N names files by themselves, not by a path below the root.
// The way of machines without openat2(2) gives the same descriptors and the same refusals.
TEST_F(PathTest, WalkingGivesTheSame) {
  for (const char* path :
       {"/etc/file", "etc/file", "/etc/../../../etc/file", "/link-to-etc/file", "/relative",
        "/absolute", "/../secret", "/up/secret", "/up", "/up/etc/file", "/loop", "/dangling",
        "/etc/file/x", "/etc/file/..", "/", "", "/etc/", "/etc/.", "/nothing"}) {
    for (const Symlinks symlinks : {Symlinks::kFollowInRoot, Symlinks::kRefuse}) {
      for (const int flags : {O_PATH, O_RDONLY, O_PATH | O_DIRECTORY, O_PATH | O_NOFOLLOW}) {
        SCOPED_TRACE(fmt::format("{} {:o} {}", path, flags, symlinks == Symlinks::kRefuse));
        const auto kernels = OpenInRoot(root_.get(), path, flags, 0, symlinks);
        const auto walked = WalkInRoot(root_.get(), path, flags, 0, symlinks);
        ASSERT_EQ(kernels.has_value(), walked.has_value());
        if (kernels) {
          EXPECT_TRUE(SameFile(walked->get(), FdPath(kernels->get())));
        } else {
          EXPECT_EQ(kernels.error().sys_errno(), walked.error().sys_errno());
        }
      }
    }
  }
  // A file that is made is made inside, and a link of a procfs leads nowhere.
  EXPECT_TRUE(
      WalkInRoot(root_.get(), "/etc/new", O_CREAT | O_WRONLY, 0600, Symlinks::kFollowInRoot));
  EXPECT_TRUE(dir_.Exists("root/etc/new"));
  const UniqueFd host(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (const char* path : {"/proc/self/exe", "/proc/self/root/etc", "/proc/self/cwd"}) {
    EXPECT_EQ(WalkInRoot(host.get(), path, O_PATH, 0, Symlinks::kFollowInRoot).error().sys_errno(),
              ELOOP);
  }
}

TEST_F(PathTest, MagicLinksAreRefused) {
  const UniqueFd host_root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const auto fd =
      OpenInRoot(host_root.get(), "/proc/self/fd/" + std::to_string(root_.get()), O_PATH);
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().sys_errno(), ELOOP);
}

TEST_F(PathTest, CreatingThroughADanglingLinkStaysInside) {
  const auto made = OpenInRoot(root_.get(), "/absolute", O_WRONLY | O_CREAT, 0600);
  EXPECT_FALSE(made);  // the link's parent directories do not exist inside
  EXPECT_EQ(dir_.Read("secret"), "host");
}

TEST_F(PathTest, MakeDirs) {
  const auto made = MakeDirsInRoot(root_.get(), "/var/lib/data", 0755);
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_TRUE(SameFile(made->get(), dir_.At("root/var/lib/data")));
  const auto again = MakeDirsInRoot(root_.get(), "var/lib/data", 0755);
  ASSERT_TRUE(again);
  EXPECT_TRUE(SameFile(again->get(), dir_.At("root/var/lib/data")));
}

TEST_F(PathTest, MakeDirsFollowsLinksInside) {
  const auto made = MakeDirsInRoot(root_.get(), "/link-to-etc/new/er", 0755);
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_TRUE(dir_.Exists("root/etc/new/er"));
}

TEST_F(PathTest, MakeDirsNeverMakesOutside) {
  const auto made = MakeDirsInRoot(root_.get(), "/up/escaped/dir", 0755);
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_TRUE(dir_.Exists("root/escaped/dir"));
  EXPECT_FALSE(dir_.Exists("escaped"));
  EXPECT_TRUE(MakeDirsInRoot(root_.get(), "/../../above", 0755));
  EXPECT_TRUE(dir_.Exists("root/above"));
  EXPECT_FALSE(dir_.Exists("above"));
  EXPECT_FALSE(MakeDirsInRoot(root_.get(), "/loop/dir", 0755));
  EXPECT_EQ(MakeDirsInRoot(root_.get(), "/etc/file/dir", 0755).error().sys_errno(), ENOTDIR);
}

TEST_F(PathTest, MakeFile) {
  const auto made = MakeFileInRoot(root_.get(), "/run/secrets/token", 0644);
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_TRUE(SameFile(made->get(), dir_.At("root/run/secrets/token")));
  ASSERT_TRUE(MakeFileInRoot(root_.get(), "/etc/file", 0644));
  EXPECT_EQ(dir_.Read("root/etc/file"), "inside");
  // A directory that is there is what a bind mount of a directory needs.
  EXPECT_TRUE(MakeFileInRoot(root_.get(), "/etc", 0644));
}

TEST_F(PathTest, MakeFileDoesNotFollowADanglingLinkOut) {
  const auto made = MakeFileInRoot(root_.get(), "/absolute", 0644);
  EXPECT_FALSE(made);
  EXPECT_EQ(dir_.Read("secret"), "host");
  EXPECT_FALSE(MakeFileInRoot(root_.get(), "/dangling", 0644));
  EXPECT_FALSE(dir_.Exists("root/nowhere"));
}

TEST(CleanAbsoluteTest, Paths) {
  EXPECT_EQ(CleanAbsolute("/a//b/./c/../d"), "/a/b/d");
  EXPECT_EQ(CleanAbsolute("a/b"), "/a/b");
  EXPECT_EQ(CleanAbsolute("/../../a"), "/a");
  EXPECT_EQ(CleanAbsolute("/a/.."), "/");
  EXPECT_EQ(CleanAbsolute(""), "/");
  EXPECT_EQ(CleanAbsolute("/..a/b.."), "/..a/b..");
  EXPECT_EQ(CleanAbsolute("/a/"), "/a");
}

TEST(FdPathTest, NamesTheOpenFile) {
  const UniqueFd null(::open("/dev/null", O_PATH | O_CLOEXEC));
  const auto again = Open(FdPath(null.get()), O_RDONLY);
  EXPECT_TRUE(again);
}

}  // namespace
}  // namespace mayfly::base
