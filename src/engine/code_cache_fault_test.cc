// A writer that ends in the middle, at every byte, leaves nothing that a start would use. The kill
// at each system call of a start is in tests/engine/cache_fault_test.cc.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/code_cache_fixture.h"

namespace mayfly::engine {
namespace {

using CodeCacheFaultTest = CodeCacheTest;

const std::string kCode(50, 'c');

// Stores in a child whose files end at `limit`; `action` is what SIGXFSZ does. Returns its status.
int StoreUpTo(const CodeCache& cache, rlim_t limit, void (*action)(int)) {
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit none{.rlim_cur = 0, .rlim_max = 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::signal(SIGXFSZ, action);
    const rlimit bound{.rlim_cur = limit, .rlim_max = limit};
    ::setrlimit(RLIMIT_FSIZE, &bound);
    ::_exit(cache.Store(kOrigin, Bytes(kCode)) ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

TEST_F(CodeCacheFaultTest, AWriterThatIsKilledAtAnyByteLeavesNoEntry) {
  ASSERT_TRUE(cache_->Store(kOrigin, Bytes(kCode)));
  const auto size = fs::file_size(CodePath(kKey));
  ASSERT_TRUE(cache_->Remove(kKey));
  for (rlim_t limit = 0; limit < size; ++limit) {
    const int status = StoreUpTo(*cache_, limit, SIG_DFL);
    ASSERT_TRUE(WIFSIGNALED(status)) << limit;
    ASSERT_EQ(WTERMSIG(status), SIGXFSZ) << limit;
    ASSERT_FALSE(fs::exists(CodePath(kKey))) << limit;
    ASSERT_EQ(fs::file_size(CodePath(kKey) + ".new"), limit);
    ASSERT_FALSE(cache_->Verify(kKey, log_)) << limit;
  }
  // The next writer goes over what the last one left.
  EXPECT_EQ(StoreUpTo(*cache_, size, SIG_DFL), 0);
  EXPECT_TRUE(cache_->Verify(kKey, log_));
  EXPECT_FALSE(fs::exists(CodePath(kKey) + ".new"));
}

TEST_F(CodeCacheFaultTest, AWriteThatFailsAtAnyByteLeavesNothing) {
  ASSERT_TRUE(cache_->Store(kOrigin, Bytes(kCode)));
  const auto size = fs::file_size(CodePath(kKey));
  ASSERT_TRUE(cache_->Remove(kKey));
  for (rlim_t limit = 0; limit < size; ++limit) {
    const int status = StoreUpTo(*cache_, limit, SIG_IGN);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1) << limit;
    ASSERT_TRUE(fs::is_empty(scratch_ / "cache/code")) << limit;
  }
}

// An entry that is there is replaced whole or stays whole.
TEST_F(CodeCacheFaultTest, AWriterThatIsKilledLeavesTheOldEntry) {
  ASSERT_TRUE(cache_->Store(kOrigin, Bytes("old code")));
  for (const rlim_t limit : {0U, 10U, 100U}) {
    ASSERT_TRUE(WIFSIGNALED(StoreUpTo(*cache_, limit, SIG_DFL)));
    EXPECT_TRUE(cache_->Check(kKey)) << limit;
  }
}

TEST_F(CodeCacheFaultTest, EveryFlippedByteOfAFileIsFound) {
  ASSERT_TRUE(cache_->Store(kOrigin, Bytes(kCode)));
  const auto size = fs::file_size(CodePath(kKey));
  for (size_t at = 0; at < size; ++at) {
    Flip(CodePath(kKey), at);
    const auto checked = cache_->Check(kKey);
    ASSERT_FALSE(checked) << at;
    ASSERT_EQ(checked.error().kind(), base::ErrorKind::kInvalid) << at;
    Flip(CodePath(kKey), at);
  }
  EXPECT_TRUE(cache_->Check(kKey));
}

}  // namespace
}  // namespace mayfly::engine
