// What stays in the cache and what goes.
#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>

#include "engine/code_cache_fixture.h"

namespace mayfly::engine {
namespace {

using std::chrono::hours;

constexpr size_t kCodeBytes = 1000;
constexpr int64_t kHourNs = 3600LL * 1'000'000'000;

class CodeCacheKeepTest : public CodeCacheTest {
 protected:
  static std::string Origin(int number) {
    const CodeOrigin origin{.module = std::string(64, 'a'),
                            .engine = "toy",
                            .version = std::to_string(number),
                            .strategy = "aot",
                            .options = "none",
                            .abi = "1",
                            .cpu = "any"};
    return origin.ToText();
  }
  static std::string Key(int number) { return ToHex(Sha256(Origin(number))); }
  static std::string Index(int number) { return ToHex(Sha256(fmt::format("index {}", number))); }
  std::string IndexPath(const std::string& name) { return scratch_ / ("cache/index/" + name); }

  static void SetTime(const std::string& path, hours ago) {
    const auto when = std::chrono::system_clock::now() - ago;
    timespec times[2]{};
    times[1].tv_sec = std::chrono::system_clock::to_time_t(when);
    times[0] = times[1];
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), 0) << path;
  }

  // Entry `number`, written and used so many hours ago.
  void Add(int number, hours written, hours used) {
    const auto ref = cache_->Store(Origin(number), Bytes(std::string(kCodeBytes, 'x')));
    ASSERT_TRUE(ref) << ref.error().text();
    ASSERT_TRUE(cache_->Remember(Index(number), *ref));
    SetTime(CodePath(Key(number)), written);
    SetTime(IndexPath(Index(number)), used);
  }

  bool Has(int number) { return fs::exists(CodePath(Key(number))); }

  PruneReport Prune(const PruneLimits& limits, const std::string& keep = "") {
    const auto report = cache_->Prune(limits, keep, log_);
    EXPECT_TRUE(report) << report.error().text();
    return report ? *report : PruneReport{};
  }
};

TEST_F(CodeCacheKeepTest, TheLeastRecentlyUsedMakeRoom) {
  Add(1, hours(9), hours(1));  // the oldest, and in use
  Add(2, hours(8), hours(8));
  Add(3, hours(7), hours(7));
  Add(4, hours(6), hours(2));
  // Each file is 1000 bytes and its trailer.
  const PruneReport report = Prune({.max_bytes = 3000});
  EXPECT_EQ(report.files, 2U);
  EXPECT_TRUE(Has(1));
  EXPECT_FALSE(Has(2));
  EXPECT_FALSE(Has(3));
  EXPECT_TRUE(Has(4));
}

TEST_F(CodeCacheKeepTest, TheOneJustWrittenStays) {
  Add(1, hours(9), hours(9));
  Add(2, hours(1), hours(1));
  Prune({.max_bytes = 1}, Key(1));
  EXPECT_TRUE(Has(1));
  EXPECT_FALSE(Has(2));
}

TEST_F(CodeCacheKeepTest, WithinTheBoundNothingGoes) {
  Add(1, hours(9), hours(9));
  EXPECT_EQ(Prune({.max_bytes = 100000}).files, 0U);
  EXPECT_TRUE(Has(1));
  EXPECT_TRUE(fs::is_symlink(IndexPath(Index(1))));
}

TEST_F(CodeCacheKeepTest, ByAgeAndAll) {
  Add(1, hours(9), hours(1));
  Add(2, hours(9), hours(5));
  EXPECT_EQ(Prune({.max_age_ns = 4 * kHourNs}).files, 1U);
  EXPECT_TRUE(Has(1));
  EXPECT_FALSE(Has(2));
  EXPECT_EQ(Prune({.all = true}).files, 1U);
  EXPECT_FALSE(Has(1));
  EXPECT_TRUE(fs::is_empty(scratch_ / "cache/index"));
}

