// Components (WASI preview 2, world wasi:cli/command), over every engine that runs them: the guests
// of the engine table made into components, so that what differs is the way in.
//
// A component's wasi:cli/exit tells any failure as 1 unless the guest calls exit-with-code, which
// the adapter of preview 1 does not: exit codes above 1 are the guests' own affair.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "../runtime/command.h"

namespace mayfly::test {
namespace {

namespace fs = std::filesystem;

struct ComponentWay {
  std::string engine;
  std::string strategy;
};

void PrintTo(const ComponentWay& way, std::ostream* out) {
  *out << way.engine << " " << way.strategy;
}

fs::path EnginesDir() {
  const char* dir = ::getenv("MAYFLY_ENGINES_DIR");
  return dir != nullptr ? dir : MAYFLY_TEST_ENGINES_DIR;
}

std::vector<ComponentWay> Ways() {
  constexpr std::string_view kSuffix = "-component";
  std::vector<ComponentWay> ways;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(EnginesDir(), none)) {
    const std::string name = entry.path().stem();
    if (name.ends_with(kSuffix)) {
      const std::string engine = name.substr(0, name.size() - kSuffix.size());
      ways.push_back({engine, "aot"});
      ways.push_back({engine, "jit"});
    }
  }
  return ways;
}

class Components : public testing::TestWithParam<ComponentWay> {
 protected:
  void SetUp() override {
    if (!fs::exists(Component("noop")) || !fs::exists(Component("guest"))) {
      GTEST_SKIP()
          << "the test components are not built: ./dev setup --all-engines builds the tool";
    }
    std::string name = (fs::temp_directory_path() / "mayfly-component-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    scratch_ = name;
  }

  void TearDown() override {
    if (!scratch_.empty()) {
      fs::remove_all(scratch_);
    }
  }

  static fs::path Component(const std::string& name) {
    return fs::path(MAYFLY_TEST_MODULES) / "component" / (name + ".wasm");
  }

  static std::vector<std::string> CommandLine(const std::string& component,
                                              const std::vector<std::string>& args) {
    std::vector<std::string> line = {MAYFLY_TEST_DRIVE, "dev.mayfly.engine=" + GetParam().engine,
                                     "dev.mayfly.strategy=" + GetParam().strategy,
                                     Component(component)};
    line.insert(line.end(), args.begin(), args.end());
    return line;
  }

  static CommandOptions Options(CommandOptions options = {}) {
    options.environment.emplace("MAYFLY_CACHE_DIR", fs::path(MAYFLY_TEST_CACHE));
    options.environment.emplace("MAYFLY_ENGINES_DIR", EnginesDir());
    options.environment.emplace("MAYFLY_CONFIG", "/dev/null");
    return options;
  }

  static Output Run(const std::string& component, const std::vector<std::string>& args = {},
                    const CommandOptions& options = {}) {
    return RunCommand(CommandLine(component, args), Options(options));
  }

  static void ExpectOk(const std::vector<std::string>& args, const CommandOptions& options = {}) {
    const Output output = Run("guest", args, options);
    EXPECT_EQ(output.out, "ok\n") << output.err;
    EXPECT_EQ(output.exit_code, 0);
  }

  fs::path scratch_;
};

TEST_P(Components, ExitStatus) {
  EXPECT_EQ(Run("noop").exit_code, 0);
  EXPECT_EQ(Run("exit_0").exit_code, 0);
  EXPECT_EQ(Run("exit_1").exit_code, 1);
  EXPECT_NE(Run("exit_200").exit_code, 0);
}

TEST_P(Components, TrapsAre134WithTheReason) {
  const std::map<std::string, std::string> traps = {{"trap_unreachable", "unreachable"},
                                                    {"trap_stack", "stack"},
                                                    {"trap_divide", "divide by zero"}};
  for (const auto& [component, reason] : traps) {
    const Output output = Run(component);
    EXPECT_EQ(output.exit_code, 134) << component;
    const std::string first = output.err.substr(0, output.err.find('\n'));
    EXPECT_TRUE(first.starts_with("mayfly: trap: ")) << component << ": " << output.err;
    EXPECT_NE(first.find(reason), std::string::npos) << component << ": " << first;
  }
}

TEST_P(Components, Files) {
  ExpectOk({"files", scratch_});
  ExpectOk({"directories", scratch_});
  ExpectOk({"links", scratch_});
  EXPECT_TRUE(fs::is_empty(scratch_));
}

TEST_P(Components, AMemoryCapHolds) {
  std::vector<std::string> line = CommandLine("guest", {"clocks"});
  line.insert(line.begin() + 1, "dev.mayfly.max-memory=100000");
  const Output output = RunCommand(line, Options());
  // The memories of a component are made by its own instructions, so this is a trap.
  EXPECT_EQ(output.exit_code, 134) << output.out;
  EXPECT_NE(output.err.find("exceeds memory limits"), std::string::npos) << output.err;
}

TEST_P(Components, ClocksAndRandom) {
  ExpectOk({"clocks"});
  ExpectOk({"random"});
}

TEST_P(Components, PollOnAnEmptyPipe) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const base::UniqueFd reader(ends[0]);
  const base::UniqueFd writer(ends[1]);
  CommandOptions options;
  options.stdin_fd = reader.get();
  ExpectOk({"poll-empty"}, options);
}

TEST_P(Components, PollAndReadOnAPipeThatIsFilledLater) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  base::UniqueFd reader(ends[0]);
  base::UniqueFd writer(ends[1]);
  CommandOptions options;
  options.stdin_fd = reader.get();
  Process guest(CommandLine("guest", {"poll-input"}), Options(options));
  PauseMilliseconds(100);
  ASSERT_EQ(::write(writer.get(), "x", 1), 1);
  PauseMilliseconds(100);
  writer.Reset();
  EXPECT_EQ(guest.Wait(), 0) << guest.Stdout() << guest.Stderr();
}

TEST_P(Components, MuchOutputArrivesWhole) {
  const Output output = Run("guest", {"pour", "3000000"});
  EXPECT_EQ(output.exit_code, 0);
  EXPECT_EQ(output.out.size(), 3'000'000U);
  EXPECT_EQ(output.err, "poured\n");
}

TEST_P(Components, SignalsEndTheGuestAtOnce) {
  for (const int number : {SIGTERM, SIGKILL}) {
    Process guest(CommandLine("spin", {}), Options());
    ASSERT_TRUE(guest.WaitForOutput("ready")) << guest.Stderr();
    guest.Kill(number);
    EXPECT_EQ(guest.Wait(), 128 + number);
  }
}

INSTANTIATE_TEST_SUITE_P(Every, Components, testing::ValuesIn(Ways()), [](const auto& row) {
  std::string name = row.param.engine + "_" + row.param.strategy;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Components);

}  // namespace
}  // namespace mayfly::test
