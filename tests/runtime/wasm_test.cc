// Wasm workloads seen from outside: they are containers like any other. What the guest sees of WASI
// is the subject of tests/engine.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "fixture.h"

namespace mayfly::test {

namespace fs = std::filesystem;

class WasmTest : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    if (IsSkipped()) {
      return;
    }
    if (IsRunc()) {
      GTEST_SKIP() << "runc runs no Wasm";
    }
    if (!fs::exists(MAYFLY_TEST_PROBE_WASM)) {
      GTEST_SKIP() << "no probe.wasm: clang 19 with wasi-libc was not found";
    }
    if (!fs::exists(fs::path(RuntimePath()).parent_path().parent_path() /
                    "lib/mayfly/engines/wasmtime.so")) {
      GTEST_SKIP() << "the Wasmtime plugin is not built";
    }
  }
};

TEST_F(WasmTest, ExitCodes) {
  Bundle bundle = MakeBundle(Guest::kWasm);
  for (const int code : {0, 1, 7, 126, 255}) {
    bundle.Probe({"exit", std::to_string(code)});
    const Output output = Run(bundle);
    EXPECT_EQ(output.exit_code, code);
    EXPECT_EQ(output.err, "");
  }
}

TEST_F(WasmTest, ATrapIs134WithItsReason) {
  Bundle bundle = MakeBundle(Guest::kWasm);
  bundle.Probe({"trap"});
  const Output output = Run(bundle);
  EXPECT_EQ(output.exit_code, 134);
  EXPECT_NE(output.err.find("mayfly: trap: "), std::string::npos) << output.err;
}

TEST_F(WasmTest, CreateStartKillDelete) {
  Bundle bundle = MakeBundle(Guest::kWasm);
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  Process container = Create(bundle, id);
  nlohmann::json state = State(id);
  EXPECT_EQ(state["status"], "created");
  const pid_t pid = state["pid"].get<pid_t>();
  EXPECT_NE(NamespaceOf(pid, "net"), NamespaceOf(::getpid(), "net"));
  EXPECT_EQ(container.Stdout(), "");
  EXPECT_EQ(Runtime({"start", id}).exit_code, 0);
  EXPECT_TRUE(container.WaitForOutput("ready"));
  EXPECT_EQ(State(id)["status"], "running");
  EXPECT_EQ(PidOf(id), pid);
  EXPECT_EQ(Runtime({"kill", id, "KILL"}).exit_code, 0);
  EXPECT_TRUE(WaitForStatus(id, "stopped"));
  EXPECT_EQ(Runtime({"delete", id}).exit_code, 0);
}

// The kernel shields pid 1 from signals it does not handle; a guest cannot handle any.
TEST_F(WasmTest, TermEndsAGuestAtOnceAlsoAsPid1) {
  for (const std::string action : {"sleep", "spin"}) {
    SCOPED_TRACE(action);
    Bundle bundle = MakeBundle(Guest::kWasm);
    bundle.Probe({action});
    const std::string id = NewId();
    Process run = Spawn({"run", "--bundle", bundle.directory(), id});
    ASSERT_TRUE(run.WaitForOutput("ready")) << run.Stderr();
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(Runtime({"kill", id, "TERM"}).exit_code, 0);
    EXPECT_EQ(run.Wait(), 128 + SIGTERM) << run.Stderr();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
  }
}

TEST_F(WasmTest, InterruptAndKill) {
  Bundle bundle = MakeBundle(Guest::kWasm);
  bundle.Probe({"spin"});
  for (const auto& [name, number] :
       std::map<std::string, int>{{"INT", SIGINT}, {"KILL", SIGKILL}}) {
    const std::string id = NewId();
    Process run = Spawn({"run", "--bundle", bundle.directory(), id});
    ASSERT_TRUE(run.WaitForOutput("ready")) << run.Stderr();
    EXPECT_EQ(Runtime({"kill", id, name}).exit_code, 0);
    EXPECT_EQ(run.Wait(), 128 + number) << name << run.Stderr();
  }
}

TEST_F(WasmTest, StandardStreams) {
  Bundle bundle = MakeBundle(Guest::kWasm);
  bundle.Probe({"say", "to stdout", "to stderr"});
  const Output said = Run(bundle);
  EXPECT_EQ(said.out, "to stdout\n");
  EXPECT_EQ(said.err, "to stderr\n");
  bundle.Probe({"cat"});
  CommandOptions options;
  options.stdin_text = std::string(100000, 'x') + "end";
  EXPECT_EQ(Run(bundle, options).out, options.stdin_text);
  bundle.Probe({"output", "5000000"});
  EXPECT_EQ(Run(bundle).out.size(), 5000000U);
}

