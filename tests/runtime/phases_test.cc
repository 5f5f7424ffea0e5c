// The phase clock from outside: what is written when MAYFLY_PHASES asks for it, and that nothing is
// otherwise.
#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>

#include "fixture.h"

namespace mayfly::test {
namespace {

namespace fs = std::filesystem;

class PhasesTest : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    if (!IsSkipped() && IsRunc()) {
      GTEST_SKIP() << "runc has no phase clock";
    }
    file_ = directory() / "phases";
  }

  CommandOptions Asked() const {
    CommandOptions options;
    options.environment["MAYFLY_PHASES"] = file_.string();
    return options;
  }

  // PART -> MARK -> nanoseconds, of a container's lines.
  std::map<std::string, std::map<std::string, int64_t>> Lines(const std::string& id) const {
    std::map<std::string, std::map<std::string, int64_t>> parts;
    std::istringstream text(ReadFile(file_));
    std::string line;
    while (std::getline(text, line)) {
      std::istringstream words(line);
      std::string name;
      std::string part;
      words >> name >> part;
      std::string mark;
      while (name == id && words >> mark) {
        const size_t equals = mark.find('=');
        const std::string value = mark.substr(equals + 1);
        const bool number = value.find_first_not_of("0123456789") == std::string::npos;
        parts[part][mark.substr(0, equals)] = number ? std::stoll(value) : 0;
      }
    }
    return parts;
  }

  fs::path file_;
};

TEST_F(PhasesTest, CreateStartDeleteEachLeaveTheirLine) {
  WriteFile(file_, "");
  Bundle bundle = MakeBundle();
  bundle.Probe({"exit", "0"});
  bundle.Save();
  const std::string id = NewId();
  const std::vector<std::string> create = {"create", "--bundle", bundle.directory().string(), id};
  ASSERT_EQ(Runtime(create, Asked()).exit_code, 0);
  ASSERT_EQ(Runtime({"start", id}, Asked()).exit_code, 0);
  ASSERT_TRUE(WaitForStatus(id, "stopped"));
  ASSERT_EQ(Runtime({"delete", id}, Asked()).exit_code, 0);
  auto parts = Lines(id);
  ASSERT_EQ(parts.size(), 4U) << ReadFile(file_);
  EXPECT_LT(parts["create"]["begin"], parts["create"]["prepare"]);
  EXPECT_LT(parts["create"]["spawned"], parts["create"]["ready"]);
  EXPECT_LT(parts["init"]["load"], parts["init"]["restricted"]);
  EXPECT_LT(parts["create"]["ready"], parts["start"]["begin"]);
  EXPECT_LT(parts["start"]["begin"], parts["init"]["guest"]);
  EXPECT_LT(parts["init"]["guest"], parts["delete"]["begin"]);
  EXPECT_LT(parts["delete"]["begin"], parts["delete"]["end"]);
}

TEST_F(PhasesTest, AModulesLinesHaveItsEnd) {
  if (!fs::exists(MAYFLY_TEST_PROBE_WASM)) {
    GTEST_SKIP() << "no probe.wasm: clang 19 with wasi-libc was not found";
  }
  WriteFile(file_, "");
  Bundle bundle = MakeBundle(Guest::kWasm);
  bundle.Probe({"exit", "7"});
  bundle.Save();
  const std::string id = NewId();
  const std::vector<std::string> run = {"run", "--bundle", bundle.directory().string(), id};
  const Output output = Runtime(run, Asked());
  if (output.err.find("no engine") != std::string::npos) {
    GTEST_SKIP() << output.err;
  }
  ASSERT_EQ(output.exit_code, 7) << output.err;
  auto parts = Lines(id);
  EXPECT_TRUE(parts["run"].contains("code")) << ReadFile(file_);
  EXPECT_LT(parts["init"]["loaded"], parts["init"]["ready"]);
  EXPECT_LT(parts["guest"]["guest"], parts["guest"]["guest-end"]);
  EXPECT_LT(parts["guest"]["guest-end"], parts["run"]["guest-end"]);
  EXPECT_LE(parts["run"]["guest-end"], parts["run"]["end"]);
}

TEST_F(PhasesTest, AFileThatIsNotThereIsNotMade) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"exit", "3"});
  EXPECT_EQ(Run(bundle, Asked()).exit_code, 3);
  EXPECT_FALSE(fs::exists(file_));
}

// The init holds the file while it waits: its guest must not.
TEST_F(PhasesTest, TheGuestHasNoDescriptorOfIt) {
  WriteFile(file_, "");
  Bundle bundle = MakeBundle();
  bundle.Probe({"report", "descriptors"});
  const Output output = Run(bundle, Asked());
  ASSERT_EQ(output.exit_code, 0) << output.err;
  EXPECT_EQ(output.out.find("phases"), std::string::npos) << output.out;
  EXPECT_NE(ReadFile(file_).find(" init "), std::string::npos) << "the clock was not on";
}

// A guest's limit on file sizes holds for the init's own line as well.
TEST_F(PhasesTest, AFileSizeLimitOfTheGuestEndsNothing) {
  WriteFile(file_, "");
  Bundle bundle = MakeBundle();
  bundle.Probe({"exit", "5"});
  bundle.config["process"]["rlimits"] = {{{"type", "RLIMIT_FSIZE"}, {"soft", 0}, {"hard", 0}}};
  EXPECT_EQ(Run(bundle, Asked()).exit_code, 5);
}

// Only the runtime's own environment asks; what a container is given does not.
TEST_F(PhasesTest, TheContainersEnvironmentDoesNotAsk) {
  WriteFile(file_, "");
  Bundle bundle = MakeBundle();
  bundle.Probe({"exit", "0"});
  bundle.config["process"]["env"] = {"MAYFLY_PHASES=" + file_.string()};
  EXPECT_EQ(Run(bundle).exit_code, 0);
  EXPECT_EQ(ReadFile(file_), "");
}

}  // namespace
}  // namespace mayfly::test
