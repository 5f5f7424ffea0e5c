// stdin, stdout, descriptors, exit codes, logs: what passes between caller and program.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "fixture.h"

namespace mayfly::test {

namespace fs = std::filesystem;

using StdioTest = RuntimeTest;

namespace {

// The lines of a JSON log.
std::vector<nlohmann::json> LogLines(const std::string& text) {
  std::vector<nlohmann::json> lines;
  for (size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    lines.push_back(nlohmann::json::parse(text.substr(at, end - at), nullptr, false));
  }
  return lines;
}

}  // namespace

TEST_F(StdioTest, ExitCodes) {
  Bundle bundle = MakeBundle();
  for (const int code : {0, 1, 2, 7, 126, 127, 200, 255}) {
    bundle.Probe({"exit", std::to_string(code)});
    const Output output = Run(bundle);
    EXPECT_EQ(output.exit_code, code);
    EXPECT_EQ(output.err, "");
  }
}

TEST_F(StdioTest, ASignalIs128PlusItsNumber) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"fault"});
  EXPECT_EQ(Run(bundle).exit_code, 128 + SIGSEGV);
  bundle.Probe({"trap"});
  EXPECT_EQ(Run(bundle).exit_code, 128 + SIGILL);
  bundle.DropNamespace("pid");
  for (const int signal : {SIGTERM, SIGKILL, SIGABRT, SIGUSR1, SIGPIPE}) {
    bundle.Probe({"raise", std::to_string(signal)});
    EXPECT_EQ(Run(bundle).exit_code, 128 + signal);
  }
}

TEST_F(StdioTest, StdoutAndStderrAreApart) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"say", "to stdout", "to stderr"});
  const Output output = Run(bundle);
  EXPECT_EQ(output.out, "to stdout\n");
  EXPECT_EQ(output.err, "to stderr\n");
}

TEST_F(StdioTest, StdinPassesThrough) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"cat"});
  CommandOptions options;
  for (int i = 0; i < 100000; ++i) {
    options.stdin_text += std::to_string(i) + "\n";
  }
  const Output output = Run(bundle, options);
  EXPECT_EQ(output.exit_code, 0);
  EXPECT_EQ(output.out == options.stdin_text, true);
}

TEST_F(StdioTest, StdinAsAPipeEnds) {
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(::pipe2(pipe_ends.data(), O_CLOEXEC), 0);
  base::UniqueFd reader(pipe_ends[0]), writer(pipe_ends[1]);
  Bundle bundle = MakeBundle();
  bundle.Probe({"cat"});
  CommandOptions options;
  options.stdin_fd = reader.get();
  Process run = Spawn({"run", "--bundle", bundle.directory(), NewId()}, options);
  ASSERT_EQ(::write(writer.get(), "piped\n", 6), 6);
  EXPECT_TRUE(run.WaitForOutput("piped\n"));
  writer.Reset();
  EXPECT_EQ(run.Wait(), 0);
}

TEST_F(StdioTest, MuchOutputThroughAPipe) {
  constexpr size_t kBytes = 8U << 20;
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(::pipe2(pipe_ends.data(), O_CLOEXEC), 0);
  base::UniqueFd reader(pipe_ends[0]), writer(pipe_ends[1]);
  Bundle bundle = MakeBundle();
  bundle.Probe({"output", std::to_string(kBytes)});
  CommandOptions options;
  options.stdout_fd = writer.get();
  Process run = Spawn({"run", "--bundle", bundle.directory(), NewId()}, options);
  writer.Reset();
  size_t total = 0;
  std::array<char, 65536> buffer{};
  for (ssize_t count = 1; count > 0; total += static_cast<size_t>(count)) {
    count = ::read(reader.get(), buffer.data(), buffer.size());
    ASSERT_GE(count, 0);
  }
  EXPECT_EQ(total, kBytes);
  EXPECT_EQ(run.Wait(), 0);
}

TEST_F(StdioTest, AnOrdinaryUserCanReopenItsStdout) {
  Bundle bundle = MakeBundle();
  bundle.config["process"]["user"] = {{"uid", 1000}, {"gid", 1000}};
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(::pipe2(pipe_ends.data(), O_CLOEXEC), 0);
  base::UniqueFd reader(pipe_ends[0]), writer(pipe_ends[1]);
  bundle.Probe({"write", "/dev/stdout", "reopened"});
  CommandOptions options;
  options.stdout_fd = writer.get();
  EXPECT_EQ(Run(bundle, options).exit_code, 0);
  writer.Reset();
  std::array<char, 64> buffer{};
  EXPECT_GT(::read(reader.get(), buffer.data(), buffer.size()), 0);
  EXPECT_TRUE(std::string(buffer.data()).starts_with("reopened"));
}

// A descriptor of the host in the container is a way out: CVE-2024-21626.
TEST_F(StdioTest, NoDescriptorOfTheCallerGetsIn) {
  base::UniqueFd host_root(::open("/", O_RDONLY | O_DIRECTORY));
  Bundle bundle = MakeBundle();
  bundle.Probe({"report", "descriptors"});
  CommandOptions options;
  options.descriptors = {{3, host_root.get()}, {4, host_root.get()}, {17, host_root.get()}};
  nlohmann::json report = nlohmann::json::parse(Run(bundle, options).out, nullptr, false);
  ASSERT_FALSE(report.is_discarded());
  std::vector<int> numbers;
  for (auto& open : report["descriptors"]) {
    numbers.push_back(open["fd"].get<int>());
  }
  EXPECT_EQ(numbers, (std::vector<int>{0, 1, 2})) << report["descriptors"];
}

