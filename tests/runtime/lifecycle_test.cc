// create, start, state, kill, delete, run: the verbs and the states between them.
#include <signal.h>
#include <sys/wait.h>

#include "fixture.h"
#include "terminal.h"

namespace mayfly::test {

namespace fs = std::filesystem;

using LifecycleTest = RuntimeTest;

TEST_F(LifecycleTest, CreateStartKillDelete) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  Process container = Create(bundle, id);
  EXPECT_EQ(State(id)["status"], "created");
  EXPECT_EQ(container.Stdout(), "") << "the program ran before start";

  EXPECT_EQ(Runtime({"start", id}).exit_code, 0);
  EXPECT_TRUE(container.WaitForOutput("ready"));
  EXPECT_EQ(State(id)["status"], "running");

  EXPECT_EQ(Runtime({"kill", id, "KILL"}).exit_code, 0);
  EXPECT_TRUE(WaitForStatus(id, "stopped"));
  EXPECT_EQ(Runtime({"delete", id}).exit_code, 0);
  ExpectError(Runtime({"state", id}), "does not exist");
}

// Docker and faasd wire the network between create and start, in the namespaces of the pid they are
// told.
TEST_F(LifecycleTest, CreatedContainerHasARealPausedInit) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const std::string pid_file = directory() / "pid";
  const Process container = Create(bundle, id, {"--pid-file", pid_file});
  const pid_t pid = PidOf(id);
  ASSERT_GT(pid, 1);
  EXPECT_EQ(ReadFile(pid_file), std::to_string(pid));
  EXPECT_TRUE(IsAlive(pid));
  for (const char* name : {"pid", "net", "ipc", "uts", "mnt"}) {
    EXPECT_NE(NamespaceOf(pid, name), NamespaceOf(::getpid(), name)) << name;
  }
  EXPECT_EQ(Runtime({"start", id}).exit_code, 0);
  EXPECT_TRUE(container.WaitForOutput("ready"));
  EXPECT_EQ(PidOf(id), pid) << "start changed the pid";
}

TEST_F(LifecycleTest, APidfdOfTheInitGoesToTheSocket) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc has --pidfd-socket from 1.2 on";
  }
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const ConsoleSocket socket(directory() / "pidfd.sock");
  const Process container = Create(bundle, id, {"--pidfd-socket", socket.path()});
  const Master pidfd = socket.Receive();
  ASSERT_TRUE(pidfd.valid());
  const std::string about = ReadFile("/proc/self/fdinfo/" + std::to_string(pidfd.fd()));
  EXPECT_NE(about.find("Pid:\t" + std::to_string(PidOf(id)) + "\n"), std::string::npos) << about;
}

TEST_F(LifecycleTest, StartTwiceIsAnError) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  ExpectError(Runtime({"start", id}));
  EXPECT_EQ(State(id)["status"], "running");
}

TEST_F(LifecycleTest, StartOfAStoppedContainerIsAnError) {
  Bundle bundle = MakeBundle();
  const std::string id = NewId();
  const Process container = Launch(bundle, id, "");
  EXPECT_TRUE(WaitForStatus(id, "stopped"));
  ExpectError(Runtime({"start", id}));
}

TEST_F(LifecycleTest, VerbsOnAnUnknownContainerAreErrors) {
  for (const std::string verb : {"start", "state", "kill", "delete"}) {
    SCOPED_TRACE(verb);
    ExpectError(Runtime({verb, "nobody"}), "does not exist");
  }
}

// Callers clean up with it without knowing how far create got.
TEST_F(LifecycleTest, DeleteForceOfAnUnknownContainerSucceeds) {
  EXPECT_EQ(Runtime({"delete", "--force", "nobody"}).exit_code, 0);
}

TEST_F(LifecycleTest, DeleteOfARunningContainerIsAnErrorWithoutForce) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  ExpectError(Runtime({"delete", id}), id);
  EXPECT_EQ(State(id)["status"], "running");
  EXPECT_EQ(Runtime({"delete", "--force", id}).exit_code, 0);
  ExpectError(Runtime({"state", id}), "does not exist");
}

TEST_F(LifecycleTest, DeleteForceOfACreatedContainer) {
  const Bundle bundle = MakeBundle();
  const std::string id = NewId();
  const Process container = Create(bundle, id);
  EXPECT_EQ(Runtime({"delete", "--force", id}).exit_code, 0);
  ExpectError(Runtime({"state", id}), "does not exist");
}

