#include "container/store.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace mayfly::container {
namespace {

using base::ErrorKind;

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "mayfly-store-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern + "/deep/root";
    top_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(top_); }

  std::string root_;
  std::string top_;
};

TEST_F(StoreTest, IdsAreChecked) {
  for (const char* id : {"c1", "A_b+c-d.e", "0"}) {
    EXPECT_TRUE(ValidateId(id)) << id;
  }
  for (const char* id : {"", ".", "..", "a/b", "a b", "ü", "a\n", "../x"}) {
    EXPECT_FALSE(ValidateId(id)) << id;
  }
  EXPECT_FALSE(ValidateId(std::string(1025, 'a')));
}

TEST_F(StoreTest, AnIdIsClaimedOnce) {
  const auto store = Store::Open(root_);
  ASSERT_TRUE(store) << store.error().text();
  const auto first = store->Create("c1");
  ASSERT_TRUE(first);
  const auto second = store->Create("c1");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), ErrorKind::kExists);
  EXPECT_TRUE(Store::IsLocked(*first));
  ASSERT_TRUE(store->Remove(*first));
  EXPECT_TRUE(store->Create("c1"));
}

TEST_F(StoreTest, AMissingContainerSaysSoInTheWordsThatContainerdLooksFor) {
  const auto store = Store::Open(root_);
  ASSERT_TRUE(store);
  const auto missing = store->Find("c1");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::kNotFound);
  EXPECT_EQ(missing.error().text(), "container \"c1\" does not exist");
}

TEST_F(StoreTest, ADirectoryWithoutStateTellsHowToRemoveIt) {
  const auto store = Store::Open(root_);
  ASSERT_TRUE(store);
  const auto entry = store->Create("c1");
  ASSERT_TRUE(entry);
  const auto state = entry->ReadState();
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().kind(), ErrorKind::kState);
  EXPECT_NE(state.error().text().find("`delete --force` removes it"), std::string::npos);
  std::ofstream(root_ + "/c1/state.json") << "{\"formatVersion\": 1, \"id\"";
  const auto damaged = entry->ReadState();
  ASSERT_FALSE(damaged);
  EXPECT_NE(damaged.error().text().find("its state is damaged"), std::string::npos);
}

TEST_F(StoreTest, TheCgroupsPathSurvivesADamagedState) {
  const auto store = Store::Open(root_);
  ASSERT_TRUE(store);
  const auto entry = store->Create("c1");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->ReadCgroupsPath(), "");
  ASSERT_TRUE(entry->WriteCgroupsPath(""));
  EXPECT_EQ(entry->ReadCgroupsPath(), "");
  ASSERT_TRUE(entry->WriteCgroupsPath("/a/b"));
  EXPECT_EQ(entry->ReadCgroupsPath(), "/a/b");
  EXPECT_TRUE(store->Remove(*entry));
}

TEST_F(StoreTest, ALinkIsNoContainer) {
  const auto store = Store::Open(root_);
  ASSERT_TRUE(store);
  std::filesystem::create_directory_symlink("/etc", root_ + "/c1");
  EXPECT_FALSE(store->Find("c1"));
  EXPECT_FALSE(store->Create("c1"));
}

TEST_F(StoreTest, TheStartSocketWorksBelowALongRoot) {
  const std::string long_root = root_ + "/" + std::string(120, 'x');
  const auto store = Store::Open(long_root);
  ASSERT_TRUE(store) << store.error().text();
  const auto entry = store->Create("c1");
  ASSERT_TRUE(entry);
  EXPECT_FALSE(entry->HasStartSocket());
  const auto listener = entry->ListenForStart();
  ASSERT_TRUE(listener) << listener.error().text();
  EXPECT_TRUE(entry->HasStartSocket());
  EXPECT_TRUE(entry->ConnectToStart());
  entry->RemoveStartSocket();
  EXPECT_FALSE(entry->HasStartSocket());
}

TEST_F(StoreTest, ALockHeldByAnotherProcessIsWaitedForAndTheRemovalSeen) {
  const auto store = Store::Open(root_);
  ASSERT_TRUE(store);
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto entry = store->Create("c1");
    (void)!::write(ready[1], "x", 1);
    ::usleep(100'000);
    ::_exit(entry && store->Remove(*entry) ? 0 : 1);
  }
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  const auto entry = store->FindLocked("c1");
  ASSERT_FALSE(entry);
  EXPECT_EQ(entry.error().kind(), ErrorKind::kNotFound);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  ::close(ready[0]);
  ::close(ready[1]);
}

}  // namespace
}  // namespace mayfly::container
