#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "base/temp_dir.h"

namespace mayfly::base {
namespace {

class FileTest : public ::testing::Test {
 protected:
  TempDir dir_;
};

TEST_F(FileTest, OpenedFilesAreCloseOnExec) {
  dir_.Write("a", "x");
  const auto fd = Open(dir_.At("a"), O_RDONLY);
  ASSERT_TRUE(fd);
  EXPECT_NE(::fcntl(fd->get(), F_GETFD) & FD_CLOEXEC, 0);
  const auto missing = Open(dir_.At("b"), O_RDONLY);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::kNotFound);
  EXPECT_NE(missing.error().text().find(dir_.At("b")), std::string::npos);
}

TEST_F(FileTest, UniqueFdOwnsAndMoves) {
  UniqueFd first(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int number = first.get();
  UniqueFd second(std::move(first));
  EXPECT_FALSE(first.valid());  // NOLINT(bugprone-use-after-move): what is tested
  EXPECT_EQ(second.get(), number);
  UniqueFd& alias = second;
  second = std::move(alias);
  EXPECT_EQ(second.get(), number);
  EXPECT_GE(::fcntl(number, F_GETFD), 0);
  const int released = second.Release();
  EXPECT_FALSE(second.valid());
  UniqueFd(released).Reset();
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

TEST_F(FileTest, WholeFiles) {
  const std::string big(300000, 'b');
  for (const std::string& text : {std::string(), std::string("x\0y", 3), big}) {
    dir_.Write("a", text);
    EXPECT_EQ(ReadFile(dir_.At("a")).value_or("error"), text);
  }
  // Kernel files have no size to go by.
  EXPECT_NE(ReadFile("/proc/self/status").value_or("").find("Pid:"), std::string::npos);
}

TEST_F(FileTest, ReadsAreLimited) {
  dir_.Write("a", std::string(5000, 'a'));
  EXPECT_TRUE(ReadFile(dir_.At("a"), 5000));
  const auto large = ReadFile(dir_.At("a"), 4999);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().kind(), ErrorKind::kInvalid);
  EXPECT_EQ(ReadFile(dir_.path()).error().sys_errno(), EISDIR);
}

TEST_F(FileTest, WriteAllGoesOnAfterShortWrites) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const std::string text(1 << 20, 'p');
  std::string got;
  std::thread thread([&] { got = ReadAll(reader.get(), "pipe", text.size()).value_or(""); });
  EXPECT_TRUE(WriteAll(writer.get(), text, "pipe"));
  writer.Reset();
  thread.join();
  EXPECT_EQ(got, text);
}

TEST_F(FileTest, WriteExistingMakesNothing) {
  const auto missing = WriteExisting(dir_.At("limit"), "5");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().sys_errno(), ENOENT);
  EXPECT_FALSE(dir_.Exists("limit"));
  dir_.Write("limit", "1234");
  ASSERT_TRUE(WriteExisting(dir_.At("limit"), "5"));
  EXPECT_EQ(dir_.Read("limit"), "5234");
  const auto refused = WriteExisting("/proc/self/oom_score_adj", "5000");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text(), "write \"5000\" to /proc/self/oom_score_adj: Invalid argument");
}

TEST_F(FileTest, ReplaceFile) {
  ASSERT_TRUE(ReplaceFileAt(dir_.fd(), "state.json", "first", 0600));
  EXPECT_EQ(dir_.Read("state.json"), "first");
  ASSERT_TRUE(ReplaceFileAt(dir_.fd(), "state.json", "2", 0600, Durability::kSynced));
  EXPECT_EQ(dir_.Read("state.json"), "2");
  struct stat info{};
  ASSERT_EQ(::stat(dir_.At("state.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_EQ(ListDirectory(dir_.path())->size(), 1U);
}

TEST_F(FileTest, AReaderSeesTheOldFileOrTheNewOne) {
  const std::string old_text(100000, 'o');
  const std::string new_text(150000, 'n');
  ASSERT_TRUE(ReplaceFileAt(dir_.fd(), "f", old_text, 0600));
  std::jthread writer([&](const std::stop_token& stop) {
    for (int i = 0; !stop.stop_requested(); ++i) {
      ASSERT_TRUE(ReplaceFileAt(dir_.fd(), "f", i % 2 == 0 ? new_text : old_text, 0600));
    }
  });
  for (int i = 0; i < 200; ++i) {
    const auto seen = ReadFile(dir_.At("f"));
    ASSERT_TRUE(seen);
    ASSERT_TRUE(*seen == old_text || *seen == new_text) << seen->size();
  }
}

// The file stays as it was, and no temporary file stays behind.
TEST_F(FileTest, AFailedReplacementChangesNothing) {
  dir_.MakeDir("f/inside");
  EXPECT_FALSE(ReplaceFileAt(dir_.fd(), "f", "x", 0600));
  EXPECT_TRUE(dir_.Exists("f/inside"));
  EXPECT_EQ(*ListDirectory(dir_.path()), std::vector<std::string>{"f"});
}

TEST_F(FileTest, ReplacingALinkReplacesTheLink) {
  dir_.Write("target", "kept");
  dir_.Link("target", "f");
  ASSERT_TRUE(ReplaceFileAt(dir_.fd(), "f", "new", 0600));
  EXPECT_EQ(dir_.Read("target"), "kept");
  EXPECT_EQ(dir_.Read("f"), "new");
}

TEST_F(FileTest, MakeDirs) {
  ASSERT_TRUE(MakeDirs(dir_.At("a/b/c"), 0700));
  EXPECT_TRUE(std::filesystem::is_directory(dir_.At("a/b/c")));
  EXPECT_TRUE(MakeDirs(dir_.At("a/b/c"), 0700));
  dir_.Write("file", "");
  EXPECT_EQ(MakeDirs(dir_.At("file"), 0700).error().sys_errno(), EEXIST);
  EXPECT_EQ(MakeDirs(dir_.At("file/below"), 0700).error().sys_errno(), ENOTDIR);
}

TEST_F(FileTest, RemoveTreeDoesNotFollowLinks) {
  dir_.MakeDir("outside/kept");
  dir_.MakeDir("tree/deep/deeper");
  dir_.Write("tree/deep/file", "x");
  dir_.Link(dir_.At("outside"), "tree/link");
  dir_.Link("../../outside", "tree/deep/relative");
  const auto removed = RemoveTreeAt(dir_.fd(), "tree");
  ASSERT_TRUE(removed) << removed.error().text();
  EXPECT_FALSE(dir_.Exists("tree"));
  EXPECT_TRUE(dir_.Exists("outside/kept"));
  dir_.Link(dir_.At("outside"), "link");
  ASSERT_TRUE(RemoveTreeAt(dir_.fd(), "link"));
  EXPECT_FALSE(dir_.Exists("link"));
  EXPECT_TRUE(dir_.Exists("outside/kept"));
}

TEST_F(FileTest, RemovingWhatIsGoneIsFine) { EXPECT_TRUE(RemoveTreeAt(dir_.fd(), "nothing")); }

TEST_F(FileTest, ListDirectoryIsSorted) {
  for (const char* name : {"b", "a", ".hidden", "c"}) {
    dir_.Write(name, "");
  }
  EXPECT_EQ(*ListDirectory(dir_.path()), (std::vector<std::string>{".hidden", "a", "b", "c"}));
  EXPECT_FALSE(ListDirectory(dir_.At("none")));
}

}  // namespace
}  // namespace mayfly::base
