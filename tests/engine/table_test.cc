// The engine table: what a guest may rely on, run over every engine and strategy that is installed.
//
// Modules run by engine_drive, which makes the four calls of a workload without a container; what
// only a container shows (namespaces, mounts, pid 1) is in tests/runtime/wasm_test.cc.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "../runtime/command.h"
#include "ways.h"

namespace mayfly::test {
namespace {

namespace fs = std::filesystem;

fs::path EnginesDir() {
  const char* dir = ::getenv("MAYFLY_ENGINES_DIR");
  return dir != nullptr ? dir : MAYFLY_TEST_ENGINES_DIR;
}

bool Offers(const std::string& engine, const std::string& import) {
  const mayfly_engine* const plugin = Plugin(EnginesDir(), engine);
  const char* const* offered = plugin == nullptr ? nullptr : plugin->imports;
  while (offered != nullptr && *offered != nullptr && *offered != import) {
    ++offered;
  }
  return offered != nullptr && *offered != nullptr;
}

class EngineTable : public testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    if (!fs::exists(fs::path(MAYFLY_TEST_MODULES) / "noop.wasm") ||
        !fs::exists(fs::path(MAYFLY_TEST_MODULES) / "guest.wasm")) {
      GTEST_SKIP() << "the test modules are not built: wabt or a compiler for WASI is missing";
    }
    std::string name = (fs::temp_directory_path() / "mayfly-table-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    scratch_ = name;
    fs::create_directory(scratch_ / "files");
  }

  void TearDown() override {
    if (!scratch_.empty()) {
      fs::remove_all(scratch_);
    }
  }

  static std::string Module(const std::string& name) {
    return fs::path(MAYFLY_TEST_MODULES) / (name + ".wasm");
  }

  std::vector<std::string> CommandLine(const std::string& program,
                                       const std::vector<std::string>& args,
                                       const std::vector<std::string>& annotations = {}) {
    std::vector<std::string> line = {MAYFLY_TEST_DRIVE, "dev.mayfly.engine=" + GetParam().engine,
                                     "dev.mayfly.strategy=" + GetParam().strategy};
    line.insert(line.end(), annotations.begin(), annotations.end());
    line.push_back(program);
    line.insert(line.end(), args.begin(), args.end());
    return line;
  }

  CommandOptions Options(CommandOptions options = {}) {
    // One cache for all tests of a run: the guest is compiled once.
    options.environment.emplace("MAYFLY_CACHE_DIR", fs::path(MAYFLY_TEST_CACHE));
    options.environment.emplace("MAYFLY_ENGINES_DIR", EnginesDir());
    options.environment.emplace("MAYFLY_CONFIG", "/dev/null");
    return options;
  }

  Output Run(const std::string& module, const std::vector<std::string>& args = {},
             const CommandOptions& options = {}) {
    return RunCommand(CommandLine(Module(module), args), Options(options));
  }

  void ExpectOk(const std::vector<std::string>& args, const CommandOptions& options = {}) {
    const Output output = Run("guest", args, options);
    EXPECT_EQ(output.out, "ok\n") << output.err;
    EXPECT_EQ(output.exit_code, 0);
  }

  void ExpectRefused(const std::string& program, const std::string& text) {
    const Output output = RunCommand(CommandLine(program, {}), Options());
    EXPECT_EQ(output.exit_code, 1);
    EXPECT_NE(output.err.find(text), std::string::npos)
        << "expected \"" << text << "\" in: " << output.err;
    EXPECT_EQ(output.out, "");
  }

  std::string files() const { return scratch_ / "files"; }

