// Wasm workloads seen from outside: they are containers like any other. What the guest sees of WASI
// is the subject of tests/engine.
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "../engine/ways.h"
#include "fixture.h"

namespace mayfly::test {

namespace fs = std::filesystem;

// The engines beside the runtime under test.
fs::path EnginesDir(const fs::path& runtime) {
  return runtime.parent_path().parent_path() / "lib/mayfly/engines";
}

// jit is left to tests/engine: with an optimising compiler the probe takes seconds of it for each
// start.
std::vector<Way> ContainerWays(bool jit = false) {
  const char* const runtime = ::getenv("MAYFLY_TEST_RUNTIME");
  std::vector<Way> ways =
      Ways(EnginesDir(runtime != nullptr ? runtime : MAYFLY_TEST_DEFAULT_RUNTIME));
  std::erase_if(ways, [jit](const Way& way) { return (way.strategy == "jit") != jit; });
#ifdef __SANITIZE_ADDRESS__
  // Of use for our own code; the other engines' tricks of loading are not for AddressSanitizer.
  std::erase_if(ways, [](const Way& way) { return way.engine != "wasmtime"; });
#endif
  return ways;
}

class WasmTest : public RuntimeTest, public testing::WithParamInterface<Way> {
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
    if (GetParam().engine.ends_with("-singlepass") && GetParam().strategy != "jit") {
      GTEST_SKIP() << "Singlepass has no vectors, which the probe is compiled with";
    }
  }

  Bundle MakeWasmBundle() {
    Bundle bundle = MakeBundle(Guest::kWasm);
    bundle.config["annotations"] = Annotations();
    return bundle;
  }

  static nlohmann::json Annotations() {
    return {{"dev.mayfly.engine", GetParam().engine}, {"dev.mayfly.strategy", GetParam().strategy}};
  }
};

TEST_P(WasmTest, ExitCodes) {
  Bundle bundle = MakeWasmBundle();
  for (const int code : {0, 1, 7, 126, 255}) {
    bundle.Probe({"exit", std::to_string(code)});
    const Output output = Run(bundle);
    EXPECT_EQ(output.exit_code, code);
    EXPECT_EQ(output.err, "");
  }
}

TEST_P(WasmTest, ATrapIs134WithItsReason) {
  Bundle bundle = MakeWasmBundle();
  bundle.Probe({"trap"});
  const Output output = Run(bundle);
  EXPECT_EQ(output.exit_code, 134);
  EXPECT_NE(output.err.find("mayfly: trap: "), std::string::npos) << output.err;
}