// The shim of containerd recognises this error by its text and takes the container as ended.
TEST_F(LifecycleTest, KillOfAStoppedContainerIsAnError) {
  Bundle bundle = MakeBundle();
  const std::string id = NewId();
  const Process container = Launch(bundle, id, "");
  EXPECT_TRUE(WaitForStatus(id, "stopped"));
  ExpectError(Runtime({"kill", id, "TERM"}), "container not running");
}

TEST_F(LifecycleTest, KillOfACreatedContainerEndsIt) {
  const Bundle bundle = MakeBundle();
  const std::string id = NewId();
  const Process container = Create(bundle, id);
  EXPECT_EQ(Runtime({"kill", id, "KILL"}).exit_code, 0);
  EXPECT_TRUE(WaitForStatus(id, "stopped"));
  EXPECT_EQ(Runtime({"delete", id}).exit_code, 0);
}

TEST_F(LifecycleTest, KillTakesNamesAndNumbers) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"catch"});
  for (const auto& [name, number] : std::map<std::string, int>{{"", SIGTERM},
                                                               {"TERM", SIGTERM},
                                                               {"SIGHUP", SIGHUP},
                                                               {"usr1", SIGUSR1},
                                                               {"2", SIGINT}}) {
    SCOPED_TRACE(name);
    const std::string id = NewId();
    const Process container = Launch(bundle, id);
    EXPECT_EQ(Runtime(name.empty() ? std::vector<std::string>{"kill", id}
                                   : std::vector<std::string>{"kill", id, name})
                  .exit_code,
              0);
    EXPECT_TRUE(container.WaitForOutput("caught " + std::to_string(number) + "\n"))
        << container.Stdout();
    EXPECT_TRUE(WaitForStatus(id, "stopped"));
    EXPECT_EQ(Runtime({"delete", id}).exit_code, 0);
  }
}

TEST_F(LifecycleTest, KillWithAnUnknownSignalIsAnError) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  for (const std::string signal : {"SIGNOTHING", "999"}) {
    SCOPED_TRACE(signal);
    EXPECT_EQ(Runtime({"kill", id, signal}).exit_code, 1);
  }
  EXPECT_EQ(State(id)["status"], "running");
}

TEST_F(LifecycleTest, KillAllReachesEveryProcess) {
  Bundle bundle = MakeBundle();
  bundle.DropNamespace("pid");
  bundle.Probe({"fork", "3"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id, "forked 3");
  EXPECT_EQ(ProcessesInCgroups(id).size(), 4U);
  EXPECT_EQ(Runtime({"kill", "--all", id, "KILL"}).exit_code, 0);
  EXPECT_TRUE(WaitUntil([&] { return ProcessesInCgroups(id).empty(); }));
  EXPECT_TRUE(WaitForStatus(id, "stopped"));
  EXPECT_EQ(Runtime({"delete", id}).exit_code, 0);
}

// Without a pid namespace the kernel does not end the children with the init: delete has to.
TEST_F(LifecycleTest, DeleteEndsWhatTheInitLeftRunning) {
  Bundle bundle = MakeBundle();
  bundle.DropNamespace("pid");
  bundle.Probe({"fork", "2", "leave"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id, "forked 2");
  EXPECT_TRUE(WaitForStatus(id, "stopped"));
  EXPECT_EQ(ProcessesInCgroups(id).size(), 2U);
  const Output deleted = Runtime({"delete", id});
  EXPECT_EQ(deleted.exit_code, 0) << deleted.err;
  EXPECT_TRUE(WaitUntil([&] { return ProcessesInCgroups(id).empty(); }));
}

// An init that nobody has reaped is stopped all the same (the caller reaps it when it likes).
TEST_F(LifecycleTest, AnUnreapedInitIsStopped) {
  Bundle bundle = MakeBundle();
  const std::string id = NewId();
  const Process container = Create(bundle, id);
  const pid_t pid = PidOf(id);
  EXPECT_EQ(Runtime({"start", id}).exit_code, 0);
  EXPECT_TRUE(WaitForStatus(id, "stopped"));
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, WNOHANG), pid) << "the init is not this process's to reap";
  EXPECT_EQ(State(id)["status"], "stopped");
  EXPECT_EQ(Runtime({"delete", id}).exit_code, 0);
}