TEST_F(WasmTest, ArgumentsEnvironmentAndDirectory) {
  Bundle bundle = MakeBundle(Guest::kWasm);
  bundle.config["process"]["env"] = {"PATH=/bin", "WITH=spaces in it", "EMPTY="};
  bundle.Probe({"report", "argv", "env", "", "two words", "ünïcödé"});
  const Output output = Run(bundle);
  nlohmann::json report = nlohmann::json::parse(output.out, nullptr, false);
  ASSERT_FALSE(report.is_discarded()) << output.out << output.err;
  EXPECT_EQ(report["argv"],
            nlohmann::json({"/probe.wasm", "report", "argv", "env", "", "two words", "ünïcödé"}));
  for (const std::string entry : {"PATH=/bin", "WITH=spaces in it", "EMPTY="}) {
    EXPECT_NE(std::find(report["env"].begin(), report["env"].end(), entry), report["env"].end());
  }
}

// The probe goes to PWD first: wasi-libc resolves relative paths at "/" until it is told otherwise.
TEST_F(WasmTest, PwdIsTheWorkingDirectory) {
  Bundle bundle = MakeBundle(Guest::kWasm);
  WriteFile(bundle.rootfs() / "srv/here", "in the working directory");
  bundle.config["process"]["cwd"] = "/srv";
  bundle.Probe({"read", "here"});
  EXPECT_EQ(Run(bundle).out, "in the working directory");
  bundle.Probe({"read", "/srv/here"});
  EXPECT_EQ(Run(bundle).out, "in the working directory");
  EXPECT_EQ(Report(bundle, {"cwd"}), "/srv");
}

TEST_F(WasmTest, Volumes) {
  const fs::path volume = directory() / "volume";
  WriteFile(volume / "file", "from the host");
  Bundle bundle = MakeBundle(Guest::kWasm);
  bundle.Mount("/data", "bind", volume, {"bind", "rw"});
  bundle.Mount("/fixed", "bind", volume, {"bind", "ro"});
  nlohmann::json files = Files(bundle, {"/data/file", "/fixed/file", "/data", "/fixed"});
  EXPECT_EQ(files["/data/file"]["content"], "from the host");
  EXPECT_EQ(files["/fixed/file"]["content"], "from the host");
  EXPECT_EQ(files["/data"]["write_error"], "0");
  // WASI has EROFS, but Wasmtime 48 reports EIO for it.
  EXPECT_NE(files["/fixed"]["write_error"], "0");
  EXPECT_NE(files["/fixed/file"]["write_error"], "0");
  bundle.Probe({"write", "/data/new", "from the guest"});
  EXPECT_EQ(Run(bundle).exit_code, 0);
  EXPECT_EQ(ReadFile(volume / "new"), "from the guest");
}

TEST_F(WasmTest, ReadOnlyRoot) {
  Bundle bundle = MakeBundle(Guest::kWasm);
  EXPECT_EQ(Files(bundle, {"/"})["write_error"], "0");
  bundle.config["root"]["readonly"] = true;
  nlohmann::json files = Files(bundle, {"/", "/etc/passwd"});
  EXPECT_NE(files["/"]["write_error"], "0");
  EXPECT_NE(files["/etc/passwd"]["write_error"], "0");
}

// The engine's own process must not be within the guest's reach: /proc/self/mem would be a way out.
TEST_F(WasmTest, ThereIsNoProcfs) {
  Bundle bundle = MakeBundle(Guest::kWasm);
  nlohmann::json files = Files(bundle, {"/proc", "/proc/self", "/dev/fd/0", "/proc/1/mem"});
  EXPECT_EQ(files["/proc"]["entries"], nlohmann::json::array());
  EXPECT_NE(files["/proc/self"]["error"], "0");
  EXPECT_NE(files["/dev/fd/0"]["error"], "0");
  EXPECT_NE(files["/proc/1/mem"]["error"], "0");
}

TEST_F(WasmTest, TheHostIsNotVisible) {
  Bundle bundle = MakeBundle(Guest::kWasm);
  fs::create_symlink("/", bundle.rootfs() / "loop");
  const std::string climb = "/../../../../../../../../" + directory().string();
  nlohmann::json files = Files(bundle, {"/", directory(), climb, "/loop/probe.wasm"});
  EXPECT_EQ(files["/"]["entries"],
            nlohmann::json({"dev", "etc", "loop", "probe.wasm", "proc", "sys", "tmp"}));
  EXPECT_NE(files[directory()]["error"], "0");
  EXPECT_NE(files[climb]["error"], "0");
}

