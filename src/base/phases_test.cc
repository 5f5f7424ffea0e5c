#include "base/phases.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "base/file.h"
#include "base/temp_dir.h"

namespace mayfly::base {
namespace {

class PhasesTest : public ::testing::Test {
 protected:
  std::string Content() { return ReadFile(path_).value_or("unreadable"); }

  TempDir dir_;
  const std::string path_ = dir_.At("phases");
};

TEST_F(PhasesTest, WithoutAFileItIsOffAndMakesNone) {
  PhaseClock clock = PhaseClock::Open(path_);
  EXPECT_FALSE(clock.on());
  EXPECT_EQ(clock.fd(), -1);
  clock.Mark(Phase::kReady);
  clock.Write("c1", "create");
  Mark(nullptr, Phase::kReady);
  EXPECT_FALSE(PathExists(path_));
  ASSERT_EQ(::unsetenv("MAYFLY_PHASES"), 0);
  EXPECT_FALSE(PhaseClock::FromEnvironment().on());
}

TEST_F(PhasesTest, ALineHasTheMarksInTheirOrder) {
  dir_.Write("phases", "");
  ASSERT_EQ(::setenv("MAYFLY_PHASES", path_.c_str(), 1), 0);
  PhaseClock clock = PhaseClock::FromEnvironment();
  ASSERT_EQ(::unsetenv("MAYFLY_PHASES"), 0);
  ASSERT_TRUE(clock.on());
  clock.Mark(Phase::kReady);
  clock.Mark(Phase::kLoad);
  clock.SetCode("index");
  clock.Write("c1", "create");
  const std::string line = Content();
  EXPECT_TRUE(line.starts_with("c1 create begin=")) << line;
  EXPECT_LT(line.find(" load="), line.find(" ready=")) << line;
  EXPECT_TRUE(line.ends_with(" code=index\n")) << line;
}

TEST_F(PhasesTest, AWrittenLineIsForgotten) {
  dir_.Write("phases", "");
  PhaseClock clock = PhaseClock::Open(path_);
  clock.Write("c1", "create");
  clock.Mark(Phase::kGuest);
  clock.Write("c1", "init");
  const std::string text = Content();
  const std::string second = text.substr(text.find('\n') + 1);
  EXPECT_TRUE(second.starts_with("c1 init guest=")) << second;
  EXPECT_EQ(second.find("begin="), std::string::npos) << second;
}

TEST_F(PhasesTest, TheDescriptorIsNoGuests) {
  dir_.Write("phases", "");
  const PhaseClock clock = PhaseClock::Open(path_);
  EXPECT_GE(clock.fd(), 256);
  EXPECT_NE(::fcntl(clock.fd(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(::fcntl(clock.fd(), F_GETFL) & O_APPEND, 0);
}

TEST_F(PhasesTest, OnlyARegularFileIsWrittenTo) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_FALSE(PhaseClock::Open(path_).on());  // and does not wait for a reader
  dir_.Write("real", "");
  ASSERT_EQ(::symlink("real", dir_.At("link").c_str()), 0);
  EXPECT_FALSE(PhaseClock::Open(dir_.At("link")).on());
  EXPECT_FALSE(PhaseClock::Open("/dev/null").on());
}

// RLIMIT_FSIZE is the guest's by the time the init writes: SIGXFSZ would end the container.
TEST_F(PhasesTest, AFileSizeLimitLosesTheLineOnly) {
  dir_.Write("phases", "");
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    PhaseClock clock = PhaseClock::Open(path_);
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_FSIZE, &none);
    clock.Write("c1", "init");
    struct sigaction now{};
    ::sigaction(SIGXFSZ, nullptr, &now);
    ::_exit(now.sa_handler == SIG_DFL ? 7 : 8);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_EQ(Content(), "");
}

// What a measured container pays; loose, because a test machine is shared.
TEST_F(PhasesTest, ALineCostsMicroseconds) {
  dir_.Write("phases", "");
  PhaseClock clock = PhaseClock::Open(path_);
  constexpr int kLines = 200;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kLines; ++i) {
    for (size_t phase = 0; phase < kPhases; ++phase) {
      clock.Mark(static_cast<Phase>(phase));
    }
    clock.Write("c1", "init");
  }
  const std::chrono::duration<double, std::micro> each =
      (std::chrono::steady_clock::now() - begin) / kLines;
  RecordProperty("us_per_line", std::to_string(each.count()));
  EXPECT_LT(each.count(), 1000);
}

}  // namespace
}  // namespace mayfly::base
