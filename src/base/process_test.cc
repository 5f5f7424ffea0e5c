#include "base/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace mayfly::base {
namespace {

Child MustSpawn(const std::function<int()>& body) {
  auto child = Spawn(0, -1, body);
  EXPECT_TRUE(child) << child.error().text();
  return std::move(*child);
}
int Sleep() {
  ::sleep(60);
  return 0;
}

TEST(ProcessTest, AChildsReturnValueIsItsStatus) {
  const Child child = MustSpawn([] { return 42; });
  EXPECT_GT(child.pid, 0);
  EXPECT_TRUE(child.pidfd.valid());
  EXPECT_NE(::fcntl(child.pidfd.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(WaitForExit(child.pid).value_or(-1), 42);
}

TEST(ProcessTest, TheChildWorksOnACopy) {
  int value = 1;
  const Child child = MustSpawn([&value] {
    value = 2;
    return value;
  });
  EXPECT_EQ(WaitForExit(child.pid).value_or(-1), 2);
  EXPECT_EQ(value, 1);
}

TEST(ProcessTest, SignalsAreStatusesAbove128) {
  const Child child = MustSpawn(Sleep);
  EXPECT_FALSE(WaitPidfd(child.pidfd.get(), 0).value_or(true));
  ASSERT_TRUE(SendSignal(child.pidfd.get(), SIGKILL));
  EXPECT_TRUE(WaitPidfd(child.pidfd.get(), -1).value_or(false));
  EXPECT_EQ(WaitForExit(child.pid).value_or(-1), 128 + SIGKILL);
}

TEST(ProcessTest, AProcessThatIsGoneIsNotFound) {
  const Child child = MustSpawn([] { return 0; });
  ASSERT_TRUE(WaitForExit(child.pid));
  const auto sent = SendSignal(child.pidfd.get(), SIGTERM);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind(), ErrorKind::kNotFound);
  EXPECT_EQ(sent.error().text(), "send SIGTERM: No such process");
  EXPECT_FALSE(OpenPidfd(child.pid));
  EXPECT_FALSE(WaitForExit(child.pid));
}

TEST(ProcessTest, BadNamespaceFlagsAreAnError) {
  const auto child = Spawn(CLONE_NEWNS | CLONE_FS, -1, [] { return 0; });
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().sys_errno(), EINVAL);
}

TEST(ProcessTest, LooksUpByPidAndStartTime) {
  const Child child = MustSpawn(Sleep);
  const auto start = ProcessStartTime(child.pid);
  ASSERT_TRUE(start);
  EXPECT_GT(*start, 0U);
  EXPECT_EQ(LookUpProcess(child.pid, *start), ProcessState::kAlive);
  // The same number, another process.
  EXPECT_EQ(LookUpProcess(child.pid, *start + 1), ProcessState::kGone);
  ASSERT_TRUE(SendSignal(child.pidfd.get(), SIGKILL));
  ASSERT_TRUE(WaitPidfd(child.pidfd.get(), -1));
  EXPECT_EQ(LookUpProcess(child.pid, *start), ProcessState::kZombie);
  ASSERT_TRUE(WaitForExit(child.pid));
  EXPECT_EQ(LookUpProcess(child.pid, *start), ProcessState::kGone);
  EXPECT_EQ(LookUpProcess(0, 0), ProcessState::kGone);
  EXPECT_EQ(LookUpProcess(-1, 0), ProcessState::kGone);
}

// The name stands unquoted in /proc/PID/stat.
TEST(ProcessTest, ANameWithBracketsAndSpacesDoesNotConfuse) {
  int ready[2];
  ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
  const Child child = MustSpawn([&] {
    ::prctl(PR_SET_NAME, ") Z 1 (x");
    return ::write(ready[1], "x", 1) == 1 ? Sleep() : 1;
  });
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ::close(ready[0]);
  ::close(ready[1]);
  const auto start = ProcessStartTime(child.pid);
  ASSERT_TRUE(start);
  EXPECT_EQ(LookUpProcess(child.pid, *start), ProcessState::kAlive);
  const auto own = ProcessStartTime(::getpid());
  ASSERT_TRUE(own);
  EXPECT_GE(*start, *own);
  ASSERT_TRUE(SendSignal(child.pidfd.get(), SIGKILL));
  EXPECT_TRUE(WaitForExit(child.pid));
}

TEST(SignalTest, NamesAndNumbers) {
  for (const char* text : {"SIGTERM", "TERM", "term", "sigterm", "15"}) {
    EXPECT_EQ(ParseSignal(text).value_or(-1), SIGTERM) << text;
  }
  EXPECT_EQ(ParseSignal("0").value_or(-1), 0);
  EXPECT_EQ(ParseSignal("KILL").value_or(-1), SIGKILL);
  EXPECT_EQ(ParseSignal(std::to_string(SIGRTMAX)).value_or(-1), SIGRTMAX);
  EXPECT_EQ(SignalName(SIGKILL), "SIGKILL");
  EXPECT_EQ(SignalName(SIGTERM), "SIGTERM");
}

TEST(SignalTest, EveryNameReadsBack) {
  for (int signal = 1; signal < 32; ++signal) {
    EXPECT_EQ(ParseSignal(SignalName(signal)).value_or(-1), signal) << SignalName(signal);
  }
}

TEST(SignalTest, RealTimeSignalsGoByTheirDistance) {
  EXPECT_EQ(ParseSignal("SIGRTMIN").value_or(-1), SIGRTMIN);
  EXPECT_EQ(ParseSignal("rtmin+3").value_or(-1), SIGRTMIN + 3);
  EXPECT_EQ(ParseSignal("SIGRTMAX-2").value_or(-1), SIGRTMAX - 2);
  EXPECT_EQ(ParseSignal("RTMAX").value_or(-1), SIGRTMAX);
  for (const char* text : {"RTMIN+", "RTMIN-1", "RTMAX+1", "RTMIN+99", "RTMIN+-1", "RTMINX"}) {
    EXPECT_FALSE(ParseSignal(text)) << text;
  }
}

TEST(SignalTest, WhatIsNoSignal) {
  for (const char* text :
       {"", "SIG", "SIGNONE", "-1", "65", "9x", "99999999999", " 9", "SIGSIGTERM"}) {
    const auto signal = ParseSignal(text);
    ASSERT_FALSE(signal) << text;
    EXPECT_EQ(signal.error().kind(), ErrorKind::kInvalid);
    EXPECT_EQ(signal.error().text(), std::string("unknown signal \"") + text + "\"");
  }
}

}  // namespace
}  // namespace mayfly::base