TEST_F(WasmTest, TheMemoryLimitHolds) {
  Bundle bundle = MakeBundle(Guest::kWasm);
  bundle.config["linux"]["resources"]["memory"] = {{"limit", 67108864}, {"swap", 67108864}};
  bundle.Probe({"alloc", "20"});
  EXPECT_EQ(Run(bundle).exit_code, 0);
  bundle.Probe({"alloc", "300"});
  EXPECT_EQ(Run(bundle).exit_code, 128 + SIGKILL);
}

TEST_F(WasmTest, AnOrdinaryUserWithoutCapabilities) {
  Bundle bundle = MakeBundle(Guest::kWasm);
  bundle.Capabilities({});
  bundle.config["process"]["user"] = {{"uid", 1000}, {"gid", 1000}};
  nlohmann::json files = Files(bundle, {"/", "/etc/passwd"});
  EXPECT_EQ(files["/"]["write_error"], "EACCES");
  EXPECT_EQ(files["/etc/passwd"]["read_error"], "0");
}

TEST_F(WasmTest, ATruncatedModuleIsAnError) {
  Bundle bundle = MakeBundle(Guest::kWasm);
  fs::resize_file(bundle.rootfs() / "probe.wasm", 5000);
  const Output output = Run(bundle);
  ExpectError(output, "probe.wasm");
}

TEST_F(WasmTest, AFileThatIsNoModuleIsAnError) {
  Bundle bundle = MakeBundle(Guest::kWasm);
  WriteFile(bundle.rootfs() / "probe.wasm", "this is text");
  bundle.config["annotations"] = {{"dev.mayfly.workload", "wasm"}};
  bundle.Save();
  ExpectError(Run(bundle), "probe.wasm");
}

TEST_F(WasmTest, AMissingModuleIsAnError) {
  Bundle bundle = MakeBundle(Guest::kWasm);
  fs::remove(bundle.rootfs() / "probe.wasm");
  ExpectError(Run(bundle), "probe.wasm");
}

// A link in the image must not make the runtime read a module of the host.
TEST_F(WasmTest, AModuleBehindALinkIsLookedUpInside) {
  Bundle bundle = MakeBundle(Guest::kWasm);
  const fs::path outside = directory() / "outside.wasm";
  fs::rename(bundle.rootfs() / "probe.wasm", outside);
  fs::create_symlink(outside, bundle.rootfs() / "probe.wasm");
  ExpectError(Run(bundle), "probe.wasm");
}

TEST_F(WasmTest, StrategiesAndUnknownAnnotations) {
  Bundle bundle = MakeBundle(Guest::kWasm);
  for (const std::string strategy : {"aot", "jit", "auto"}) {
    bundle.config["annotations"] = {{"dev.mayfly.strategy", strategy}};
    bundle.Probe({"exit", "9"});
    const Output output = Run(bundle);
    EXPECT_EQ(output.exit_code, 9) << strategy << ": " << output.err;
  }
  bundle.config["annotations"] = {{"dev.mayfly.strategy", "magic"}};
  bundle.Save();
  ExpectError(Run(bundle), "dev.mayfly.strategy");
  bundle.config["annotations"] = {{"dev.mayfly.engine", "steam"}};
  bundle.Save();
  ExpectError(Run(bundle), "steam");
}

TEST_F(WasmTest, NoDescriptorOfTheCallerGetsIn) {
  Bundle bundle = MakeBundle(Guest::kWasm);
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  struct stat host_root{};
  ASSERT_EQ(::stat("/", &host_root), 0);
  const std::string own = "/proc/" + std::to_string(PidOf(id));
  for (const auto& entry : fs::directory_iterator(own + "/fd")) {
    struct stat opened{};
    ASSERT_EQ(::stat(entry.path().c_str(), &opened), 0) << entry.path();
    EXPECT_FALSE(opened.st_dev == host_root.st_dev && opened.st_ino == host_root.st_ino)
        << entry.path() << " is the host's root";
    const std::string target = fs::read_symlink(entry.path()).string();
    EXPECT_EQ(target.find(state_root().string()), std::string::npos) << target;
  }
}

}  // namespace mayfly::test