  fs::path scratch_;
};

TEST_P(EngineTable, ExitStatusIsExact) {
  EXPECT_EQ(Run("noop").exit_code, 0);
  for (const int code : {0, 1, 200, 255}) {
    const Output output = Run("exit_" + std::to_string(code));
    EXPECT_EQ(output.exit_code, code);
    EXPECT_EQ(output.err, "");
  }
}

TEST_P(EngineTable, ALargeExitCodeKeepsItsLowEightBits) {
  EXPECT_EQ(Run("exit_511").exit_code, 255);
}

TEST_P(EngineTable, TrapsAre134WithTheReason) {
  const std::map<std::string, std::string> traps = {
      {"trap_unreachable", "unreachable"},         {"trap_memory", "out of bounds memory"},
      {"trap_memory_far", "out of bounds memory"}, {"trap_stack", "stack"},
      {"trap_divide", "divide by zero"},           {"trap_indirect", "uninitialized element"},
      {"start_section_trap", "unreachable"}};
  for (const auto& [module, reason] : traps) {
    const Output output = Run(module);
    EXPECT_EQ(output.exit_code, 134) << module;
    const std::string first = output.err.substr(0, output.err.find('\n'));
    EXPECT_TRUE(first.starts_with("mayfly: trap: ")) << module << ": " << output.err;
    EXPECT_NE(first.find(reason), std::string::npos) << module << ": " << first;
  }
}

TEST_P(EngineTable, TheStartSectionIsTheGuests) {
  EXPECT_EQ(Run("start_section_exit").exit_code, 9);
}

TEST_P(EngineTable, AllOf32BitsOfMemory) { EXPECT_EQ(Run("grow").exit_code, 0); }

TEST_P(EngineTable, AMemoryCapHolds) {
  const auto run = [this](const std::string& module, const std::string& cap) {
    return RunCommand(CommandLine(Module(module), {}, {"dev.mayfly.max-memory=" + cap}), Options());
  };
  // grow asks for 4 GiB and traps when it does not get them.
  const Output grown = run("grow", std::to_string(64 << 20));
  EXPECT_EQ(grown.exit_code, 134);
  EXPECT_NE(grown.err.find("unreachable"), std::string::npos) << grown.err;
  // One page is what it declares: a cap below that leaves nothing to start with.
  const Output refused = run("grow", "1000");
  EXPECT_EQ(refused.exit_code, 1) << refused.err;
  EXPECT_NE(refused.err.find("memory"), std::string::npos) << refused.err;
  EXPECT_EQ(run("exit_200", std::to_string(64 << 20)).exit_code, 200);
}

// 64 MiB of data, which end up in memory whole: the bytes at both ends are the exit status.
TEST_P(EngineTable, AHugeModule) {
  constexpr uint32_t kBytes = 64U << 20;
  const auto leb = [](uint32_t value) {
    std::string out;
    for (; value > 0x7F; value >>= 7) {
      out.push_back(static_cast<char>(value | 0x80));
    }
    return out + static_cast<char>(value);
  };
  const auto section = [&leb](char number, const std::string& content) {
    return number + leb(static_cast<uint32_t>(content.size())) + content;
  };
  const std::string import = std::string("\1\x16wasi_snapshot_preview1\x09proc_exit\0\0", 36);
  const std::string exports = std::string("\2\6memory\2\0\6_start\0\1", 19);
  // i32.load8_u 0, i32.load8_u kBytes - 1, i32.add, call proc_exit
  const std::string body = std::string("\0\x41\0\x2d\0\0\x41\0\x2d\0", 10) + leb(kBytes - 1) +
                           std::string("\x6a\x10\0\x0b", 4);
  std::string data(kBytes, 'm');
  data.front() = 100;
  data.back() = 23;
  const fs::path module = scratch_ / "huge.wasm";
  std::ofstream(module, std::ios::binary)
      << std::string("\0asm\1\0\0\0", 8) << section(1, std::string("\2\x60\1\x7f\0\x60\0\0", 8))
      << section(2, import) << section(3, std::string("\1\1", 2))
      << section(5, std::string("\1\0", 2) + leb(1024)) << section(7, exports)
      << section(10, std::string("\1", 1) + leb(static_cast<uint32_t>(body.size())) + body)
      << section(11, std::string("\1\0\x41\0\x0b", 5) + leb(kBytes) + data);
  CommandOptions options = Options();
  options.environment["MAYFLY_CACHE_DIR"] = scratch_ / "cache";  // not worth keeping
  for (const std::string start : {"first", "next"}) {
    const Output output = RunCommand(CommandLine(module, {}), options);
    EXPECT_EQ(output.exit_code, 123) << start << ": " << output.err;
  }
}

TEST_P(EngineTable, ThreadsAreRefusedByName) {
  ExpectRefused(Module("threads"),
                "module imports wasi.thread-spawn: not offered by " + GetParam().engine);
}

TEST_P(EngineTable, ModulesThatCannotRunAreRefusedWithTheReason) {
  ExpectRefused(Module("no_start"), "module exports no function _start");
  ExpectRefused(Module("reactor"), "module exports no function _start");
  ExpectRefused(Module("missing_function"),
                "module imports env.foo: not offered by " + GetParam().engine);
  const std::string socket = "wasi_snapshot_preview1.sock_setsockopt";
  if (Offers(GetParam().engine, socket)) {
    EXPECT_EQ(Run("missing_socket").exit_code, 0);
  } else {
    std::string others;
    for (const std::string& engine : Engines(EnginesDir())) {
      if (Offers(engine, socket)) {
        others.append(others.empty() ? "offered by " : " and ").append(engine);
      }
    }
    ExpectRefused(Module("missing_socket"),
                  "module imports " + socket + ": " +
                      (others.empty() ? "not offered by" : others + ", not by") + " " +
                      GetParam().engine);
  }
  ExpectRefused(Module("invalid_body"), "invalid_body.wasm");
}

TEST_P(EngineTable, AnImportOfAnotherTypeIsRefused) {
  ExpectRefused(
      Module("wrong_signature"),
      "module imports wasi_snapshot_preview1.proc_exit as (i64) -> (): it is (i32) -> ()");
}

TEST_P(EngineTable, FilesThatAreNoModuleAreRefused) {
  const auto write = [this](const std::string& name, const std::string& bytes) {
    std::ofstream(scratch_ / name, std::ios::binary) << bytes;
    return (scratch_ / name).string();
  };
  ExpectRefused(write("text.wasm", "this is text"), "not a WebAssembly module");
  ExpectRefused(write("empty.wasm", ""), "not a WebAssembly module");
  ExpectRefused(write("text.wat", "(module)"), "the text format is not run");
  const bool components = fs::exists(EnginesDir() / (GetParam().engine + "-component.so"));
  ExpectRefused(write("component.wasm", std::string("\0asm\x0d\0\1\0", 8)),
                components ? "wasi:cli/run" : "components are not supported by");
  ExpectRefused(write("version.wasm", std::string("\0asm\2\0\0\0", 8)),
                "binary format version 02 00 00 00");
  ExpectRefused(write("header.wasm", std::string("\0asm\1\0\0\0", 8)),
                "module exports no function _start");
  std::ifstream guest(Module("guest"), std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(guest)),
                          std::istreambuf_iterator<char>());
  ExpectRefused(write("cut.wasm", bytes.substr(0, bytes.size() / 2)), "cut.wasm");
}

