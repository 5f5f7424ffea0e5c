// ctr run, task kill, metrics: what containerd's runc shim asks of a runtime, native and Wasm side
// by side.
#include <signal.h>

#include "ctr.h"

namespace mayfly::test {

namespace fs = std::filesystem;

namespace {

// The program of each kind that this build can run.
std::vector<std::string> Programs(bool wasm) {
  return wasm ? std::vector<std::string>{"/probe", "/probe.wasm"}
              : std::vector<std::string>{"/probe"};
}

}  // namespace

TEST_P(CtrTest, ExitCodeAndOutput) {
  for (const std::string& program : Programs(HasWasm())) {
    SCOPED_TRACE(program);
    const Output ended = Run({program, "exit", "7"});
    EXPECT_EQ(ended.exit_code, 7) << ended.err;
    const Output said = Run({program, "say", "to stdout", "to stderr"});
    EXPECT_EQ(said.exit_code, 0) << said.err;
    EXPECT_EQ(said.out, "to stdout\n");
    EXPECT_EQ(said.err, "to stderr\n");
  }
}

TEST_P(CtrTest, EnvironmentAndArguments) {
  for (const std::string& program : Programs(HasWasm())) {
    SCOPED_TRACE(program);
    const Output output =
        Run({program, "report", "argv", "env", "two words"}, {"--env", "KEY=a value"});
    EXPECT_NE(output.out.find("\"two words\""), std::string::npos) << output.out << output.err;
    EXPECT_NE(output.out.find("\"KEY=a value\""), std::string::npos) << output.out;
  }
}

TEST_P(CtrTest, MuchOutput) {
  for (const std::string& program : Programs(HasWasm())) {
    EXPECT_EQ(Run({program, "output", "3000000"}).out.size(), 3000000U) << program;
  }
}

TEST_P(CtrTest, VolumesAndReadOnlyRoot) {
  WriteFile(directory() / "volume/file", "from the host");
  const std::string mount =
      "type=bind,src=" + (directory() / "volume").string() + ",dst=/tmp,options=rbind:rw";
  for (const std::string& program : Programs(HasWasm())) {
    SCOPED_TRACE(program);
    const std::vector<std::string> flags = {"--read-only", "--mount", mount};
    EXPECT_EQ(Run({program, "read", "/tmp/file"}, flags).out, "from the host");
    EXPECT_EQ(Run({program, "write", "/tmp/new", program}, flags).exit_code, 0);
    EXPECT_EQ(ReadFile(directory() / "volume/new"), program);
    EXPECT_EQ(Run({program, "write", "/new", "x"}, flags).exit_code, 6);
    EXPECT_FALSE(fs::exists(rootfs() / "new"));
  }
}

TEST_P(CtrTest, KillAndRemove) {
  for (const std::string& program : Programs(HasWasm())) {
    SCOPED_TRACE(program);
    const std::string id = Launch({program, "sleep"});
    EXPECT_EQ(Ctr({"task", "kill", "--signal", "SIGKILL", id}).exit_code, 0);
    EXPECT_TRUE(WaitUntil([&] { return Status(id) == "STOPPED"; })) << Status(id);
    const Output removed = Ctr({"task", "rm", id});
    EXPECT_NE(removed.err.find("exit code 137"), std::string::npos) << removed.err;
    EXPECT_EQ(Status(id), "");
  }
}

TEST_P(CtrTest, TermEndsAWasmGuest) {
  if (!HasWasm()) {
    GTEST_SKIP() << "no probe.wasm or no Wasmtime plugin";
  }
  const std::string id = Launch({"/probe.wasm", "spin"});
  EXPECT_EQ(Ctr({"task", "kill", "--signal", "SIGTERM", id}).exit_code, 0);
  EXPECT_TRUE(WaitUntil([&] { return Status(id) == "STOPPED"; }, 5)) << Status(id);
}

TEST_P(CtrTest, Metrics) {
  for (const std::string& program : Programs(HasWasm())) {
    SCOPED_TRACE(program);
    const std::string id = Launch({program, "sleep"});
    const Output metrics = Ctr({"task", "metrics", id});
    EXPECT_EQ(metrics.exit_code, 0) << metrics.err;
    EXPECT_NE(metrics.out.find("memory."), std::string::npos) << metrics.out;
    EXPECT_NE(metrics.out.find("pids.current"), std::string::npos) << metrics.out;
  }
}

TEST_P(CtrTest, MemoryLimit) {
  for (const std::string& program : Programs(HasWasm())) {
    SCOPED_TRACE(program);
    const std::vector<std::string> flags = {"--memory-limit", "67108864"};
    EXPECT_EQ(Run({program, "alloc", "20"}, flags).exit_code, 0);
    EXPECT_EQ(Run({program, "alloc", "300"}, flags).exit_code, 128 + SIGKILL);
  }
}

TEST_P(CtrTest, AnErrorReachesTheCaller) {
  const Output missing = Run({"/no/such/program"});
  EXPECT_NE(missing.exit_code, 0);
  EXPECT_NE(missing.err.find("/no/such/program"), std::string::npos) << missing.err;
}

TEST_P(CtrTest, SeveralAtOnce) {
  std::vector<std::string> ids;
  for (int round = 0; round < 4; ++round) {
    for (const std::string& program : Programs(HasWasm())) {
      ids.push_back(Launch({program, "sleep"}));
    }
  }
  for (const std::string& id : ids) {
    EXPECT_EQ(Status(id), "RUNNING");
    EXPECT_EQ(Ctr({"task", "kill", "--signal", "SIGKILL", id}).exit_code, 0);
  }
  for (const std::string& id : ids) {
    EXPECT_TRUE(WaitUntil([&] { return Status(id) == "STOPPED"; }));
  }
}

// The functions of the suite, out of their images: native and Wasm print the same.
TEST_P(CtrTest, SuiteImages) {
  name_space = "mayfly-lab";
  const std::string image = "mayfly.dev/suite/prime-numbers";
  const std::string images = Ctr({"images", "ls", "-q"}).out;
  if (images.find(image + ":wasm\n") == std::string::npos ||
      images.find(image + ":scratch\n") == std::string::npos) {
    GTEST_SKIP() << "no " << image
                 << " in containerd: run ./dev images and ./dev containerd import";
  }
  const Output native =
      Ctr(RunLine(NewId(), {"--rm"}, {image + ":scratch", "/prime-numbers", "100"}));
  EXPECT_EQ(native.exit_code, 0) << native.err;
  EXPECT_EQ(native.out.size(), 200U) << "suite/prime-numbers/suite.toml has the golden";
  if (!HasWasm()) {
    GTEST_SKIP() << "no Wasmtime plugin";
  }
  const Output wasm =
      Ctr(RunLine(NewId(), {"--rm"}, {image + ":wasm", "/prime-numbers.wasm", "100"}));
  EXPECT_EQ(wasm.exit_code, 0) << wasm.err;
  EXPECT_EQ(wasm.out, native.out);
}

INSTANTIATE_TEST_SUITE_P(Shims, CtrTest, testing::Values(Shim::kRunc, Shim::kMayfly),
                         [](const testing::TestParamInfo<Shim>& shim) {
                           return shim.param == Shim::kRunc ? "Runc" : "Mayfly";
                         });

}  // namespace mayfly::test