TEST_P(WasmTest, CreateStartKillDelete) {
  Bundle bundle = MakeWasmBundle();
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
TEST_P(WasmTest, TermEndsAGuestAtOnceAlsoAsPid1) {
  for (const std::string action : {"sleep", "spin"}) {
    SCOPED_TRACE(action);
    Bundle bundle = MakeWasmBundle();
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

TEST_P(WasmTest, InterruptAndKill) {
  Bundle bundle = MakeWasmBundle();
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

TEST_P(WasmTest, StandardStreams) {
  Bundle bundle = MakeWasmBundle();
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

TEST_P(WasmTest, ArgumentsEnvironmentAndDirectory) {
  Bundle bundle = MakeWasmBundle();
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
TEST_P(WasmTest, PwdIsTheWorkingDirectory) {
  Bundle bundle = MakeWasmBundle();
  WriteFile(bundle.rootfs() / "srv/here", "in the working directory");
  bundle.config["process"]["cwd"] = "/srv";
  bundle.Probe({"read", "here"});
  EXPECT_EQ(Run(bundle).out, "in the working directory");
  bundle.Probe({"read", "/srv/here"});
  EXPECT_EQ(Run(bundle).out, "in the working directory");
  EXPECT_EQ(Report(bundle, {"cwd"}), "/srv");
}

TEST_P(WasmTest, Volumes) {
  const fs::path volume = directory() / "volume";
  WriteFile(volume / "file", "from the host");
  Bundle bundle = MakeWasmBundle();
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

TEST_P(WasmTest, ReadOnlyRoot) {
  Bundle bundle = MakeWasmBundle();
  EXPECT_EQ(Files(bundle, {"/"})["write_error"], "0");
  bundle.config["root"]["readonly"] = true;
  nlohmann::json files = Files(bundle, {"/", "/etc/passwd"});
  EXPECT_NE(files["/"]["write_error"], "0");
  EXPECT_NE(files["/etc/passwd"]["write_error"], "0");
}

// The engine's own process must not be within the guest's reach: /proc/self/mem would be a way out.
TEST_P(WasmTest, ThereIsNoProcfs) {
  Bundle bundle = MakeWasmBundle();
  const std::vector<std::string> ways_out = {
      "/proc/self", "/proc/1/mem", "/proc/self/mem", "/proc/self/exe",  "/proc/self/fd/0",
      "/dev/fd/0",  "/dev/fd/5",   "/dev/stdin",     "/proc/self/maps", "/proc/thread-self/mem"};
  std::vector<std::string> paths = ways_out;
  paths.emplace_back("/proc");
  nlohmann::json files = Files(bundle, paths);
  EXPECT_EQ(files["/proc"]["entries"], nlohmann::json::array());
  for (const std::string& path : ways_out) {
    EXPECT_NE(files[path]["error"], "0") << path;
  }
  for (const std::string path : {"/proc/self/mem", "/proc/self/fd/0", "/dev/fd/0", "/proc/1/mem"}) {
    bundle.Probe({"write", path, "x"});
    EXPECT_NE(Run(bundle).exit_code, 0) << path;
  }
}

TEST_P(WasmTest, TheHostIsNotVisible) {
  Bundle bundle = MakeWasmBundle();
  fs::create_symlink("/", bundle.rootfs() / "loop");
  const std::string climb = "/../../../../../../../../" + directory().string();
  nlohmann::json files = Files(bundle, {"/", directory(), climb, "/loop/probe.wasm"});
  EXPECT_EQ(files["/"]["entries"],
            nlohmann::json({"dev", "etc", "loop", "probe.wasm", "proc", "sys", "tmp"}));
  EXPECT_NE(files[directory()]["error"], "0");
  EXPECT_NE(files[climb]["error"], "0");
}

TEST_P(WasmTest, LinksLeadNowhereOutside) {
  Bundle bundle = MakeWasmBundle();
  WriteFile(directory() / "secret", "of the host");
  fs::create_symlink("../secret", bundle.rootfs() / "up");
  fs::create_symlink(directory() / "secret", bundle.rootfs() / "absolute");
  fs::create_symlink("../../../../../../../../" + directory().string(), bundle.rootfs() / "tree");
  fs::create_symlink("etc/passwd", bundle.rootfs() / "inside");
  nlohmann::json files = Files(bundle, {"/up", "/absolute", "/tree/secret", "/inside"});
  EXPECT_NE(files["/up"]["read_error"], "0");
  EXPECT_NE(files["/absolute"]["read_error"], "0");
  EXPECT_NE(files["/tree/secret"]["read_error"], "0");
  EXPECT_EQ(files["/inside"]["read_error"], "0");
  for (const std::string path : {"/up", "/absolute", "/tree/secret"}) {
    bundle.Probe({"write", path, "x"});
    EXPECT_NE(Run(bundle).exit_code, 0) << path;
  }
  EXPECT_EQ(ReadFile(directory() / "secret"), "of the host");
}

TEST_P(WasmTest, TheMemoryLimitHolds) {
  Bundle bundle = MakeWasmBundle();
  bundle.config["linux"]["resources"]["memory"] = {{"limit", 67108864}, {"swap", 67108864}};
  bundle.Probe({"alloc", "20"});
  EXPECT_EQ(Run(bundle).exit_code, 0);
  bundle.Probe({"alloc", "300"});
  EXPECT_EQ(Run(bundle).exit_code, 128 + SIGKILL);
}

TEST_P(WasmTest, AnOrdinaryUserWithoutCapabilities) {
  Bundle bundle = MakeWasmBundle();
  bundle.Capabilities({});
  bundle.config["process"]["user"] = {{"uid", 1000}, {"gid", 1000}};
  nlohmann::json files = Files(bundle, {"/", "/etc/passwd"});
  EXPECT_EQ(files["/"]["write_error"], "EACCES");
  EXPECT_EQ(files["/etc/passwd"]["read_error"], "0");
}

TEST_P(WasmTest, ATruncatedModuleIsAnError) {
  Bundle bundle = MakeWasmBundle();
  fs::resize_file(bundle.rootfs() / "probe.wasm", 5000);
  const Output output = Run(bundle);
  ExpectError(output, "probe.wasm");
}

TEST_P(WasmTest, AFileThatIsNoModuleIsAnError) {
  Bundle bundle = MakeWasmBundle();
  WriteFile(bundle.rootfs() / "probe.wasm", "this is text");
  bundle.config["annotations"]["dev.mayfly.workload"] = "wasm";
  bundle.Save();
  ExpectError(Run(bundle), "probe.wasm");
}

TEST_P(WasmTest, AMissingModuleIsAnError) {
  Bundle bundle = MakeWasmBundle();
  fs::remove(bundle.rootfs() / "probe.wasm");
  ExpectError(Run(bundle), "probe.wasm");
}

// A link in the image must not make the runtime read a module of the host.
TEST_P(WasmTest, AModuleBehindALinkIsLookedUpInside) {
  Bundle bundle = MakeWasmBundle();
  const fs::path outside = directory() / "outside.wasm";
  fs::rename(bundle.rootfs() / "probe.wasm", outside);
  fs::create_symlink(outside, bundle.rootfs() / "probe.wasm");
  ExpectError(Run(bundle), "probe.wasm");
}

TEST_P(WasmTest, StrategiesAndUnknownAnnotations) {
  Bundle bundle = MakeWasmBundle();
  for (const std::string strategy : {"aot", "jit", "auto"}) {
    bundle.config["annotations"] = {{"dev.mayfly.strategy", strategy}};  // the default engine's
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

TEST_P(WasmTest, NoDescriptorOfTheCallerGetsIn) {
  Bundle bundle = MakeWasmBundle();
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

TEST_P(WasmTest, ExecOfASecondModule) {
  Bundle bundle = MakeWasmBundle();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  for (const int code : {0, 3, 255}) {
    const Output output = Runtime({"exec", id, "/probe.wasm", "exit", std::to_string(code)});
    EXPECT_EQ(output.exit_code, code) << output.err;
  }
  const Output said = Runtime({"exec", "--env", "A=1", id, "/probe.wasm", "report", "env"});
  EXPECT_NE(said.out.find("A=1"), std::string::npos) << said.out << said.err;
  const Output trapped = Runtime({"exec", id, "/probe.wasm", "trap"});
  EXPECT_EQ(trapped.exit_code, 134);
  EXPECT_EQ(State(id)["status"], "running");
}

TEST_P(WasmTest, ExecOfANativeProgramInAWasmContainer) {
  Bundle bundle = MakeWasmBundle();
  fs::copy_file(MAYFLY_TEST_PROBE, bundle.rootfs() / "probe");
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  const Output output = Runtime({"exec", id, "/probe", "exit", "9"});
  EXPECT_EQ(output.exit_code, 9) << output.err;
}

// In a native container's /proc a module would find the engine's own process.
TEST_P(WasmTest, ExecOfAModuleBesideAProcfsIsRefused) {
  Bundle bundle = MakeBundle();
  fs::copy_file(MAYFLY_TEST_PROBE_WASM, bundle.rootfs() / "probe.wasm");
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  const Output output = Runtime({"exec", id, "/probe.wasm", "exit", "0"});
  EXPECT_EQ(output.exit_code, 255);
  EXPECT_NE(output.err.find("procfs"), std::string::npos) << output.err;
}

INSTANTIATE_TEST_SUITE_P(Every, WasmTest, testing::ValuesIn(ContainerWays()),
                         [](const auto& row) { return TestName(row.param); });
// Compiling at the start happens in the container's view, where no file of the host is to be seen.
class JitInAContainer : public WasmTest {};

TEST_P(JitInAContainer, RunsASmallModule) {
  const fs::path module = fs::path(MAYFLY_TEST_MODULES) / "exit_200.wasm";
  if (!fs::exists(module)) {
    GTEST_SKIP() << "the test modules are not built: wabt is missing";
  }
  Bundle bundle = MakeWasmBundle();
  fs::copy_file(module, bundle.rootfs() / "probe.wasm", fs::copy_options::overwrite_existing);
  bundle.Probe({});
  const Output output = Run(bundle);
  EXPECT_EQ(output.exit_code, 200) << output.err;
  EXPECT_EQ(output.err, "");
}

INSTANTIATE_TEST_SUITE_P(Every, JitInAContainer, testing::ValuesIn(ContainerWays(true)),
                         [](const auto& row) { return TestName(row.param); });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(JitInAContainer);

// A build without plugins has no rows; tests/engine says so.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(WasmTest);

}  // namespace mayfly::test
