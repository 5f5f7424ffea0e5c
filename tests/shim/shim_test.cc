// What containerd asks of a shim beyond `ctr run`: added processes, pause, events, and faults.
#include <signal.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/unique_fd.h"
#include "containerd/ctr.h"
#include "runtime/host.h"

namespace mayfly::test {

namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string RunDirectory() {
  const char* run = std::getenv("MAYFLY_RUN");
  return run == nullptr ? "/run/mayfly-dev" : run;
}

}  // namespace

class ShimTest : public CtrTest {
 protected:
  Output Exec(const std::string& id, const std::vector<std::string>& args) {
    std::vector<std::string> line = {"task", "exec", "--exec-id", "e" + std::to_string(++execs_),
                                     id};
    line.insert(line.end(), args.begin(), args.end());
    return Ctr(line);
  }

  pid_t PidOf(const std::string& id) const {
    std::istringstream lines(Ctr({"task", "ls"}).out);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream fields(line);
      std::string task;
      pid_t pid = 0;
      fields >> task >> pid;
      if (task == id) {
        return pid;
      }
    }
    return 0;
  }

  static pid_t ParentOf(pid_t pid) {
    std::istringstream lines(ReadFile("/proc/" + std::to_string(pid) + "/status"));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("PPid:")) {
        return std::stoi(line.substr(5));
      }
    }
    return 0;
  }

  std::filesystem::path BundleOf(const std::string& id) const {
    return RunDirectory() + "/containerd/state/io.containerd.runtime.v2.task/" + name_space + "/" +
           id;
  }

 private:
  int execs_ = 0;
};

TEST_P(ShimTest, ExecRunsBesideTheInit) {
  const std::string id = Launch({"/probe", "sleep"});
  const Output said = Exec(id, {"/probe", "say", "out", "err"});
  EXPECT_EQ(said.exit_code, 0) << said.err;
  EXPECT_EQ(said.out, "out\n");
  EXPECT_EQ(said.err, "err\n");
  EXPECT_EQ(Exec(id, {"/probe", "exit", "9"}).exit_code, 9);
  EXPECT_EQ(Exec(id, {"/probe", "output", "5000000"}).out.size(), 5'000'000U);
  const Output missing = Exec(id, {"/no/such"});
  EXPECT_NE(missing.exit_code, 0);
  EXPECT_NE(missing.err.find("/no/such"), std::string::npos) << missing.err;
  EXPECT_EQ(Status(id), "RUNNING");
}

TEST_P(ShimTest, AnExecEndsThoughItsChildrenHoldItsOutput) {
  const std::string id = Launch({"/probe", "sleep"});
  const auto start = Clock::now();
  const Output left = Exec(id, {"/probe", "fork", "2", "leave"});
  EXPECT_EQ(left.exit_code, 0) << left.err;
  EXPECT_LT(SecondsSince(start), 1.5) << "runc's shim waits two seconds here";
}

TEST_P(ShimTest, PauseAndResume) {
  const std::string id = Launch({"/probe", "sleep"});
  EXPECT_EQ(Ctr({"task", "pause", id}).exit_code, 0);
  EXPECT_EQ(Status(id), "PAUSED");
  EXPECT_EQ(Ctr({"task", "resume", id}).exit_code, 0);
  EXPECT_EQ(Status(id), "RUNNING");
}

TEST_P(ShimTest, EventsComeInOrder) {
  const std::string id = NewId();
  Process events({"ctr", "--address", RunDirectory() + "/containerd/containerd.sock", "--namespace",
                  name_space, "events"},
                 {});
  PauseMilliseconds(300);
  const Output ran = Ctr(RunLine(id, {"--rm", "--rootfs"}, {rootfs(), "/probe", "exit", "3"}));
  EXPECT_EQ(ran.exit_code, 3) << ran.err;
  EXPECT_TRUE(events.WaitForOutput("/tasks/delete")) << events.Stdout();
  const std::string text = events.Stdout();
  events.Kill(SIGKILL);
  size_t at = 0;
  for (const char* topic : {"/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete"}) {
    const size_t found = text.find(topic, at);
    ASSERT_NE(found, std::string::npos) << topic << " is missing or too early in\n" << text;
    at = found;
  }
}

