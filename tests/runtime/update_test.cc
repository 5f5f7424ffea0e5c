// update: limits of a container that runs.
#include "fixture.h"

namespace mayfly::test {

namespace fs = std::filesystem;

class UpdateTest : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    if (!IsSkipped() && !CgroupMounts().contains("memory")) {
      GTEST_SKIP() << "these cases read the files of cgroup v1";
    }
  }
  std::string Sleeping() {
    bundle_ = MakeBundle();
    bundle_.Probe({"sleep"});
    std::string id = NewId();
    processes_.push_back(Launch(bundle_, id));
    return id;
  }
  // A file of the container's group in a v1 hierarchy, without its newline.
  std::string Limit(const std::string& id, const std::string& controller,
                    const std::string& file) const {
    const std::string text = ReadFile(fs::path(CgroupOf(PidOf(id), controller)) / file);
    return text.substr(0, text.find('\n'));
  }
  Output Update(const std::string& id, const std::vector<std::string>& flags,
                const std::string& input = "") const {
    std::vector<std::string> line = {"update"};
    line.insert(line.end(), flags.begin(), flags.end());
    line.push_back(id);
    CommandOptions options;
    options.stdin_text = input;
    return Runtime(line, options);
  }

 private:
  Bundle bundle_;
  std::vector<Process> processes_;
};

TEST_F(UpdateTest, SingleOptions) {
  const std::string id = Sleeping();
  const Output output = Update(id, {"--memory", "64M", "--pids-limit", "33", "--cpu-quota", "50000",
                                    "--cpu-period", "100000", "--cpu-share", "512"});
  ASSERT_EQ(output.exit_code, 0) << output.err;
  EXPECT_EQ(Limit(id, "memory", "memory.limit_in_bytes"), "67108864");
  EXPECT_EQ(Limit(id, "pids", "pids.max"), "33");
  EXPECT_EQ(Limit(id, "cpu", "cpu.cfs_quota_us"), "50000");
  EXPECT_EQ(Limit(id, "cpu", "cpu.shares"), "512");
  EXPECT_EQ(State(id)["status"], "running");
}

// What kubelet and Docker send.
TEST_F(UpdateTest, ResourcesFromStandardInputAndFromAFile) {
  const std::string id = Sleeping();
  const std::string json =
      R"({"memory": {"limit": 33554432, "swap": 0}, "cpu": {"shares": 256, "quota": 0, "cpus": ""},
          "pids": {"limit": 0}, "devices": null})";
  Output output = Update(id, {"--resources", "-"}, json);
  ASSERT_EQ(output.exit_code, 0) << output.err;
  EXPECT_EQ(Limit(id, "memory", "memory.limit_in_bytes"), "33554432");
  EXPECT_EQ(Limit(id, "cpu", "cpu.shares"), "256");
  WriteFile(directory() / "resources.json", R"({"memory": {"limit": 67108864}})");
  output = Update(id, {"-r", directory() / "resources.json"});
  ASSERT_EQ(output.exit_code, 0) << output.err;
  EXPECT_EQ(Limit(id, "memory", "memory.limit_in_bytes"), "67108864");
}

TEST_F(UpdateTest, ALaterUpdateKeepsTheEarlierOnes) {
  const std::string id = Sleeping();
  ASSERT_EQ(Update(id, {"--cpu-period", "50000", "--cpu-quota", "25000"}).exit_code, 0);
  ASSERT_EQ(Update(id, {"--cpu-quota", "30000"}).exit_code, 0);
  EXPECT_EQ(Limit(id, "cpu", "cpu.cfs_period_us"), "50000");
  EXPECT_EQ(Limit(id, "cpu", "cpu.cfs_quota_us"), "30000");
  ASSERT_EQ(Update(id, {"--pids-limit", "20"}).exit_code, 0);
  EXPECT_EQ(Limit(id, "cpu", "cpu.cfs_quota_us"), "30000");
}

TEST_F(UpdateTest, MinusOneTakesALimitAway) {
  const std::string id = Sleeping();
  ASSERT_EQ(Update(id, {"--memory", "64M", "--pids-limit", "20"}).exit_code, 0);
  ASSERT_EQ(Update(id, {"--memory", "-1", "--pids-limit", "-1"}).exit_code, 0);
  EXPECT_EQ(Limit(id, "pids", "pids.max"), "max");
  EXPECT_GT(std::stoull(Limit(id, "memory", "memory.limit_in_bytes")), 1ULL << 60);
}

// On v1 a container without a limit on processors has no cpuset group: its processes are moved.
TEST_F(UpdateTest, ProcessorsOfAContainerWithoutACpuset) {
  const std::string id = Sleeping();
  const Output output = Update(id, {"--cpuset-cpus", "0"});
  ASSERT_EQ(output.exit_code, 0) << output.err;
  EXPECT_NE(CgroupOf(PidOf(id), "cpuset").find(id), std::string::npos);
  EXPECT_EQ(Limit(id, "cpuset", "cpuset.cpus"), "0");
  Stop(id);
  EXPECT_EQ(CgroupsNamed(id), std::vector<std::string>()) << "delete does not know of it";
}

TEST_F(UpdateTest, WrongValuesAreNamedAndChangeNothing) {
  const std::string id = Sleeping();
  ASSERT_EQ(Update(id, {"--pids-limit", "20"}).exit_code, 0);
  EXPECT_NE(Update(id, {"--memory", "much"}).exit_code, 0);
  EXPECT_NE(Update(id, {"--resources", "-"}, "{").exit_code, 0);
  EXPECT_NE(Update(id, {"--resources", "-"}, R"({"pids": {"limit": "x"}})").exit_code, 0);
  EXPECT_NE(Update(id, {"--resources", directory() / "nothing"}).exit_code, 0);
  EXPECT_NE(Update("nobody", {"--pids-limit", "3"}).exit_code, 0);
  EXPECT_EQ(Limit(id, "pids", "pids.max"), "20");
}

TEST_F(UpdateTest, OfAStoppedContainerIsAnError) {
  const std::string id = Sleeping();
  EXPECT_EQ(Runtime({"kill", id, "KILL"}).exit_code, 0);
  EXPECT_TRUE(WaitForStatus(id, "stopped"));
  if (!IsRunc()) {
    ExpectError(Update(id, {"--pids-limit", "3"}), "not running");
  }
}

}  // namespace mayfly::test
