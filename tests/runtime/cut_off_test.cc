// State directories and commands that were cut off: every later command gives a clear error,
// `delete --force` cleans up, and the id is free again.
#include <signal.h>
#include <unistd.h>

#include <chrono>

#include "fixture.h"

namespace mayfly::test {

namespace fs = std::filesystem;

class CutOffTest : public RuntimeTest {
 protected:
  // A running container whose state directory `damage` spoils; then everything a caller may try.
  template <typename Damage>
  void ExpectRecovery(const Damage& damage, const std::string& cgroups_path = "") {
    Bundle bundle = MakeBundle();
    const std::string id = NewId();
    if (!cgroups_path.empty()) {
      bundle.config["linux"]["cgroupsPath"] = cgroups_path + "/" + id;
    }
    bundle.Probe({"sleep"});
    const Process container = Launch(bundle, id);
    const pid_t pid = PidOf(id);
    damage(state_root() / id);
    for (const std::vector<std::string>& args :
         std::vector<std::vector<std::string>>{{"state", id},
                                               {"start", id},
                                               {"kill", id, "KILL"},
                                               {"delete", id},
                                               {"create", "--bundle", bundle.directory(), id}}) {
      SCOPED_TRACE(args[0]);
      ExpectError(Runtime(args), id);
    }
    const Output listed = Runtime({"list", "-q"});
    EXPECT_EQ(listed.exit_code, 0) << "one damaged entry must not hide the others: " << listed.err;
    const Output deleted = Runtime({"delete", "--force", id});
    EXPECT_EQ(deleted.exit_code, 0) << deleted.err;
    EXPECT_FALSE(fs::exists(state_root() / id));
    EXPECT_TRUE(WaitUntil([&] { return !IsAlive(pid); }, 2)) << "the process is still there";
    EXPECT_EQ(CgroupsNamed(id), std::vector<std::string>());
    if (HasFailure()) {
      return;
    }
    const Process again = Launch(bundle, id);
    Stop(id);
  }

  // Starts a command and kills it with SIGKILL after so many microseconds.
  void Interrupt(const std::vector<std::string>& args, long delay_us) {
    Process command = Spawn(args);
    ::usleep(static_cast<useconds_t>(delay_us));
    command.Kill(SIGKILL);
    command.Wait();
  }
};

TEST_F(CutOffTest, TruncatedState) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc's delete --force fails then";
  }
  for (const double part : {0.0, 0.1, 0.5, 0.9, 0.99}) {
    SCOPED_TRACE(part);
    if (HasFailure()) {
      break;
    }
    ExpectRecovery([part](const fs::path& entry) {
      const fs::path file = entry / "state.json";
      ASSERT_TRUE(fs::exists(file));
      fs::resize_file(file,
                      static_cast<uintmax_t>(part * static_cast<double>(fs::file_size(file))));
    });
  }
}

TEST_F(CutOffTest, TruncatedStateWithACgroupsPath) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc's delete --force fails then";
  }
  const std::string parent = "/" + UniqueName("mft-cut-");
  ExpectRecovery([](const fs::path& entry) { fs::resize_file(entry / "state.json", 20); }, parent);
  for (const std::string& left : CgroupsNamed(parent.substr(1))) {
    EXPECT_EQ(::rmdir(left.c_str()), 0) << left;
  }
}

TEST_F(CutOffTest, OtherJsonInTheState) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc's delete --force fails then";
  }
  for (const std::string text : {"[]", "{}", "null", "{\"pid\": 1}", "{\"id\": 7}"}) {
    SCOPED_TRACE(text);
    if (HasFailure()) {
      break;
    }
    ExpectRecovery([&](const fs::path& entry) { WriteFile(entry / "state.json", text); });
  }
}

TEST_F(CutOffTest, MissingState) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc leaves the process and its cgroup";
  }
  ExpectRecovery([](const fs::path& entry) { fs::remove(entry / "state.json"); });
}

TEST_F(CutOffTest, EmptyDirectory) {
  const std::string id = NewId();
  fs::create_directories(state_root() / id);
  ExpectError(Runtime({"state", id}));
  ExpectError(Runtime({"start", id}));
  ExpectError(Runtime({"kill", id}));
  EXPECT_EQ(Runtime({"delete", "--force", id}).exit_code, 0);
  EXPECT_FALSE(fs::exists(state_root() / id));
  Bundle bundle = MakeBundle();
  bundle.Probe({"exit", "3"});
  EXPECT_EQ(Runtime({"run", "--bundle", bundle.directory(), id}).exit_code, 3);
}

TEST_F(CutOffTest, FilesWithoutMeaningInTheRootAreNoContainers) {
  WriteFile(state_root() / "a file", "x");
  const Output listed = Runtime({"list", "-q"});
  EXPECT_EQ(listed.exit_code, 0) << listed.err;
  EXPECT_EQ(listed.out, "");
  fs::remove(state_root() / "a file");
}