TEST_F(CodeCacheKeepTest, AStartRenewsTheTimeOfLastUse) {
  Add(1, hours(9), hours(9));
  // Add() has changed the code file's times: the first start verifies it and says so in the index.
  EXPECT_TRUE(cache_->Recall(Index(1), log_));
  WaitUntilSettled();
  EXPECT_TRUE(cache_->Recall(Index(1), log_));
  SetTime(IndexPath(Index(1)), hours(5));
  const int64_t before_ns = RealtimeNs();
  EXPECT_TRUE(cache_->Recall(Index(1), log_));
  const auto entries = cache_->List();
  ASSERT_TRUE(entries && entries->size() == 1);
  EXPECT_GE(entries->front().last_use_ns, before_ns - kSettledNs);
  EXPECT_LT(entries->front().written_ns, before_ns - 8 * kHourNs);
}

// A container that has opened its code keeps it, whatever is removed meanwhile.
TEST_F(CodeCacheKeepTest, CodeThatIsInUseOutlivesItsRemoval) {
  Add(1, hours(1), hours(1));
  const auto fd = cache_->Recall(Index(1), log_);
  ASSERT_TRUE(fd);
  Prune({.all = true});
  EXPECT_FALSE(Has(1));
  std::string code(kCodeBytes, '\0');
  ASSERT_EQ(::pread(fd->get(), code.data(), code.size(), 0), static_cast<ssize_t>(code.size()));
  EXPECT_EQ(code, std::string(kCodeBytes, 'x'));
  EXPECT_FALSE(cache_->Recall(Index(1), log_));
}

TEST_F(CodeCacheKeepTest, WhatKilledWritersLeftIsRemovedUnlessTheyLive) {
  Add(1, hours(1), hours(1));
  const std::string dead = CodePath(kKey) + ".new";
  const std::string alive = CodePath(kOther) + ".new";
  WriteFile(dead, "part");
  WriteFile(alive, "part");
  const std::string temporary = IndexPath(Index(1) + ".123-456");
  fs::create_symlink("x", temporary);
  const auto lock = cache_->Lock(kOther);
  ASSERT_TRUE(lock);
  // Locks of one process's several open files hold against each other.
  Prune({});
  EXPECT_FALSE(fs::exists(dead));
  EXPECT_TRUE(fs::exists(alive));
  EXPECT_TRUE(fs::is_symlink(temporary));  // may be in the middle of its renaming
  SetTime(temporary, hours(1));
  Prune({});
  EXPECT_FALSE(fs::is_symlink(temporary));
}

TEST_F(CodeCacheKeepTest, IndexEntriesThatLeadNowhereAreRemoved) {
  Add(1, hours(1), hours(1));
  Add(2, hours(1), hours(1));
  Add(3, hours(1), hours(24 * 40));
  fs::create_symlink("not a reference", IndexPath(Index(4)));
  ASSERT_TRUE(cache_->Remove(Key(2)));
  Prune({});
  EXPECT_TRUE(fs::is_symlink(IndexPath(Index(1))));
  EXPECT_FALSE(fs::is_symlink(IndexPath(Index(2))));
  EXPECT_FALSE(fs::is_symlink(IndexPath(Index(3))));
  EXPECT_FALSE(fs::is_symlink(IndexPath(Index(4))));
}

TEST_F(CodeCacheKeepTest, ListsWhatTheFilesSay) {
  Add(7, hours(2), hours(1));
  WriteFile(CodePath(kKey), "no trailer");
  const auto entries = cache_->List();
  ASSERT_TRUE(entries) << entries.error().text();
  ASSERT_EQ(entries->size(), 2U);
  const CacheEntry& good = (*entries)[entries->at(0).key == kKey ? 1 : 0];
  const CacheEntry& bad = (*entries)[entries->at(0).key == kKey ? 0 : 1];
  EXPECT_EQ(good.key, Key(7));
  ASSERT_TRUE(good.origin);
  EXPECT_EQ(good.origin->version, "7");
  EXPECT_GT(good.size_bytes, kCodeBytes);
  EXPECT_FALSE(bad.origin);
}

TEST_F(CodeCacheKeepTest, AnEmptyCacheHasNoEntries) {
  const auto entries = cache_->List();
  ASSERT_TRUE(entries) << entries.error().text();
  EXPECT_TRUE(entries->empty());
  EXPECT_EQ(Prune({.all = true}).files, 0U);
  EXPECT_FALSE(fs::exists(scratch_ / "cache/code"));
}

}  // namespace
}  // namespace mayfly::engine
