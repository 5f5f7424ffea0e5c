#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "lab/exec/sha256.h"
#include "lab/run/cell_runner.h"
#include "lab/run/context.h"
#include "lab/run/progress.h"
#include "lab/run/session.h"

namespace mayfly::lab {
namespace {

class Runs : public testing::Test {
 protected:
  Runs() {
    std::string pattern = testing::TempDir() + "lab-run-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    plan_.runs = 2;
    plan_.timeout_ms = 10'000;
  }
  ~Runs() override { std::filesystem::remove_all(folder_); }

  Cell ShellCell(const std::string& name, const std::string& script) {
    Cell cell;
    cell.function = "f";
    cell.environment = name;
    cell.command.argv = {"sh", "-c", script};
    cell.cleanup = {{"sh", "-c", "echo {id} >> " + folder_ + "/cleaned"}};
    return cell;
  }

  CellRun RunOnce(const Cell& cell) {
    const Interrupt never;
    return CellRunner(plan_, never).Run(cell, "id7");
  }

  base::Result<SessionResult> RunAll(std::vector<Sample>& samples, SampleWriter& writer) {
    const auto left = RunsLeft(plan_, samples);
    EXPECT_TRUE(left);
    const Interrupt never;
    return RunSession(plan_, *left, {.failures_path = folder_ + "/failures.txt"}, never, writer,
                      samples);
  }

  bool Cleaned() const { return std::filesystem::exists(folder_ + "/cleaned"); }