TEST_F(LifecycleTest, ForcedDeleteWithAnUnreapedInit) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"stubborn"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  EXPECT_EQ(Runtime({"delete", "-f", id}).exit_code, 0);
  EXPECT_FALSE(fs::exists(state_root() / id));
}

TEST_F(LifecycleTest, RunDetachWritesThePidAndLeavesTheContainer) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const std::string pid_file = directory() / "pid";
  Process run =
      Spawn({"run", "--detach", "--bundle", bundle.directory(), "--pid-file", pid_file, id});
  EXPECT_EQ(run.Wait(), 0) << run.Stderr();
  EXPECT_TRUE(run.WaitForOutput("ready"));
  EXPECT_EQ(State(id)["status"], "running");
  EXPECT_EQ(ReadFile(pid_file), std::to_string(PidOf(id)));
  Stop(id);
}

TEST_F(LifecycleTest, RunRemovesTheContainerUnlessKept) {
  const Bundle bundle = MakeBundle();
  const std::string gone = NewId();
  EXPECT_EQ(Runtime({"run", "--bundle", bundle.directory(), gone}).exit_code, 0);
  ExpectError(Runtime({"state", gone}), "does not exist");
  const std::string kept = NewId();
  EXPECT_EQ(Runtime({"run", "--keep", "--bundle", bundle.directory(), kept}).exit_code, 0);
  EXPECT_EQ(State(kept)["status"], "stopped");
  EXPECT_EQ(Runtime({"delete", kept}).exit_code, 0);
}

TEST_F(LifecycleTest, RunForwardsSignals) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"catch"});
  Process run = Spawn({"run", "--bundle", bundle.directory(), NewId()});
  ASSERT_TRUE(run.WaitForOutput("ready"));
  run.Kill(SIGTERM);
  EXPECT_EQ(run.Wait(), SIGTERM);
  EXPECT_NE(run.Stdout().find("caught 15"), std::string::npos);
}

TEST_F(LifecycleTest, TheBundleIsTheWorkingDirectoryByDefault) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"exit", "3"});
  CommandOptions options;
  options.directory = bundle.directory();
  EXPECT_EQ(Runtime({"run", NewId()}, options).exit_code, 3);
}

TEST_F(LifecycleTest, TwoContainersAtOnce) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string first = NewId();
  const std::string second = NewId();
  const Process one = Launch(bundle, first);
  const Process two = Launch(bundle, second);
  EXPECT_NE(PidOf(first), PidOf(second));
  Stop(first);
  EXPECT_EQ(State(second)["status"], "running");
  Stop(second);
}

TEST_F(LifecycleTest, AnIdInUseIsRefusedAndFreeAgainAfterDelete) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  const pid_t pid = PidOf(id);
  ExpectError(Runtime({"create", "--bundle", bundle.directory(), id}), "exists");
  ExpectError(Runtime({"run", "--bundle", bundle.directory(), id}), "exists");
  EXPECT_EQ(PidOf(id), pid) << "the refused command touched the container";
  EXPECT_EQ(CgroupOf(pid, "pids").find(id) != std::string::npos, true);
  Stop(id);
  const Process again = Launch(bundle, id);
  EXPECT_EQ(State(id)["status"], "running");
}

TEST_F(LifecycleTest, StoppedContainersKeepTheirId) {
  Bundle bundle = MakeBundle();
  const std::string id = NewId();
  const Process container = Launch(bundle, id, "");
  EXPECT_TRUE(WaitForStatus(id, "stopped"));
  ExpectError(Runtime({"create", "--bundle", bundle.directory(), id}), "exists");
}

TEST_F(LifecycleTest, BadIdsAreRefused) {
  const Bundle bundle = MakeBundle();
  for (const std::string id : {"a/b", "../escape", "..", ".", "/abs", "with space", ""}) {
    SCOPED_TRACE(id);
    const Output output = Runtime({"create", "--bundle", bundle.directory(), id});
    EXPECT_NE(output.exit_code, 0);
    EXPECT_FALSE(output.err.empty());
  }
  EXPECT_FALSE(fs::exists(directory() / "escape"));
  EXPECT_FALSE(fs::exists("/abs"));
}

}  // namespace mayfly::test
