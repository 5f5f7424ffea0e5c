#include "engine/scratch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/child_task.h"
#include "engine/test_support.h"

namespace mayfly::engine {
namespace {

namespace fs = std::filesystem;

base::Result<std::string> WriteOneFile(const Scratch& scratch) {
  MAYFLY_TRY(scratch.Enter());
  if (!fs::is_empty(".")) {
    return "not empty";
  }
  WriteFile("./file", "text");
  return fs::exists("file") ? "written" : "not written";
}

TEST(Scratch, AChildWritesInItAndThisProcessStaysWhereItIs) {
  const auto scratch = Scratch::Make();
  ASSERT_TRUE(scratch) << scratch.error().text();
  const fs::path before = fs::current_path();
  const auto answer = RunInChild("write", [&] { return WriteOneFile(*scratch); });
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(*answer, "written");
  EXPECT_EQ(fs::current_path(), before);
  EXPECT_EQ(::faccessat(scratch->fd(), "file", F_OK, 0), 0);
}

TEST(Scratch, LeavesNothingBehind) {
  const ScratchDir temporary;
  ::setenv("TMPDIR", temporary.path().c_str(), 1);
  {
    const auto scratch = Scratch::Make();
    ASSERT_TRUE(scratch) << scratch.error().text();
    // A process that ends without its destructors, as a killed compiler does.
    (void)RunInChild("end", [&]() -> base::Result<std::string> {
      (void)WriteOneFile(*scratch);
      ::_exit(0);
    });
  }
  ::unsetenv("TMPDIR");
  EXPECT_TRUE(fs::is_empty(temporary.path()));
}

}  // namespace
}  // namespace mayfly::engine
