#include "engine/child_task.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace mayfly::engine {
namespace {

using base::ErrorKind;
using base::Result;

TEST(ChildTask, BringsTheTextBack) {
  const pid_t here = ::getpid();
  const auto answer = RunInChild("task", [here]() -> Result<std::string> {
    return ::getpid() == here ? "same process" : std::string(100000, 'x') + '\0' + "y";
  });
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->size(), 100002U);
  EXPECT_EQ(answer->back(), 'y');
}

TEST(ChildTask, BringsTheErrorBackWithItsKind) {
  const auto answer = RunInChild("task", []() -> Result<std::string> {
    return base::Fail(ErrorKind::kUnsupported, "no such thing");
  });
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::kUnsupported);
  EXPECT_EQ(answer.error().text(), "no such thing");
}

TEST(ChildTask, AChildThatDiesIsAnErrorThatNamesTheSignal) {
  const auto answer = RunInChild("compile m", []() -> Result<std::string> {
    ::raise(SIGKILL);
    return "";
  });
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().text(), "compile m: the process was ended by SIGKILL");
  const auto silent = RunInChild("compile m", []() -> Result<std::string> { ::_exit(3); });
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().text(), "compile m: the process ended with status 3 and no answer");
}

}  // namespace
}  // namespace mayfly::engine