  std::string folder_;
  Plan plan_;
};

TEST_F(Runs, AGoodRunIsOkAndNotCleanedUp) {
  Cell cell = ShellCell("a", "printf {id}; exit 3");
  cell.expected = {
      .exit_code = 3, .stdout_bytes = 3, .stdout_sha256 = Sha256Of("id7"), .files = {}};
  const CellRun run = RunOnce(cell);
  EXPECT_TRUE(run.sample.ok) << run.sample.note;
  EXPECT_EQ(run.sample.environment, "a");
  EXPECT_GT(run.sample.total_ns, 0);
  EXPECT_FALSE(Cleaned());
}

TEST_F(Runs, AWrongExitCodeSaysWhatStderrSaid) {
  const CellRun run = RunOnce(ShellCell("a", "echo first >&2; echo broken >&2; exit 5"));
  EXPECT_FALSE(run.sample.ok);
  EXPECT_EQ(run.sample.note, "exit code 5 instead of 0: broken");
  EXPECT_EQ(run.stderr_tail, "first\nbroken\n");
  EXPECT_TRUE(Cleaned());
}

TEST_F(Runs, WrongOutputFails) {
  Cell cell = ShellCell("a", "printf abd");
  cell.expected = {
      .exit_code = 0, .stdout_bytes = 3, .stdout_sha256 = Sha256Of("abc"), .files = {}};
  EXPECT_TRUE(RunOnce(cell).sample.note.starts_with("stdout is not the golden output: sha256 "));
  cell.expected.stdout_bytes = 4;
  EXPECT_EQ(RunOnce(cell).sample.note, "3 bytes on stdout instead of 4");
}

TEST_F(Runs, ATimeOutFailsAndIsCleanedUp) {
  plan_.timeout_ms = 100;
  const CellRun run = RunOnce(ShellCell("a", "sleep 30"));
  EXPECT_EQ(run.sample.note, "timed out after 100 ms");
  EXPECT_TRUE(Cleaned());
}

TEST_F(Runs, AProgramThatIsNotThereIsAFailedSample) {
  Cell cell = ShellCell("a", "");
  cell.command.argv = {"no-such-program"};
  const CellRun run = RunOnce(cell);
  EXPECT_FALSE(run.sample.ok);
  EXPECT_EQ(run.sample.exit_code, -1);
  EXPECT_EQ(run.sample.note, "run no-such-program: No such file or directory");
}

TEST_F(Runs, PreparationIsNotTimedAndMustSucceed) {
  Cell cell = ShellCell("a", "cat " + folder_ + "/prepared");
  cell.prepare = {{"sh", "-c", "sleep 0.3; printf {id} > " + folder_ + "/prepared"}};
  cell.expected = {.exit_code = 0, .stdout_bytes = 3, .stdout_sha256 = {}, .files = {}};
  const CellRun good = RunOnce(cell);
  EXPECT_TRUE(good.sample.ok) << good.sample.note;
  EXPECT_LT(good.sample.total_ns, 300'000'000);
  cell.prepare = {{"sh", "-c", "echo no >&2; exit 9"}};
  EXPECT_EQ(RunOnce(cell).sample.note,
            "preparation failed with exit code 9: sh -c echo no >&2; exit 9: no");
}

// The lab once left output among the suite's inputs, where golden cases took it for input.
TEST_F(Runs, AFunctionThatWritesHasInputsOfItsOwnAndNothingElse) {
  const std::string data = folder_ + "/data";
  const std::string context = folder_ + "/out/context/f";
  std::filesystem::create_directories(data + "/tree");
  std::ofstream(data + "/tree/in") << "abc";
  std::ofstream(data + "/other") << "not named by any argument";
  Cell cell = ShellCell("a", "cd " + context + " && test ! -e made && cat tree/in > made && ls");
  cell.context = {.path = context, .source = data, .inputs = {"tree/in"}};
  cell.expected.files = {{.path = "made", .bytes = 3, .sha256 = Sha256Of("abc")}};
  for (int i = 0; i < 2; ++i) {  // the second finds no file of the first
    const CellRun run = RunOnce(cell);
    EXPECT_TRUE(run.sample.ok) << run.sample.note;
    EXPECT_EQ(run.sample.stdout_sha256, Sha256Of("made\ntree\n"));
  }
  EXPECT_FALSE(std::filesystem::exists(data + "/made"));
  std::ofstream(context + "/tree/stray") << "of a run that was killed";
  std::filesystem::create_directory_symlink(data, context + "/link");
  EXPECT_TRUE(RunOnce(cell).sample.ok);
  EXPECT_FALSE(std::filesystem::exists(context + "/tree/stray"));
  EXPECT_TRUE(std::filesystem::exists(data + "/tree/in"));  // not followed
  EXPECT_EQ(std::filesystem::file_size(context + "/tree/in"), 3U);
}

TEST_F(Runs, AWrongFileFails) {
  Cell cell = ShellCell("a", "printf abd > " + folder_ + "/out/context/f/made");
  cell.context = {.path = folder_ + "/out/context/f", .source = folder_, .inputs = {}};
  const auto note_of = [&](const std::string& path, uint64_t bytes) {
    cell.expected.files = {{.path = path, .bytes = bytes, .sha256 = Sha256Of("abc")}};
    return RunOnce(cell).sample.note;
  };
  EXPECT_EQ(note_of("absent", 3), "file absent is not there");
  EXPECT_EQ(note_of("made", 4), "3 bytes in file made instead of 4");
  EXPECT_TRUE(note_of("made", 3).starts_with("file made is not the golden output: sha256 "));
  cell.context.inputs = {"no-input"};
  EXPECT_NE(note_of("made", 3).find(folder_ + "/no-input"), std::string::npos);
}

// A plan.json names the folder that is cleared before a run.
TEST_F(Runs, AContextElsewhereIsRefused) {
  Cell cell = ShellCell("a", "true");
  plan_.cells = {cell};
  EXPECT_TRUE(CheckContexts(plan_, "/out"));
  for (const char* path : {"/etc", "/out/context/", "/out/context/../..", "/out/context", "x"}) {
    plan_.cells[0].context.path = path;
    EXPECT_FALSE(CheckContexts(plan_, "/out")) << path;
  }
  plan_.cells[0].context.path = "/out/context/f";
  EXPECT_TRUE(CheckContexts(plan_, "/out"));
}

TEST_F(Runs, WaitsUntilTheDaemonAnswers) {
  const std::string file = folder_ + "/ready";
  plan_.ready = {"sh", "-c",
                 "test -e " + file + " || { (sleep 0.2; touch " + file + ") >&- 2>&- & false; }"};
  const Interrupt never;
  CellRunner runner(plan_, never);
  const auto ready = runner.WaitReady();
  EXPECT_TRUE(ready) << ready.error().text();
}

TEST_F(Runs, ASessionGoesOnAfterFailuresAndKeepsThem) {
  plan_.warm_up_blocks = 1;
  plan_.cells = {ShellCell("good", "true"), ShellCell("bad", "echo why >&2; exit 1")};
  auto writer = SampleWriter::Create(folder_ + "/samples.csv");
  std::vector<Sample> samples;
  const auto result = RunAll(samples, *writer);
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->failed, 3);
  EXPECT_FALSE(result->interrupted);
  const auto kept = ReadCsv(folder_ + "/samples.csv");
  ASSERT_TRUE(kept);
  EXPECT_EQ(*kept, samples);
  EXPECT_EQ(samples.size(), 6U);
  std::ifstream failures(folder_ + "/failures.txt");
  const std::string text((std::istreambuf_iterator<char>(failures)), {});
  EXPECT_NE(text.find("f, bad: exit code 1 instead of 0: why\nwhy\n"), std::string::npos) << text;
}

TEST_F(Runs, AResumedSessionMakesOnlyWhatIsLeft) {
  plan_.cells = {ShellCell("a", "true"), ShellCell("b", "true")};
  auto writer = SampleWriter::Create(folder_ + "/samples.csv");
  std::vector<Sample> samples;
  ASSERT_TRUE(RunAll(samples, *writer));
  ASSERT_EQ(samples.size(), 6U);
  std::vector<Sample> part(samples.begin(), samples.begin() + 3);
  auto second = SampleWriter::Create(folder_ + "/second.csv");
  ASSERT_TRUE(RunAll(part, *second));
  ASSERT_EQ(part.size(), 6U);
  EXPECT_EQ(ReadCsv(folder_ + "/second.csv")->size(), 3U);
  for (size_t i = 0; i < part.size(); ++i) {
    EXPECT_EQ(part[i].environment, samples[i].environment);
    EXPECT_EQ(part[i].run, static_cast<int64_t>(i));
  }
  plan_.seed = 99;  // another plan's samples are refused
  bool refused = false;
  for (uint64_t seed = 2; seed < 12; ++seed) {
    plan_.seed = seed;
    refused = refused || !RunsLeft(plan_, samples);
  }
  EXPECT_TRUE(refused);
  plan_.runs = 1;
  EXPECT_FALSE(RunsLeft(plan_, samples));
}

// A containerd that dies half-way costs its own cells; the others go on, and it is said why.
TEST_F(Runs, ADaemonThatDiesStopsOnlyItsCells) {
  plan_.runs = 6;
  plan_.warm_up_blocks = 0;
  plan_.ready = {"test", "-e", folder_ + "/alive"};
  plan_.ready_timeout_ms = 300;
  std::ofstream(folder_ + "/alive") << "yes";
  Cell ctr = ShellCell("ctr", "n=$(cat " + folder_ + "/n 2>/dev/null); echo x$n > " + folder_ +
                                  "/n; test \"$n\" != xx || { rm -f " + folder_ +
                                  "/alive; echo connection refused >&2; exit 1; }");
  ctr.start = "ctr";
  plan_.cells = {ctr, ShellCell("other", "true")};
  auto writer = SampleWriter::Create(folder_ + "/samples.csv");
  std::vector<Sample> samples;
  const auto result = RunAll(samples, *writer);
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(std::count_if(samples.begin(), samples.end(),
                          [](const Sample& s) { return s.environment == "other" && s.ok; }),
            6);
  EXPECT_EQ(result->failed, 1);
  ASSERT_EQ(result->missing.size(), 1U);
  EXPECT_EQ(result->missing[0].environment, "ctr");
  EXPECT_EQ(result->missing[0].runs, 2);
  EXPECT_NE(result->missing[0].reason.find("containerd is gone"), std::string::npos)
      << result->missing[0].reason;
  // What was left out has no line, and a resumed session goes on behind it.
  const auto left = RunsLeft(plan_, samples);
  ASSERT_TRUE(left) << left.error().text();
}

TEST_F(Runs, TheTimeEndsASessionAndAResumedOneGoesOn) {
  plan_.runs = 50;
  plan_.warm_up_blocks = 0;
  plan_.budget_ms = 300;
  plan_.cells = {ShellCell("a", "sleep 0.05"), ShellCell("b", "sleep 0.05")};
  auto writer = SampleWriter::Create(folder_ + "/samples.csv");
  std::vector<Sample> samples;
  const auto result = RunAll(samples, *writer);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->out_of_time);
  EXPECT_LT(samples.size(), 20U);
  ASSERT_EQ(result->missing.size(), 2U);
  EXPECT_EQ(result->missing[0].reason, "the time was over");
  const size_t before = samples.size();
  ASSERT_TRUE(RunAll(samples, *writer));
  EXPECT_GT(samples.size(), before);
  EXPECT_EQ(samples.back().run, static_cast<int64_t>(samples.size()) - 1);
}