TEST_P(EngineTable, Files) {
  ExpectOk({"files", files()});
  ExpectOk({"directories", files()});
  ExpectOk({"links", files()});
  EXPECT_TRUE(fs::is_empty(files()));
}

TEST_P(EngineTable, ClocksAndRandom) {
  ExpectOk({"clocks"});
  ExpectOk({"random"});
}

TEST_P(EngineTable, OnlyStandardStreamsAndPreopensAreOpen) {
  CommandOptions options;
  options.directory = "/";
  ExpectOk({"descriptors", " 0 1 2 3"}, options);
  options.directory = files();
  ExpectOk({"descriptors", " 0 1 2 3 4"}, options);
}

TEST_P(EngineTable, PollOnFiles) { ExpectOk({"poll-file", files()}); }

TEST_P(EngineTable, PollOnAnEmptyPipe) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const base::UniqueFd reader(ends[0]);
  const base::UniqueFd writer(ends[1]);
  CommandOptions options;
  options.stdin_fd = reader.get();
  ExpectOk({"poll-empty"}, options);
}

TEST_P(EngineTable, PollAndReadOnAPipeThatIsFilledLater) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  base::UniqueFd reader(ends[0]);
  base::UniqueFd writer(ends[1]);
  CommandOptions options;
  options.stdin_fd = reader.get();
  Process guest(CommandLine(Module("guest"), {"poll-input"}), Options(options));
  PauseMilliseconds(100);
  ASSERT_EQ(::write(writer.get(), "x", 1), 1);
  PauseMilliseconds(100);
  writer.Reset();
  EXPECT_EQ(guest.Wait(), 0) << guest.Stdout() << guest.Stderr();
}

