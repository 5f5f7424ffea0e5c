// A third party's plugin (tests/engine/toy) in real containers, and many first starts at once.
#include <filesystem>

#include "fixture.h"

namespace mayfly::test {

namespace fs = std::filesystem;

class PluginContainerTest : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    if (IsSkipped()) {
      return;
    }
    if (IsRunc()) {
      GTEST_SKIP() << "runc runs no Wasm";
    }
    if (!fs::exists(fs::path(MAYFLY_TEST_MODULES) / "toy_hello.wasm")) {
      GTEST_SKIP() << "the test modules are not built: wabt is missing";
    }
  }

  Bundle ModuleBundle(const std::string& module, const std::string& engine) {
    Bundle bundle = MakeBundle(Guest::kNative);
    fs::copy_file(fs::path(MAYFLY_TEST_MODULES) / (module + ".wasm"), bundle.rootfs() / "app.wasm");
    bundle.config["process"]["args"] = {"/app.wasm"};
    bundle.config["annotations"] = {{"dev.mayfly.engine", engine}};
    bundle.Save();
    return bundle;
  }

  CommandOptions Toy() const {
    CommandOptions options;
    options.environment = {{"MAYFLY_ENGINES_DIR", MAYFLY_TEST_TOY_DIR},
                           {"MAYFLY_CACHE_DIR", directory() / "cache"}};
    return options;
  }

  size_t Compiles() const {
    const std::string log = ReadFile(directory() / "log");
    size_t count = 0;
    for (size_t at = log.find("compiled /"); at != std::string::npos;
         at = log.find("compiled /", at + 1)) {
      ++count;
    }
    return count;
  }

  // `count` containers of a bundle started at once with one empty cache.
  void StartAtOnce(const Bundle& bundle, int count, const CommandOptions& options, int status) {
    std::vector<Process> processes;
    processes.reserve(static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) {
      processes.push_back(Spawn(
          {"--log", directory() / "log", "run", "--bundle", bundle.directory(), NewId()}, options));
    }
    for (Process& process : processes) {
      EXPECT_EQ(process.Wait(), status) << process.Stderr();
    }
    EXPECT_EQ(Compiles(), 1U);
  }
};

TEST_F(PluginContainerTest, AThirdPartysEngineRunsAContainer) {
  const Bundle bundle = ModuleBundle("toy_hello", "toy");
  for (int start = 0; start < 2; ++start) {
    const Output output = Run(bundle, Toy());
    EXPECT_EQ(output.out, "hello from a toy\n");
    EXPECT_EQ(output.exit_code, 7) << output.err;
  }
}

TEST_F(PluginContainerTest, ATrapOfItsGuestIs134) {
  const Output output = Run(ModuleBundle("trap_unreachable", "toy"), Toy());
  EXPECT_EQ(output.exit_code, 134);
  EXPECT_EQ(output.err, "mayfly: trap: unreachable\n");
}

TEST_F(PluginContainerTest, TwentyFirstStartsCompileOnce) {
  StartAtOnce(ModuleBundle("exit_200", "toy"), 20, Toy(), 200);
}

// Label slow: 200 containers at once.
TEST_F(PluginContainerTest, SlowTwoHundredFirstStartsCompileOnce) {
  if (!fs::exists(fs::path(RuntimePath()).parent_path().parent_path() /
                  "lib/mayfly/engines/wasmtime.so")) {
    GTEST_SKIP() << "the Wasmtime plugin is not built";
  }
  CommandOptions options;
  options.environment = {{"MAYFLY_CACHE_DIR", directory() / "cache"}};
  options.timeout_seconds = 110;
  StartAtOnce(ModuleBundle("exit_200", "wasmtime"), 200, options, 200);
}

// A file system with room for nothing: the container runs, its code is not kept, the log says why.
TEST_F(PluginContainerTest, AFullDiskCostsACompileNotAStart) {
  const fs::path small = directory() / "small";
  fs::create_directory(small);
  Bundle bundle = ModuleBundle("exit_200", "toy");
  CommandOptions options = Toy();
  options.environment["MAYFLY_CACHE_DIR"] = small / "cache";
  const std::vector<std::string> run =
      CommandLine({"--log", directory() / "log", "run", "--bundle", bundle.directory(), NewId()});
  // In a mount namespace of its own, so that the mount ends with it. 8 KiB hold the directories.
  std::vector<std::string> line = {"/usr/bin/unshare",
                                   "--mount",
                                   "/bin/sh",
                                   "-c",
                                   "mount -t tmpfs -o size=4k none " + small.string() +
                                       " && mkdir -m 0700 " + (small / "cache").string() +
                                       " && head -c 100000 /dev/zero >" +
                                       (small / "filler").string() + " 2>/dev/null; \"$@\"",
                                   "sh"};
  line.insert(line.end(), run.begin(), run.end());
  const Output output = RunCommand(line, options);
  EXPECT_EQ(output.exit_code, 200) << output.err;
  const std::string log = ReadFile(directory() / "log");
  EXPECT_NE(log.find("not kept"), std::string::npos) << log;
  EXPECT_NE(log.find("No space left on device"), std::string::npos) << log;
}

}  // namespace mayfly::test