// CVE-2019-5736: who follows /proc/PID/exe from a container comes to a mount that cannot be written
// to.
TEST_P(ShimTest, ItsFileCannotBeWrittenToByWayOfItsProcesses) {
  const std::string id = Launch({"/probe", "sleep"});
  struct statvfs info{};
  const std::string shim = "/proc/" + std::to_string(ParentOf(PidOf(id))) + "/exe";
  ASSERT_EQ(::statvfs(shim.c_str(), &info), 0);
  EXPECT_NE(info.f_flag & ST_RDONLY, 0U);
}

TEST_P(ShimTest, AKilledShimLeavesNothing) {
  const std::string id = Launch({"/probe", "sleep"});
  const pid_t init = PidOf(id);
  const pid_t shim = ParentOf(init);
  ASSERT_GT(shim, 1);
  ASSERT_TRUE(KillOne(shim));
  EXPECT_TRUE(WaitUntil([&] { return !IsAlive(init); }));
  EXPECT_TRUE(WaitUntil([&] { return Status(id) != "RUNNING"; })) << Status(id);
  EXPECT_TRUE(WaitUntil([&] { return CgroupsNamed(id).empty(); }));
  EXPECT_TRUE(WaitUntil([&] { return !std::filesystem::exists(BundleOf(id)); }));
}

TEST_P(ShimTest, AKilledInitIsToldAsSuch) {
  const std::string id = Launch({"/probe", "sleep"});
  ASSERT_TRUE(KillOne(PidOf(id)));
  EXPECT_TRUE(WaitUntil([&] { return Status(id) == "STOPPED"; })) << Status(id);
  const Output removed = Ctr({"task", "rm", id});
  EXPECT_NE(removed.err.find("exit code 137"), std::string::npos) << removed.err;
}

TEST_P(ShimTest, AGuestThatIgnoresTermIsKilled) {
  const std::string id = Launch({"/probe", "stubborn"});
  EXPECT_EQ(Ctr({"task", "kill", "--signal", "SIGTERM", id}).exit_code, 0);
  PauseMilliseconds(200);
  EXPECT_EQ(Status(id), "RUNNING");
  EXPECT_EQ(Ctr({"task", "kill", "--signal", "SIGKILL", id}).exit_code, 0);
  EXPECT_TRUE(WaitUntil([&] { return Status(id) == "STOPPED"; }));
}

TEST_P(ShimTest, GarbageOnTheSocketHarmsNobody) {
  const std::string id = Launch({"/probe", "sleep"});
  const std::string address = ReadFile(BundleOf(id) / "address");
  ASSERT_TRUE(address.starts_with("unix://")) << address;
  const std::string path = address.substr(7);
  std::string garbage;
  for (uint32_t i = 0; i < 1'000'000; ++i) {
    garbage.push_back(static_cast<char>((i * 7919) >> 3));
  }
  for (int round = 0; round < 20; ++round) {
    const base::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, path.data(), std::min(path.size(), sizeof to.sun_path - 1));
    ASSERT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    ::send(socket.get(), garbage.data() + round, garbage.size() - static_cast<size_t>(round),
           MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  EXPECT_EQ(Status(id), "RUNNING");
  EXPECT_EQ(Exec(id, {"/probe", "exit", "4"}).exit_code, 4);
}

INSTANTIATE_TEST_SUITE_P(Shim, ShimTest, testing::Values(Shim::kMayfly),
                         [](const testing::TestParamInfo<Shim>&) { return "Mayfly"; });

}  // namespace mayfly::test