// The bundle may go before the container, when an orchestrator cleans up in another order.
TEST_F(CutOffTest, DeleteWithoutTheBundle) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  fs::remove_all(bundle.directory());
  EXPECT_EQ(Runtime({"delete", "--force", id}).exit_code, 0);
}

TEST_F(CutOffTest, KilledInitLeavesAStoppedContainer) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Create(bundle, id);
  ASSERT_TRUE(KillOne(PidOf(id)));
  EXPECT_TRUE(WaitForStatus(id, "stopped"));
  ExpectError(Runtime({"start", id}));
  EXPECT_EQ(Runtime({"delete", id}).exit_code, 0);
}

// A whole create takes some milliseconds: the moments of death are spread over twice its time.
TEST_F(CutOffTest, CreateKilledAtAnyMoment) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc leaves cgroups behind at some moments";
  }
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const auto begin = std::chrono::steady_clock::now();
  const std::string first = NewId();
  Create(bundle, first);
  const long whole_us = std::chrono::duration_cast<std::chrono::microseconds>(
                            std::chrono::steady_clock::now() - begin)
                            .count();
  EXPECT_EQ(Runtime({"delete", "--force", first}).exit_code, 0);
  constexpr int kRounds = 60;
  for (int round = 0; round < kRounds; ++round) {
    const long delay_us = 2 * whole_us * round / kRounds;
    SCOPED_TRACE(delay_us);
    const std::string id = NewId();
    Interrupt({"create", "--bundle", bundle.directory(), id}, delay_us);
    const Output deleted = Runtime({"delete", "--force", id});
    EXPECT_EQ(deleted.exit_code, 0) << deleted.err;
    EXPECT_FALSE(fs::exists(state_root() / id));
    EXPECT_TRUE(WaitUntil([&] { return ProcessesInCgroups(id).empty(); }, 2));
    EXPECT_EQ(CgroupsNamed(id), std::vector<std::string>());
    EXPECT_EQ(MountsBelow(directory()), std::vector<std::string>());
    if (HasFailure()) {
      break;
    }
  }
}

TEST_F(CutOffTest, RunKilledAtAnyMoment) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc leaves cgroups behind at some moments";
  }
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  for (long delay_us = 0; delay_us < 40000; delay_us += 1500) {
    SCOPED_TRACE(delay_us);
    const std::string id = NewId();
    Interrupt({"run", "--bundle", bundle.directory(), id}, delay_us);
    EXPECT_EQ(Runtime({"delete", "--force", id}).exit_code, 0);
    EXPECT_FALSE(fs::exists(state_root() / id));
    EXPECT_EQ(CgroupsNamed(id), std::vector<std::string>());
    if (HasFailure()) {
      break;
    }
  }
}

TEST_F(CutOffTest, StartKilledAtAnyMoment) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  for (long delay_us = 0; delay_us < 10000; delay_us += 1000) {
    SCOPED_TRACE(delay_us);
    const std::string id = NewId();
    const Process container = Create(bundle, id);
    Interrupt({"start", id}, delay_us);
    const std::string status = State(id).value("status", "none");
    EXPECT_TRUE(status == "created" || status == "running" || status == "stopped") << status;
    EXPECT_EQ(Runtime({"delete", "--force", id}).exit_code, 0);
    EXPECT_FALSE(fs::exists(state_root() / id));
  }
}

TEST_F(CutOffTest, DeleteKilledAtAnyMoment) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  for (long delay_us = 0; delay_us < 16000; delay_us += 1000) {
    SCOPED_TRACE(delay_us);
    const std::string id = NewId();
    const Process container = Launch(bundle, id);
    Interrupt({"delete", "--force", id}, delay_us);
    EXPECT_EQ(Runtime({"delete", "--force", id}).exit_code, 0);
    EXPECT_FALSE(fs::exists(state_root() / id));
    EXPECT_EQ(CgroupsNamed(id), std::vector<std::string>());
  }
}

TEST_F(CutOffTest, OfTwoCreatesWithOneIdOneWins) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  for (int round = 0; round < 5; ++round) {
    const std::string id = NewId();
    Process one = Spawn({"create", "--bundle", bundle.directory(), id});
    Process two = Spawn({"create", "--bundle", bundle.directory(), id});
    const int first = one.Wait();
    const int second = two.Wait();
    EXPECT_EQ(first + second, 1) << one.Stderr() << two.Stderr();
    EXPECT_EQ(State(id).value("status", "none"), "created");
    EXPECT_EQ(Runtime({"delete", "--force", id}).exit_code, 0);
  }
}

TEST_F(CutOffTest, TwoForcedDeletesAtOnceBothSucceed) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  for (int round = 0; round < 5; ++round) {
    const std::string id = NewId();
    const Process container = Launch(bundle, id);
    Process one = Spawn({"delete", "--force", id});
    Process two = Spawn({"delete", "--force", id});
    EXPECT_EQ(one.Wait(), 0) << one.Stderr();
    EXPECT_EQ(two.Wait(), 0) << two.Stderr();
    EXPECT_FALSE(fs::exists(state_root() / id));
  }
}

}  // namespace mayfly::test
