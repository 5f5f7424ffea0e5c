// The compiled-code cache from outside: modules are compiled once, found again, and never run from
// code that is not as it was written.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "../runtime/command.h"

namespace mayfly::test {
namespace {

namespace fs = std::filesystem;

class AotTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(fs::path(MAYFLY_TEST_ENGINES_DIR) / "wasmtime.so")) {
      GTEST_SKIP() << "the Wasmtime plugin is not built";
    }
    if (!fs::exists(fs::path(MAYFLY_TEST_MODULES) / "exit_200.wasm")) {
      GTEST_SKIP() << "the test modules are not built: wabt is missing";
    }
    std::string name = (fs::temp_directory_path() / "mayfly-aot-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    scratch_ = name;
    Install("exit_200");
  }

  void TearDown() override {
    if (!scratch_.empty()) {
      fs::remove_all(scratch_);
    }
  }

  // Puts a module at the one path that the tests run, old enough to be known by its place.
  void Install(const std::string& module) {
    fs::copy_file(fs::path(MAYFLY_TEST_MODULES) / (module + ".wasm"), scratch_ / "app.wasm",
                  fs::copy_options::overwrite_existing);
    PauseMilliseconds(30);
  }

  CommandOptions Options() const {
    CommandOptions options;
    options.environment = {{"MAYFLY_CACHE_DIR", scratch_ / "cache"},
                           {"MAYFLY_ENGINES_DIR", MAYFLY_TEST_ENGINES_DIR},
                           {"MAYFLY_CONFIG", "/dev/null"}};
    return options;
  }

  Output Run() const { return RunCommand({MAYFLY_TEST_DRIVE, scratch_ / "app.wasm"}, Options()); }

  std::vector<fs::path> CodeFiles() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(scratch_ / "cache/code")) {
      files.push_back(entry.path());
    }
    return files;
  }

  // Whether a run of the module opens the compiler.
  bool Compiles() const {
    const Output output = RunCommand(
        {"/usr/bin/strace", "-f", "-e", "trace=openat", MAYFLY_TEST_DRIVE, scratch_ / "app.wasm"},
        Options());
    EXPECT_EQ(output.exit_code, 200) << output.err;
    return output.err.find("wasmtime-compiler.so") != std::string::npos;
  }

  fs::path scratch_;
};

TEST_F(AotTest, CompilesOnceAndNeverLoadsTheCompilerAgain) {
  if (!fs::exists("/usr/bin/strace")) {
    GTEST_SKIP() << "strace is not there";
  }
  EXPECT_TRUE(Compiles());
  PauseMilliseconds(30);
  EXPECT_FALSE(Compiles());
  EXPECT_FALSE(Compiles());
  // The same bytes at another place are known, too.
  fs::copy_file(scratch_ / "app.wasm", scratch_ / "copy.wasm");
  fs::rename(scratch_ / "copy.wasm", scratch_ / "app.wasm");
  EXPECT_FALSE(Compiles());
  EXPECT_EQ(CodeFiles().size(), 1U);
}

TEST_F(AotTest, AnotherModuleAtTheSamePathIsAnotherModule) {
  EXPECT_EQ(Run().exit_code, 200);
  EXPECT_EQ(Run().exit_code, 200);
  // The same size, and the modification time set back: only the content and the change time differ.
  const auto time = fs::last_write_time(scratch_ / "app.wasm");
  Install("exit_255");
  fs::last_write_time(scratch_ / "app.wasm", time);
  EXPECT_EQ(Run().exit_code, 255);
  PauseMilliseconds(30);
  EXPECT_EQ(Run().exit_code, 255);
}

TEST_F(AotTest, SimultaneousFirstStartsCompileOnce) {
  std::vector<std::unique_ptr<Process>> processes;
  processes.reserve(30);
  for (int i = 0; i < 30; ++i) {
    processes.push_back(std::make_unique<Process>(
        std::vector<std::string>{MAYFLY_TEST_DRIVE, scratch_ / "app.wasm"}, Options()));
  }
  for (const auto& process : processes) {
    EXPECT_EQ(process->Wait(), 200) << process->Stderr();
  }
  ASSERT_EQ(CodeFiles().size(), 1U);
  // Written once: a second writer would have renamed another inode over it.
  EXPECT_EQ(fs::hard_link_count(CodeFiles()[0]), 1U);
}

TEST_F(AotTest, CodeThatIsNotAsItWasWrittenIsCompiledAnew) {
  EXPECT_EQ(Run().exit_code, 200);
  const fs::path code = CodeFiles().at(0);
  const auto size = fs::file_size(code);
  for (uintmax_t at = 0; at < size; at += size / 7) {
    std::fstream file(code, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const char byte = static_cast<char>(file.get() ^ 0x10);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(byte);
    file.close();
    EXPECT_EQ(Run().exit_code, 200) << at;
  }
  fs::resize_file(code, size / 2);
  EXPECT_EQ(Run().exit_code, 200);
  fs::permissions(code, fs::perms::others_write, fs::perm_options::add);
  EXPECT_EQ(Run().exit_code, 200);
  EXPECT_EQ(fs::status(CodeFiles().at(0)).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::file_size(CodeFiles().at(0)), size);
}

TEST_F(AotTest, ACompileThatIsKilledLeavesNothingBad) {
  fs::copy_file(fs::path(MAYFLY_TEST_MODULES) / "guest.wasm", scratch_ / "app.wasm",
                fs::copy_options::overwrite_existing);
  for (const int milliseconds : {2, 5, 10, 20, 40, 80, 160}) {
    RunCommand({"/usr/bin/timeout", "--signal=KILL", std::to_string(milliseconds / 1000.0),
                MAYFLY_TEST_DRIVE, scratch_ / "app.wasm", "random"},
               Options());
  }
  const Output output = RunCommand({MAYFLY_TEST_DRIVE, scratch_ / "app.wasm", "random"}, Options());
  EXPECT_EQ(output.out, "ok\n") << output.err;
}

TEST_F(AotTest, ADirectoryThatOthersMayReadIsRefused) {
  fs::create_directory(scratch_ / "cache");
  fs::permissions(scratch_ / "cache", fs::perms::others_read, fs::perm_options::add);
  const Output output = Run();
  EXPECT_EQ(output.exit_code, 1);
  EXPECT_NE(output.err.find("must belong to user"), std::string::npos) << output.err;
}

}  // namespace
}  // namespace mayfly::test
