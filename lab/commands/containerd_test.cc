// Black box: the real mayfly-lab against a real containerd, with the images of the suite.
// MAYFLY_CONTAINERD_ADDRESS names the socket, as the set-up does.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "lab/exec/process.h"
#include "lab/record/sample.h"

namespace mayfly::lab {
namespace {

class LabTable : public testing::Test {
 protected:
  void SetUp() override {
    const char* address = ::getenv("MAYFLY_CONTAINERD_ADDRESS");
    if (address == nullptr) {
      GTEST_SKIP() << "MAYFLY_CONTAINERD_ADDRESS names no containerd (./dev containerd start)";
    }
    address_ = address;
    ProcessRunner runner;
    const auto images = runner.Run(
        {.argv = {"ctr", "--address", address_, "--namespace", "mayfly-lab", "images", "ls"},
         .env = {}},
        20'000);
    if (!images || images->exit_code != 0) {
      GTEST_SKIP() << "no containerd answers on " << address_ << " (./dev containerd start)";
    }
    if (images->stdout_head.find("mayfly.dev/suite/noop:scratch") == std::string::npos) {
      GTEST_SKIP()
          << "the images of the suite are not there (./dev images && ./dev containerd import)";
    }
    std::string pattern = testing::TempDir() + "lab-table-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override {
    if (!folder_.empty()) {
      std::filesystem::remove_all(folder_);
    }
  }

  ProcessOutcome Lab(Argv arguments) {
    arguments.insert(arguments.begin(), MAYFLY_LAB_PROGRAM);
    ProcessRunner runner;
    auto outcome = runner.Run({.argv = arguments, .env = {}}, 240'000);
    EXPECT_TRUE(outcome) << outcome.error().text();
    return outcome ? *outcome : ProcessOutcome{};
  }

  Argv TableOf(const std::string& suite) const {
    return {"table",
            "--containerd",
            address_,
            "--functions",
            "noop,prime-numbers",
            "--environments",
            "runc-scratch,runc-debian",
            "--suite",
            suite,
            "--data",
            MAYFLY_LAB_TREE "/build/suite/data",
            "--out",
            folder_ + "/out"};
  }

  std::vector<Sample> Samples() const {
    auto samples = ReadCsv(folder_ + "/out/samples.csv");
    EXPECT_TRUE(samples && !samples->empty());
    return samples ? *std::move(samples) : std::vector<Sample>();
  }

  std::string address_;
  std::string folder_;
};

TEST_F(LabTable, MeasuresChecksAndReports) {
  Argv arguments = TableOf(MAYFLY_LAB_TREE "/suite");
  arguments.insert(arguments.end(), {"--runs", "2", "--json"});
  const ProcessOutcome outcome = Lab(arguments);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.stderr_tail;
  const auto table = nlohmann::json::parse(outcome.stdout_head);
  EXPECT_EQ(table["measured_runs"], 8);
  EXPECT_EQ(table["warm_up_runs"], 4);
  EXPECT_EQ(table["functions"].size(), 2U);
  EXPECT_EQ(table["functions"][0]["cells"][0]["environment"], "runc-scratch");
  const auto machine = nlohmann::json::parse(std::ifstream(folder_ + "/out/machine.json"));
  EXPECT_EQ(machine["sessions"][0]["images"].size(), 4U);
  EXPECT_TRUE(machine["sessions"][0]["versions"].contains("daemon"));
  for (const Sample& sample : Samples()) {
    EXPECT_TRUE(sample.ok) << sample.note;
    EXPECT_EQ(sample.stdout_bytes, sample.function == "noop" ? 0U : 200U);
  }

  // From the samples alone the same figures come out.
  std::filesystem::remove(folder_ + "/out/plan.json");
  const ProcessOutcome again =
      Lab({"report", folder_ + "/out", "--json", "--baseline", "runc-scratch"});
  ASSERT_EQ(again.exit_code, 0) << again.stderr_tail;
  EXPECT_EQ(nlohmann::json::parse(again.stdout_head)["measured_runs"], 8);
}

TEST_F(LabTable, AWrongGoldenFailsEveryRunOfItsCellAndNoOther) {
  const std::string suite = folder_ + "/suite";
  std::filesystem::create_directories(suite);
  std::filesystem::copy(MAYFLY_LAB_TREE "/suite/noop", suite + "/noop");
  std::filesystem::copy(MAYFLY_LAB_TREE "/suite/prime-numbers", suite + "/prime-numbers");
  std::ifstream in(suite + "/prime-numbers/suite.toml");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  const size_t at = text.find("02fcd704");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 8, "00000000");
  std::ofstream(suite + "/prime-numbers/suite.toml") << text;

  Argv arguments = TableOf(suite);
  arguments.insert(arguments.end(), {"--runs", "1", "--warm-up", "0"});
  const ProcessOutcome outcome = Lab(arguments);
  EXPECT_EQ(outcome.exit_code, 3) << outcome.stderr_tail;
  EXPECT_NE(outcome.stdout_head.find("stdout is not the golden output"), std::string::npos);
  for (const Sample& sample : Samples()) {
    EXPECT_EQ(sample.ok, sample.function == "noop");
  }
}

TEST_F(LabTable, AnImageThatIsNotThereIsNamed) {
  Argv arguments = TableOf(MAYFLY_LAB_TREE "/suite");
  arguments.insert(arguments.end(), {"--namespace", "no-such-namespace"});
  const ProcessOutcome outcome = Lab(arguments);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.stderr_tail.find("image mayfly.dev/suite/noop:scratch is not there"),
            std::string::npos)
      << outcome.stderr_tail;
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/out"));
}

TEST_F(LabTable, ATimeOutLeavesNoContainer) {
  Argv arguments = TableOf(MAYFLY_LAB_TREE "/suite");
  arguments.insert(arguments.end(), {"--runs", "1", "--warm-up", "0", "--timeout", "30"});
  EXPECT_EQ(Lab(arguments).exit_code, 3);
  ProcessRunner runner;
  for (const char* kind : {"containers", "tasks"}) {
    const auto left = runner.Run(
        {.argv = {"ctr", "--address", address_, "--namespace", "mayfly-lab", kind, "ls", "-q"},
         .env = {}},
        20'000);
    ASSERT_TRUE(left);
    EXPECT_EQ(left->stdout_head.find("lab-"), std::string::npos)
        << kind << ": " << left->stdout_head;
  }
}

TEST_F(LabTable, ARunOfAPlanHasStagesAndSaysWhatIsLeftOut) {
  std::ofstream(folder_ + "/p.toml")
      << "runs = 2\nfunctions = [\"noop\"]\n"
         "[[environment]]\nname = \"runc\"\nimage = \"scratch\"\nstrategy = \"native\"\n"
         "[[environment]]\nname = \"gone\"\nbinary = \"no-such-runtime\"\nimage = \"scratch\"\n"
         "[throughput]\nenvironments = [\"runc\"]\nfunction = \"noop\"\nconcurrency = [2]\n"
         "time_s = 1\n";
  const Argv arguments = {"run",     folder_ + "/p.toml",      "--containerd", address_,
                          "--suite", MAYFLY_LAB_TREE "/suite", "--out",        folder_ + "/out"};
  const ProcessOutcome outcome = Lab(arguments);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.stderr_tail;
  EXPECT_NE(outcome.stderr_tail.find("left out: gone: program no-such-runtime is not there"),
            std::string::npos)
      << outcome.stderr_tail;
  int64_t stages_ns = 0;
  const Sample last = Samples().back();
  for (const auto& stage : last.phases_ns) {
    stages_ns += stage.value_or(0);
  }
  EXPECT_EQ(stages_ns, last.total_ns);
  EXPECT_TRUE(last.phases_ns[static_cast<size_t>(Stage::kGuest)]);
  const auto plan = nlohmann::json::parse(std::ifstream(folder_ + "/out/plan.json"));
  EXPECT_EQ(plan["preset"], "p");
  EXPECT_EQ(plan["skipped"][0]["environment"], "gone");
  std::ifstream loads(folder_ + "/out/throughput.csv");
  const std::string text((std::istreambuf_iterator<char>(loads)), {});
  EXPECT_NE(text.find("\nrunc,mayfly.dev/suite/noop:scratch,2,0,"), std::string::npos) << text;
}

TEST_F(LabTable, APlanThatIsWrongRunsNothing) {
  std::ofstream(folder_ + "/p.toml") << "[[environment]]\nname = \"e\"\nimage = \"scratch\"\n"
                                        "engine = \"wasmtim\"\n";
  const ProcessOutcome outcome = Lab({"run", folder_ + "/p.toml", "--out", folder_ + "/out"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_NE(outcome.stderr_tail.find("environment[0]: engine: \"wasmtim\" is not known"),
            std::string::npos)
      << outcome.stderr_tail;
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/out"));
}

}  // namespace
}  // namespace mayfly::lab