TEST_F(StdioTest, ADetachedContainerHoldsNoneEither) {
  base::UniqueFd host_root(::open("/", O_RDONLY | O_DIRECTORY));
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  CommandOptions options;
  options.descriptors = {{5, host_root.get()}};
  Process run = Spawn({"run", "--detach", "--bundle", bundle.directory(), id}, options);
  EXPECT_EQ(run.Wait(), 0);
  EXPECT_TRUE(run.WaitForOutput("ready"));
  std::vector<std::string> numbers;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(PidOf(id)) + "/fd")) {
    numbers.push_back(entry.path().filename());
  }
  EXPECT_EQ(numbers.size(), 3U);
}

TEST_F(StdioTest, WorkingDirectoryOfTheHostIsNotReachable) {
  Bundle bundle = MakeBundle();
  for (const std::string path : {"/proc/self/fd/7", "/proc/self/fd/8", "/proc/self/fd/3/../.."}) {
    bundle.config["process"]["cwd"] = path;
    bundle.Probe({"files", "."});
    const Output output = Run(bundle);
    EXPECT_EQ(output.out.find("mayfly-runtime"), std::string::npos) << output.out;
    EXPECT_NE(output.exit_code, 0) << path << ": " << output.out;
  }
}

TEST_F(StdioTest, PreservedDescriptorsArrive) {
  base::UniqueFd file(::open((directory() / "kept").c_str(), O_RDWR | O_CREAT, 0600));
  ASSERT_EQ(::write(file.get(), "kept content", 12), 12);
  Bundle bundle = MakeBundle();
  bundle.Probe({"report", "descriptors"});
  CommandOptions options;
  options.descriptors = {{3, file.get()}, {4, file.get()}};
  const Output output =
      Runtime({"run", "--preserve-fds", "2", "--bundle", bundle.directory(), NewId()}, options);
  nlohmann::json report = nlohmann::json::parse(output.out, nullptr, false);
  ASSERT_FALSE(report.is_discarded()) << output.err;
  std::vector<int> numbers;
  for (auto& open : report["descriptors"]) {
    numbers.push_back(open["fd"].get<int>());
  }
  EXPECT_EQ(numbers, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST_F(StdioTest, APreservedDescriptorThatIsNotOpenIsAnError) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc takes descriptors of the Go library for the caller's";
  }
  const Bundle bundle = MakeBundle();
  const Output output =
      Runtime({"run", "--preserve-fds", "3", "--bundle", bundle.directory(), NewId()});
  EXPECT_NE(output.exit_code, 0);
  EXPECT_FALSE(output.err.empty());
}

TEST_F(StdioTest, ErrorsAreInTheJsonLog) {
  const std::string log = directory() / "log.json";
  const Output output = RunCommand({RuntimePath(), "--root", state_root(), "--log", log,
                                    "--log-format", "json", "state", "nobody"});
  EXPECT_EQ(output.exit_code, 1);
  bool found = false;
  for (nlohmann::json& line : LogLines(ReadFile(log))) {
    ASSERT_FALSE(line.is_discarded());
    EXPECT_TRUE(line["time"].is_string());
    found = found || (line["level"] == "error" && line["msg"].is_string() &&
                      line["msg"].get<std::string>().find("does not exist") != std::string::npos);
  }
  EXPECT_TRUE(found) << ReadFile(log);
  EXPECT_NE(output.err.find("does not exist"), std::string::npos) << "and on stderr";
}

TEST_F(StdioTest, TheTextLogNamesLevelAndMessage) {
  const std::string log = directory() / "log.txt";
  RunCommand({RuntimePath(), "--root", state_root(), "--log", log, "state", "nobody"});
  const std::string text = ReadFile(log);
  EXPECT_NE(text.find("level=error"), std::string::npos) << text;
  EXPECT_NE(text.find("does not exist"), std::string::npos) << text;
}

TEST_F(StdioTest, TheLogIsAppendedTo) {
  const std::string log = directory() / "log.json";
  WriteFile(log, "{\"before\": 1}\n");
  RunCommand({RuntimePath(), "--root", state_root(), "--log", log, "--log-format", "json", "state",
              "nobody"});
  EXPECT_TRUE(ReadFile(log).starts_with("{\"before\": 1}\n"));
}

// What fails inside the container is in the log too, with what was being done.
TEST_F(StdioTest, ErrorsOfTheInitAreInTheLog) {
  const std::string log = directory() / "log.json";
  Bundle bundle = MakeBundle();
  bundle.config["process"]["args"] = {"/no/such/program"};
  bundle.Save();
  const Output output =
      RunCommand({RuntimePath(), "--root", state_root(), "--log", log, "--log-format", "json",
                  "run", "--bundle", bundle.directory(), NewId()});
  EXPECT_EQ(output.exit_code, 1);
  EXPECT_NE(ReadFile(log).find("/no/such/program"), std::string::npos) << ReadFile(log);
}

TEST_F(StdioTest, AnUnwritableLogIsAnError) {
  const Output output = RunCommand({RuntimePath(), "--log", "/no/such/directory/log", "list"});
  EXPECT_NE(output.exit_code, 0);
  EXPECT_NE(output.err.find("/no/such/directory/log"), std::string::npos) << output.err;
}

TEST_F(StdioTest, ClosedStandardDescriptorsDoNoHarm) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"exit", "4"});
  std::vector<std::string> line = {"sh", "-c", "exec \"$@\" <&- >&- 2>&-", "sh"};
  for (const std::string& word : CommandLine({"run", "--bundle", bundle.directory(), NewId()})) {
    line.push_back(word);
  }
  EXPECT_EQ(RunCommand(line).exit_code, 4);
}

}  // namespace mayfly::test