TEST_P(EngineTable, ClosedStandardInputIsAnErrorOfTheRead) {
  std::vector<std::string> line = CommandLine(Module("guest"), {"closed-stdin"});
  std::string script = "exec \"$@\" <&-";
  std::vector<std::string> shell = {"/bin/sh", "-c", script, "sh"};
  shell.insert(shell.end(), line.begin(), line.end());
  const Output output = RunCommand(shell, Options());
  EXPECT_EQ(output.out, "ok\n") << output.err;
}

TEST_P(EngineTable, MuchOutputToASlowReaderArrivesWhole) {
  constexpr size_t kBytes = 3'000'000;
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const base::UniqueFd reader(ends[0]);
  base::UniqueFd writer(ends[1]);
  // Non-blocking, as an event loop on the other side may have made it.
  ASSERT_EQ(::fcntl(writer.get(), F_SETFL, O_NONBLOCK), 0);
  CommandOptions options;
  options.stdout_fd = writer.get();
  Process guest(CommandLine(Module("guest"), {"pour", std::to_string(kBytes)}), Options(options));
  writer.Reset();
  PauseMilliseconds(200);
  std::string all;
  std::string chunk(200'000, '\0');
  for (ssize_t n = 0; (n = ::read(reader.get(), chunk.data(), chunk.size())) > 0;) {
    all.append(chunk, 0, static_cast<size_t>(n));
    PauseMilliseconds(1);
  }
  EXPECT_EQ(guest.Wait(), 0);
  EXPECT_EQ(guest.Stderr(), "poured\n");
  ASSERT_EQ(all.size(), kBytes);
  for (size_t at = 0, letter = 0; at < all.size(); ++at, letter = (letter + 1) % 26) {
    if (at % ((1 << 20) / 26 * 26 + 26) == 0) {
      letter = 0;
    }
    ASSERT_EQ(all[at], static_cast<char>('a' + letter)) << at;
  }
}

// The reader has gone: the guest ends by SIGPIPE, as a native program does.
TEST_P(EngineTable, AReaderThatWentAwayEndsTheGuest) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  base::UniqueFd(ends[0]).Reset();
  const base::UniqueFd writer(ends[1]);
  CommandOptions options;
  options.stdout_fd = writer.get();
  EXPECT_EQ(Run("guest", {"pour", "100000"}, options).exit_code, 128 + SIGPIPE);
}

TEST_P(EngineTable, SignalsEndTheGuestAtOnce) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGKILL}) {
    Process guest(CommandLine(Module("spin"), {}), Options());
    ASSERT_TRUE(guest.WaitForOutput("ready")) << guest.Stderr();
    guest.Kill(number);
    EXPECT_EQ(guest.Wait(), 128 + number);
  }
}

INSTANTIATE_TEST_SUITE_P(Every, EngineTable, testing::ValuesIn(Ways(EnginesDir())),
                         [](const auto& row) {
                           std::string name = row.param.engine + "_" + row.param.strategy;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });
// A build without plugins has an empty table; it must say so and not pass silently.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(EngineTable);

TEST(EngineTableItself, HasRows) {
  if (Ways(EnginesDir()).empty()) {
    GTEST_SKIP() << "no engine is built: " << EnginesDir() << " is empty";
  }
  EXPECT_GE(Ways(EnginesDir()).size(), 2U);
}

}  // namespace
}  // namespace mayfly::test
