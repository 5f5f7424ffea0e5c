#include "engine/code_cache.h"

#include <sys/wait.h>

#include "engine/code_cache_fixture.h"

namespace mayfly::engine {
namespace {

TEST_F(CodeCacheTest, RecallsWhatWasStored) {
  EXPECT_FALSE(Recalls());
  StoreSettled("native code");
  const auto fd = cache_->Recall(kIndex, log_);
  ASSERT_TRUE(fd);
  char code[11];
  EXPECT_EQ(::pread(fd->get(), code, sizeof code, 0), 11);
  EXPECT_EQ(std::string_view(code, sizeof code), "native code");
}

TEST_F(CodeCacheTest, IsClosedToOthers) {
  StoreSettled("code");
  EXPECT_EQ(fs::status(scratch_ / "cache").permissions(), fs::perms::owner_all);
  EXPECT_EQ(fs::status(CodePath(kKey)).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  fs::permissions(scratch_ / "cache", fs::perms::others_read, fs::perm_options::add);
  const auto refused = CodeCache::Open(scratch_ / "cache");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), base::ErrorKind::kDenied);
}

TEST_F(CodeCacheTest, AFlippedByteIsFoundAndThrownAway) {
  for (const size_t at : {0U, 5U, 30U}) {
    StoreSettled("native code");
    ASSERT_TRUE(Recalls());
    Flip(CodePath(kKey), at);
    EXPECT_FALSE(Recalls()) << at;
    EXPECT_FALSE(fs::exists(CodePath(kKey))) << at;
  }
}

// Somebody may set the modification time back; the kernel alone sets the change time.
TEST_F(CodeCacheTest, AFlippedByteIsFoundBehindAnUnchangedModificationTime) {
  StoreSettled("native code");
  const auto time = fs::last_write_time(CodePath(kKey));
  Flip(CodePath(kKey), 3);
  fs::last_write_time(CodePath(kKey), time);
  EXPECT_FALSE(Recalls());
}

TEST_F(CodeCacheTest, ATruncatedFileIsThrownAway) {
  StoreSettled("native code");
  fs::resize_file(CodePath(kKey), 10);
  EXPECT_FALSE(Recalls());
  StoreSettled("native code");
  fs::resize_file(CodePath(kKey), 0);
  EXPECT_FALSE(Recalls());
}

TEST_F(CodeCacheTest, WrongModeOrAnotherNameIsThrownAway) {
  StoreSettled("code");
  fs::permissions(CodePath(kKey), fs::perms::group_read, fs::perm_options::add);
  EXPECT_FALSE(Recalls());
  StoreSettled("code");
  fs::rename(CodePath(kKey), CodePath(kOther));
  EXPECT_FALSE(cache_->Verify(kOther, log_));
  EXPECT_FALSE(fs::exists(CodePath(kOther)));
  StoreSettled("code");
  fs::rename(CodePath(kKey), CodePath(kOther));
  fs::create_symlink(CodePath(kOther), CodePath(kKey));
  EXPECT_FALSE(Recalls());
}

TEST_F(CodeCacheTest, WrongOwnerIsThrownAway) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root to give a file away";
  }
  StoreSettled("code");
  ASSERT_EQ(::chown(CodePath(kKey).c_str(), 1, 1), 0);
  EXPECT_FALSE(Recalls());
}

// A copy of the directory has other inodes and change times, and the same content.
TEST_F(CodeCacheTest, AnIntactFileInAnotherStateIsVerifiedAndKept) {
  StoreSettled("code");
  fs::last_write_time(CodePath(kKey), fs::file_time_type::clock::now());
  EXPECT_TRUE(Recalls());
  WaitUntilSettled();
  EXPECT_TRUE(Recalls());
  const auto ref = cache_->FindRef(kIndex);
  ASSERT_TRUE(ref);
  EXPECT_TRUE(ref->state.SettledAt(ref->verified_ns));
  EXPECT_TRUE(cache_->OpenVerified(*ref));
}

TEST_F(CodeCacheTest, AFreshFileIsVerifiedBeforeItIsBelieved) {
  const auto ref = cache_->Store(kOrigin, Bytes("code"));
  ASSERT_TRUE(ref && cache_->Remember(kIndex, *ref));
  // Within the file system's clock tick: the state cannot tell this from the file as it was.
  Flip(CodePath(kKey), 1);
  EXPECT_FALSE(Recalls());
}

TEST_F(CodeCacheTest, IndexEntriesThatAreNoneArePassedOver) {
  StoreSettled("code");
  for (const std::string& text :
       {std::string("x"), kKey, kKey + " 1 2 3 4", kKey + " 1 2 3 4 5 6", kKey + " 1 2 3 4 x",
        "../../../etc/passwd" + kKey, std::string(600, 'a')}) {
    fs::remove(scratch_ / "cache/index/" + kIndex);
    fs::create_symlink(text, scratch_ / "cache/index/" + kIndex);
    EXPECT_FALSE(Recalls()) << text;
  }
}

TEST_F(CodeCacheTest, AWriterThatIsKilledLeavesNoEntry) {
  // At any byte: what it has written is under a name that nobody reads, and the next writer removes
  // it.
  ASSERT_TRUE(cache_->Store(kOtherOrigin, Bytes("other")));
  WriteFile(CodePath(kKey) + ".new", "a part");
  EXPECT_FALSE(cache_->Verify(kKey, log_));
  StoreSettled("code");
  EXPECT_TRUE(Recalls());
  EXPECT_FALSE(fs::exists(CodePath(kKey) + ".new"));
}

TEST_F(CodeCacheTest, TheLockKeepsOthersOut) {
  auto lock = cache_->Lock(kKey);
  ASSERT_TRUE(lock);
  const pid_t child = ::fork();
  if (child == 0) {
    lock->Reset();  // the parent's copy holds it still
    const auto second = cache_->Lock(kKey);
    ::_exit(second && fs::exists(scratch_ / "released") ? 0 : 1);
  }
  ::usleep(50'000);
  WriteFile(scratch_ / "released", "");
  lock->Reset();
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(CodeRef, TextRoundTrip) {
  const CodeRef ref{.key = kKey,
                    .state = {.inode = 1, .size_bytes = 2, .mtime_ns = -3, .ctime_ns = 4},
                    .verified_ns = 5};
  const auto back = CodeRef::FromText(ref.ToText());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->ToText(), ref.ToText());
  EXPECT_EQ(back->state, ref.state);
}

}  // namespace
}  // namespace mayfly::engine
