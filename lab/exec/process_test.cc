#include "lab/exec/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <array>

namespace mayfly::lab {
namespace {

Command Shell(std::string script) { return {.argv = {"sh", "-c", std::move(script)}, .env = {}}; }

TEST(ProcessRunner, TakesOutputExitCodeAndTime) {
  ProcessRunner runner;
  const auto outcome = runner.Run(Shell("printf abc; echo oops >&2; sleep 0.05; exit 7"), 10'000);
  ASSERT_TRUE(outcome) << outcome.error().text();
  EXPECT_EQ(outcome->exit_code, 7);
  EXPECT_EQ(outcome->stdout_bytes, 3U);
  EXPECT_EQ(outcome->stdout_head, "abc");
  EXPECT_EQ(outcome->stdout_sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(outcome->stderr_tail, "oops\n");
  EXPECT_EQ(outcome->end, ProcessEnd::kExited);
  EXPECT_GE(outcome->total_ns, 50'000'000);
  EXPECT_LT(outcome->total_ns, 5'000'000'000);
  EXPECT_GT(outcome->max_rss_kib, 0);
  EXPECT_GT(outcome->start_unix_ns, 1'500'000'000'000'000'000);
}

TEST(ProcessRunner, CountsAndDigestsMoreThanItsBuffer) {
  ProcessRunner runner;
  const auto outcome = runner.Run(Shell("head -c 20000000 /dev/zero"), 30'000);
  ASSERT_TRUE(outcome) << outcome.error().text();
  EXPECT_EQ(outcome->stdout_bytes, 20'000'000U);
  EXPECT_EQ(outcome->stdout_sha256, Sha256Of(std::string().append(20'000'000, '\0')));
  EXPECT_EQ(outcome->stdout_head.size(), 64U << 10);
}

TEST(ProcessRunner, StartsAnewWithEveryRun) {
  ProcessRunner runner;
  ASSERT_TRUE(runner.Run(Shell("echo first"), 10'000));
  const auto second = runner.Run(Shell("true"), 10'000);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->stdout_bytes, 0U);
  EXPECT_EQ(second->stdout_sha256, Sha256Of(""));
}

TEST(ProcessRunner, KillsTheGroupWhenTimeIsUp) {
  ProcessRunner runner;
  const auto outcome = runner.Run(Shell("echo begun; sleep 60 & sleep 60"), 200);
  ASSERT_TRUE(outcome) << outcome.error().text();
  EXPECT_EQ(outcome->end, ProcessEnd::kTimedOut);
  EXPECT_EQ(outcome->exit_code, 128 + SIGKILL);
  EXPECT_EQ(outcome->stdout_head, "begun\n");
  EXPECT_LT(outcome->total_ns, 5'000'000'000);
  EXPECT_FALSE(outcome->output_left_open);
}

TEST(ProcessRunner, StopsWhenInterrupted) {
  std::array<int, 2> fds{};
  ASSERT_EQ(::pipe(fds.data()), 0);
  const base::UniqueFd read_end(fds[0]);
  const base::UniqueFd write_end(fds[1]);
  ASSERT_EQ(::write(write_end.get(), "x", 1), 1);
  ProcessRunner runner(read_end.get());
  const auto outcome = runner.Run(Shell("sleep 60"), 60'000);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->end, ProcessEnd::kInterrupted);
}

TEST(ProcessRunner, DoesNotWaitForAPipeThatADaemonHolds) {
  ProcessRunner runner;
  const auto outcome = runner.Run(Shell("sleep 3 & echo done"), 10'000);
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->output_left_open);
  EXPECT_EQ(outcome->stdout_head, "done\n");
  EXPECT_LT(outcome->total_ns, 1'000'000'000);
}

TEST(ProcessRunner, AddsToTheEnvironment) {
  ::setenv("LAB_TEST_KEPT", "kept", 1);
  ::setenv("LAB_TEST_CHANGED", "old", 1);
  ProcessRunner runner;
  Command command = Shell("echo $LAB_TEST_KEPT $LAB_TEST_CHANGED");
  command.env = {{"LAB_TEST_CHANGED", "new"}};
  const auto outcome = runner.Run(command, 10'000);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->stdout_head, "kept new\n");
}

TEST(ProcessRunner, NamesAProgramThatIsNotThere) {
  ProcessRunner runner;
  const auto outcome = runner.Run({.argv = {"no-such-program-here"}, .env = {}}, 1000);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().text(), "run no-such-program-here: No such file or directory");
  EXPECT_EQ(outcome.error().kind(), base::ErrorKind::kNotFound);
}

}  // namespace
}  // namespace mayfly::lab
