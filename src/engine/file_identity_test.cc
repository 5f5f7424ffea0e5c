#include "engine/file_identity.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include "base/file.h"
#include "engine/test_support.h"

namespace mayfly::engine {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> IdentityOf(const std::string& path) {
  const auto fd = base::Open(path, O_RDONLY);
  EXPECT_TRUE(fd) << path;
  return fd ? FileIdentity(fd->get()) : std::nullopt;
}

TEST(FileIdentity, IsOfTheContentNotOfTheName) {
  const ScratchDir scratch;
  WriteFile(scratch / "a", "one");
  WriteFile(scratch / "b", "one");
  WaitUntilSettled();
  const auto a = IdentityOf(scratch / "a");
  if (!a) {
    GTEST_SKIP() << "the temporary directory is on a file system without trusted identities";
  }
  EXPECT_EQ(a, IdentityOf(scratch / "a"));
  EXPECT_NE(a, IdentityOf(scratch / "b"));
  fs::create_directory(scratch / "d");
  fs::create_symlink("../a", scratch / "d/link");
  EXPECT_EQ(a, IdentityOf(scratch / "d/link"));
}

TEST(FileIdentity, ChangesWithTheContentAlsoBehindTheOldTime) {
  const ScratchDir scratch;
  WriteFile(scratch / "a", "one");
  WaitUntilSettled();
  const auto before = IdentityOf(scratch / "a");
  if (!before) {
    GTEST_SKIP() << "the temporary directory is on a file system without trusted identities";
  }
  const auto time = fs::last_write_time(scratch / "a");
  WriteFile(scratch / "a", "two");
  fs::last_write_time(scratch / "a", time);
  EXPECT_FALSE(IdentityOf(scratch / "a")) << "changed a moment ago";
  WaitUntilSettled();
  EXPECT_NE(IdentityOf(scratch / "a"), before);
}

TEST(FileIdentity, AFileSystemOfTheKernelsOwnMakingHasNone) {
  EXPECT_FALSE(IdentityOf("/proc/self/status"));
}

// Two mounts of one layer, as two containers of one image have.
TEST(FileIdentity, IsTheSameInEveryOverlayOfALayer) {
  const ScratchDir scratch;
  for (const std::string name : {"lower", "u1", "w1", "m1", "u2", "w2", "m2"}) {
    fs::create_directory(scratch / name);
  }
  WriteFile(scratch / "lower/app.wasm", "module");
  const auto mount = [&](const std::string& n) {
    const std::string options = "lowerdir=" + (scratch / "lower") +
                                ",upperdir=" + (scratch / "u" + n) +
                                ",workdir=" + (scratch / "w" + n);
    return ::mount("overlay", (scratch / "m" + n).c_str(), "overlay", 0, options.c_str()) == 0;
  };
  if (!mount("1")) {
    GTEST_SKIP() << "overlay cannot be mounted here: " << ::strerror(errno);
  }
  ASSERT_TRUE(mount("2"));
  WaitUntilSettled();
  const auto first = IdentityOf(scratch / "m1/app.wasm");
  const auto second = IdentityOf(scratch / "m2/app.wasm");
  WriteFile(scratch / "m2/app.wasm", "module of its own");
  WaitUntilSettled();
  const auto changed = IdentityOf(scratch / "m2/app.wasm");
  ::umount((scratch / "m1").c_str());
  ::umount((scratch / "m2").c_str());
  if (!first) {
    GTEST_SKIP() << "this kernel or lower file system gives overlay files no trusted handle";
  }
  EXPECT_EQ(first, second);
  EXPECT_NE(first, changed);
}

}  // namespace
}  // namespace mayfly::engine