// x10 waits for parity, x100 for x10; what would take longer than the limit is left out.
TEST_F(Runs, MoreWorkIsLeftOutWhenItsRunsWouldBeTooLong) {
  plan_.runs = 6;
  plan_.warm_up_blocks = 1;
  plan_.run_limit_ms = 1000;
  for (const char* size : {"x100", "x10", "parity"}) {
    Cell cell = ShellCell("e", "sleep 0.02; echo " + std::string(size) + " >> " + folder_ + "/ran");
    cell.size = size;
    plan_.cells.push_back(cell);
  }
  plan_.cells[1].command.argv[2] = "sleep 0.15; echo x10 >> " + folder_ + "/ran";
  auto writer = SampleWriter::Create(folder_ + "/samples.csv");
  std::vector<Sample> samples;
  const auto result = RunAll(samples, *writer);
  ASSERT_TRUE(result) << result.error().text();
  const auto count = [&](const char* size) {
    return std::count_if(samples.begin(), samples.end(),
                         [&](const Sample& sample) { return sample.size == size; });
  };
  EXPECT_EQ(count("parity"), 7);
  EXPECT_GE(count("x10"), 5);  // not in the warm-up, and not before parity had one
  EXPECT_LE(count("x10"), 6);
  EXPECT_EQ(count("x100"), 0);
  ASSERT_FALSE(result->missing.empty());
  EXPECT_EQ(result->missing[0].size, "x100");
  EXPECT_EQ(result->missing[0].reason,
            "a run would take about 1 s, by those of x10; the limit is 1 s");
}

TEST(Ids, ReplaceEveryPlaceholder) {
  EXPECT_EQ(WithId({"a{id}b{id}", "c"}, "X"), (Argv{"aXbX", "c"}));
  EXPECT_EQ(WithId({"{id}"}, "{id}"), Argv{"{id}"});
}

TEST(Durations, ReadWell) {
  EXPECT_EQ(FormatDuration(std::chrono::seconds(42)), "42 s");
  EXPECT_EQ(FormatDuration(std::chrono::seconds(185)), "3 min 05 s");
  EXPECT_EQ(FormatDuration(std::chrono::seconds(7440)), "2 h 04 min");
}

}  // namespace
}  // namespace mayfly::lab
