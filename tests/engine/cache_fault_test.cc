// The compiled-code cache against what can go wrong: killed writers, other versions and CPUs, many
// starts at once, code that is not the cache's. Most of it by the toy plugin, whose compiles cost
// nothing.
#include <signal.h>
#include <sys/wait.h>

#include "cache_fixture.h"

namespace mayfly::test {
namespace {

using CacheFaultTest = CacheFixture;

constexpr const char* kStrace = "/usr/bin/strace";

// One first start whose `nth` system call `call` ends the process that makes it.
Output RunKilledAt(const CommandOptions& options, const std::vector<std::string>& line,
                   const std::string& call, int nth) {
  std::vector<std::string> command = {
      kStrace,
      "-f",
      "-qq",
      "-o",
      "/dev/null",
      "-e",
      "trace=" + call,
      "-e",
      "inject=" + call + ":signal=KILL:when=" + std::to_string(nth)};
  command.insert(command.end(), line.begin(), line.end());
  return RunCommand(command, options);
}

// Every system call by which the cache changes, and those before and after: whatever the process
// that compiles does last, the next start runs and the cache is whole.
TEST_F(CacheFaultTest, AKillAtAnySystemCallOfAFirstStartLeavesNothingBad) {
  if (!fs::exists(kStrace)) {
    GTEST_SKIP() << "strace is not there";
  }
  const std::string module = Module("exit_200");
  int killed = 0;
  for (const std::string call : {"mkdirat", "openat", "fcntl", "unlinkat", "write", "fchmod",
                                 "fsync", "renameat", "symlinkat", "newfstatat", "readlinkat"}) {
    for (int nth = 1; nth <= 40; ++nth) {
      fs::remove_all(cache());
      const Output cut = RunKilledAt(Options(), CommandLine(module), call, nth);
      if (cut.exit_code == 200) {
        break;  // it makes fewer of these calls
      }
      ++killed;
      const Output next = Run(module);
      ASSERT_EQ(next.exit_code, 200) << call << " " << nth << ": " << next.err;
      const Output verified = Mayfly({"cache", "verify"});
      ASSERT_EQ(verified.exit_code, 0) << call << " " << nth << ": " << verified.out;
      ASSERT_EQ(CodeFiles().size(), 1U) << call << " " << nth;
    }
  }
  EXPECT_GT(killed, 30);
  EXPECT_EQ(Log().find("thrown away"), std::string::npos) << Log();
}

TEST_F(CacheFaultTest, TwoEnginesEntriesOfOneModuleAreApart) {
  if (!fs::exists(fs::path(MAYFLY_TEST_ENGINES_DIR) / "wasmtime.so")) {
    GTEST_SKIP() << "the Wasmtime plugin is not built";
  }
  engines_ = scratch_ / "engines";
  fs::create_directory(engines_);
  fs::create_symlink(fs::path(MAYFLY_TEST_TOY_DIR) / "toy.so", engines_ + "/toy.so");
  for (const std::string file : {"wasmtime.so", "wasmtime-compiler.so"}) {
    fs::create_symlink(fs::path(MAYFLY_TEST_ENGINES_DIR) / file, engines_ + "/" + file);
  }
  for (int round = 0; round < 2; ++round) {
    for (const std::string engine : {"toy", "wasmtime"}) {
      EXPECT_EQ(Run(Module("exit_200"), engine).exit_code, 200) << engine;
    }
  }
  EXPECT_EQ(CodeFiles().size(), 2U);
  EXPECT_EQ(Compiles(), 2U) << Log();
}

TEST_F(CacheFaultTest, AnotherVersionOfTheEngineCompilesAnew) {
  EXPECT_EQ(Run(Module("exit_200")).exit_code, 200);
  engines_ = MAYFLY_TEST_TOY_2_DIR;
  EXPECT_EQ(Run(Module("exit_200")).exit_code, 200);
  EXPECT_EQ(Compiles(), 2U) << Log();
  EXPECT_NE(Log().find("with toy 1.0"), std::string::npos) << Log();
  EXPECT_NE(Log().find("with toy 2.0"), std::string::npos) << Log();
  EXPECT_EQ(CodeFiles().size(), 2U);
}

// glibc hides a feature from the process: to the cache it is another machine.
TEST_F(CacheFaultTest, AnotherCpuCompilesAnew) {
  CommandOptions other = Options();
  other.environment.emplace("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX2,-AVX,-SSE4_2,-POPCNT");
  EXPECT_EQ(Run(Module("exit_200")).exit_code, 200);
  EXPECT_EQ(RunCommand(CommandLine(Module("exit_200")), other).exit_code, 200);
  if (Compiles() == 1) {
    GTEST_SKIP() << "this glibc or CPU has none of the features that the test hides";
  }
  EXPECT_EQ(Compiles(), 2U) << Log();
  EXPECT_EQ(CodeFiles().size(), 2U);
  const Output listed = Mayfly({"cache", "ls"});
  EXPECT_EQ(CountOf(listed.out, "   this\n"), 1U) << listed.out;
  EXPECT_EQ(CountOf(listed.out, "   other\n"), 1U) << listed.out;
}

TEST_F(CacheFaultTest, WhatIsOffIsLoggedAndCompiledAnew) {
  const std::string module = Module("exit_200");
  EXPECT_EQ(Run(module).exit_code, 200);
  const fs::path code = CodeFiles().at(0);
  size_t times = 0;
  const auto damage = [&](const std::string& reason, const auto& change) {
    change();
    EXPECT_EQ(Run(module).exit_code, 200) << reason;
    ++times;
    EXPECT_EQ(CountOf(Log(), "is thrown away"), times) << reason << ": " << Log();
    EXPECT_NE(Log().find("is thrown away: " + reason), std::string::npos) << Log();
    EXPECT_EQ(Compiles(), 1 + times);
  };
  damage("its owner or mode is not as written",
         [&] { fs::permissions(code, fs::perms::group_write, fs::perm_options::add); });
  damage("its checksum does not match", [&] {
    std::fstream file(code, std::ios::in | std::ios::out | std::ios::binary);
    file.put('X');
  });
  damage("its sizes do not add up", [&] {
    const std::string bytes = ReadText(code);
    std::ofstream(code, std::ios::binary | std::ios::trunc) << bytes.substr(1);
  });
  damage("it has no trailer", [&] { std::ofstream(code) << std::string(500, 'x'); });
  damage("it is too short", [&] { fs::resize_file(code, 10); });
}

// Nothing that lies beside a module in an image is taken for its code, and code is no program.
TEST_F(CacheFaultTest, CodeThatAnImageShipsIsNotUsed) {
  const fs::path app = scratch_ / "app.wasm";
  fs::copy_file(Module("exit_200"), app);
  const std::string other = scratch_ / "other.code";
  ASSERT_EQ(Mayfly({"compile", "--engine", "toy", Module("exit_1"), "-o", other}).exit_code, 0);
  for (const std::string name : {"app.cwasm", "app.aot", "app.wasm.aot", "app.wasm.code"}) {
    fs::copy_file(other, scratch_ / name);
  }
  EXPECT_EQ(Run(app).exit_code, 200);
  const Output output = RunCommand(
      {MAYFLY_TEST_DRIVE, "dev.mayfly.engine=toy", "dev.mayfly.workload=wasm", other}, Options());
  EXPECT_EQ(output.exit_code, 1);
  EXPECT_NE(output.err.find("not a WebAssembly module"), std::string::npos) << output.err;
}

// 200 processes meet at an empty cache.
TEST_F(CacheFaultTest, TwoHundredFirstStartsCompileOnce) {
  std::vector<std::unique_ptr<Process>> processes;
  processes.reserve(200);
  for (int i = 0; i < 200; ++i) {
    processes.push_back(std::make_unique<Process>(CommandLine(Module("exit_200")), Options()));
  }
  for (const auto& process : processes) {
    EXPECT_EQ(process->Wait(), 200) << process->Stderr();
  }
  EXPECT_EQ(Compiles(), 1U) << Log();
  EXPECT_EQ(CodeFiles().size(), 1U);
}

// Starts that find their code, and starts that lose it the moment they look, while somebody empties
// the cache: all of them run.
TEST_F(CacheFaultTest, StartsWhileTheCacheIsEmptied) {
  for (int round = 0; round < 10; ++round) {
    std::vector<std::unique_ptr<Process>> processes;
    processes.reserve(8);
    for (int i = 0; i < 8; ++i) {
      processes.push_back(std::make_unique<Process>(
          CommandLine(Module(i % 2 == 0 ? "exit_200" : "exit_1")), Options()));
    }
    EXPECT_EQ(Mayfly({"cache", "prune", "--all"}).exit_code, 0);
    for (size_t i = 0; i < processes.size(); ++i) {
      EXPECT_EQ(processes[i]->Wait(), i % 2 == 0 ? 200 : 1) << processes[i]->Stderr();
    }
  }
}

// Room for nothing: whoever compiles makes the other's code go.
TEST_F(CacheFaultTest, ABoundSmallerThanAnyEntry) {
  std::ofstream(scratch_ / "config.toml") << "[cache]\nmax_bytes = 1\n";
  CommandOptions options = Options();
  options.environment["MAYFLY_CONFIG"] = scratch_ / "config.toml";
  for (const int code : {200, 1, 200}) {
    const std::string module = Module("exit_" + std::to_string(code));
    EXPECT_EQ(RunCommand(CommandLine(module), options).exit_code, code);
    EXPECT_EQ(CodeFiles().size(), 1U);
  }
  EXPECT_EQ(Compiles(), 3U) << Log();
}

}  // namespace
}  // namespace mayfly::test
