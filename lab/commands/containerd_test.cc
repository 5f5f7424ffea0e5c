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

}  // namespace
}  // namespace mayfly::lab
