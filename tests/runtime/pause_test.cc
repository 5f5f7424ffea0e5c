// pause, resume, ps, and what the other verbs do with a paused container.
#include <signal.h>

#include "fixture.h"

namespace mayfly::test {

class PauseTest : public RuntimeTest {
 protected:
  std::string Started(Bundle& bundle, const std::vector<std::string>& probe = {"sleep"}) {
    bundle.Probe(probe);
    std::string id = NewId();
    processes_.push_back(Launch(bundle, id, probe[0] == "fork" ? "forked" : "ready"));
    return id;
  }
  const Process& process() const { return processes_.back(); }

 private:
  std::vector<Process> processes_;
};

TEST_F(PauseTest, APausedContainerDoesNothingUntilItIsResumed) {
  Bundle bundle = MakeBundle();
  const std::string id = Started(bundle, {"catch"});
  EXPECT_EQ(Runtime({"pause", id}).exit_code, 0);
  EXPECT_EQ(State(id)["status"], "paused");
  EXPECT_GT(PidOf(id), 0);
  EXPECT_EQ(Runtime({"kill", id, "USR1"}).exit_code, 0);
  PauseMilliseconds(100);
  EXPECT_EQ(process().Stdout(), "ready\n");
  EXPECT_EQ(State(id)["status"], "paused");
  EXPECT_EQ(Runtime({"resume", id}).exit_code, 0);
  EXPECT_TRUE(process().WaitForOutput("caught 10"));
  EXPECT_TRUE(WaitForStatus(id, "stopped"));
}

TEST_F(PauseTest, OnlyWhatRunsIsPausedAndOnlyWhatIsPausedResumed) {
  Bundle bundle = MakeBundle();
  const std::string id = Started(bundle);
  ExpectError(Runtime({"resume", id}), "not paused");
  EXPECT_EQ(Runtime({"pause", id}).exit_code, 0);
  ExpectError(Runtime({"pause", id}));
  EXPECT_EQ(Runtime({"resume", id}).exit_code, 0);
  EXPECT_EQ(State(id)["status"], "running");
  EXPECT_EQ(Runtime({"kill", id, "KILL"}).exit_code, 0);
  EXPECT_TRUE(WaitForStatus(id, "stopped"));
  ExpectError(Runtime({"pause", id}), "container not running");
  ExpectError(Runtime({"resume", id}), "not paused");
  ExpectError(Runtime({"pause", "nobody"}), "does not exist");
}

TEST_F(PauseTest, SigkillEndsAPausedContainer) {
  Bundle bundle = MakeBundle();
  for (const std::vector<std::string>& flags : {std::vector<std::string>{}, {"--all"}}) {
    const std::string id = Started(bundle);
    EXPECT_EQ(Runtime({"pause", id}).exit_code, 0);
    std::vector<std::string> line = {"kill"};
    line.insert(line.end(), flags.begin(), flags.end());
    line.insert(line.end(), {id, "KILL"});
    EXPECT_EQ(Runtime(line).exit_code, 0);
    EXPECT_TRUE(WaitForStatus(id, "stopped"));
    EXPECT_EQ(Runtime({"delete", id}).exit_code, 0);
  }
}

TEST_F(PauseTest, DeleteForceOfAPausedContainer) {
  Bundle bundle = MakeBundle();
  const std::string id = Started(bundle);
  EXPECT_EQ(Runtime({"pause", id}).exit_code, 0);
  ExpectError(Runtime({"delete", id}), id);
  EXPECT_EQ(Runtime({"delete", "--force", id}).exit_code, 0);
  ExpectError(Runtime({"state", id}), "does not exist");
}

TEST_F(PauseTest, APausedContainerIsCreatedAgainAfterResume) {
  const Bundle bundle = MakeBundle();
  const std::string id = NewId();
  const Process container = Create(bundle, id);
  EXPECT_EQ(Runtime({"pause", id}).exit_code, 0);
  EXPECT_EQ(State(id)["status"], "paused");
  EXPECT_EQ(Runtime({"resume", id}).exit_code, 0);
  EXPECT_EQ(State(id)["status"], "created");
  EXPECT_EQ(Runtime({"start", id}).exit_code, 0);
  EXPECT_TRUE(WaitForStatus(id, "stopped"));
}

TEST_F(PauseTest, PsListsEveryProcess) {
  Bundle bundle = MakeBundle();
  const std::string id = Started(bundle, {"fork", "3"});
  const Output json = Runtime({"ps", "--format", "json", id});
  EXPECT_EQ(json.exit_code, 0) << json.err;
  std::vector<pid_t> pids = nlohmann::json::parse(json.out).get<std::vector<pid_t>>();
  std::vector<pid_t> expected = ProcessesInCgroups(id);
  std::sort(expected.begin(), expected.end());
  std::sort(pids.begin(), pids.end());
  EXPECT_EQ(pids, expected);
  EXPECT_EQ(pids.size(), 4U);

  const Output table = Runtime({"ps", id});
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_TRUE(table.out.starts_with("UID")) << table.out;
  EXPECT_EQ(std::count(table.out.begin(), table.out.end(), '\n'), 5) << table.out;

  const Output chosen = Runtime({"ps", id, "-e", "-o", "pid,comm"});
  EXPECT_EQ(chosen.exit_code, 0) << chosen.err;
  EXPECT_NE(chosen.out.find("probe"), std::string::npos) << chosen.out;
  ExpectError(Runtime({"ps", id, "-e", "-o", "comm"}), "PID");
}

TEST_F(PauseTest, PsOfAStoppedContainerIsEmpty) {
  const Bundle bundle = MakeBundle();
  const std::string id = NewId();
  const Process container = Launch(bundle, id, "");
  EXPECT_TRUE(WaitForStatus(id, "stopped"));
  const Output json = Runtime({"ps", "-f", "json", id});
  if (!IsRunc()) {
    EXPECT_EQ(json.exit_code, 0) << json.err;
    EXPECT_EQ(json.out, "[]\n");
  }
}

TEST_F(PauseTest, KillTakesRealTimeSignals) {
  Bundle bundle = MakeBundle();
  const std::string id = Started(bundle);
  EXPECT_EQ(Runtime({"kill", id, "RTMIN+3"}).exit_code, 0);
  EXPECT_EQ(Runtime({"kill", id, "SIGRTMAX"}).exit_code, 0);
  ExpectError(Runtime({"kill", id, "RTMIN+99"}));
}

}  // namespace mayfly::test
