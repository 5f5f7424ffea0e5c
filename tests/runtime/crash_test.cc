// Crash safety: a command is killed at each of its system calls, one after the other; the next
// command must find a state that it can name, and `delete --force` must leave nothing.
//
// strace counts the calls of an undisturbed command first, then kills the command at the n-th call
// of each kind (strace(1), -e inject). Skipped, with the reason, where strace cannot trace.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "fixture.h"

namespace mayfly::test {

namespace fs = std::filesystem;

class CrashTest : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    if (IsSkipped()) {
      return;
    }
    if (IsRunc()) {
      GTEST_SKIP() << "runc is not meant to stand this";
    }
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "AddressSanitizer makes thousands of calls of its own";
#endif
    if (RunCommand({"strace", "-o", directory() / "try", "true"}).exit_code != 0) {
      GTEST_SKIP() << "strace is not installed or may not trace here";
    }
    bundle_ = MakeBundle();
    bundle_.Probe({"sleep"});
  }

  // Kind of call -> how often the command makes it; with children, only the kinds that the command
  // itself does not make.
  std::map<std::string, int> Calls(const std::vector<std::string>& args, bool children) {
    std::map<std::string, int> own = Traced(args, false);
    if (!children) {
      return own;
    }
    EXPECT_EQ(Runtime({"delete", "--force", args.back()}).exit_code, 0);
    std::map<std::string, int> all = Traced(args, true);
    for (const auto& [name, count] : own) {
      all.erase(name);
    }
    return all;
  }

  Output KilledAt(const std::vector<std::string>& args, const std::string& call, int number,
                  bool children) const {
    std::vector<std::string> line = {"strace", "-o", "/dev/null"};
    if (children) {
      line.emplace_back("-f");
    }
    line.insert(line.end(), {"-e", "trace=" + call, "-e",
                             "inject=" + call + ":signal=KILL:when=" + std::to_string(number)});
    const auto command = CommandLine(args);
    line.insert(line.end(), command.begin(), command.end());
    return RunCommand(line);
  }

  // What everybody may ask of a container whose command was cut off.
  void ExpectNamedAndDeleted(const std::string& id) {
    const Output state = Runtime({"state", id});
    if (state.exit_code == 0) {
      nlohmann::json document = nlohmann::json::parse(state.out, nullptr, false);
      ASSERT_FALSE(document.is_discarded()) << state.out;
      const std::string status = document["status"];
      EXPECT_TRUE(status == "creating" || status == "created" || status == "running" ||
                  status == "stopped")
          << status;
    } else {
      EXPECT_EQ(state.exit_code, 1);
      EXPECT_NE(state.err.find(id), std::string::npos) << state.err;
    }
    EXPECT_EQ(Runtime({"list"}).exit_code, 0);
    const Output deleted = Runtime({"delete", "--force", id});
    EXPECT_EQ(deleted.exit_code, 0) << deleted.err;
    EXPECT_FALSE(fs::exists(state_root() / id));
    EXPECT_EQ(CgroupsNamed(id), std::vector<std::string>());
    EXPECT_EQ(ProcessesInCgroups(id), std::vector<pid_t>());
    EXPECT_EQ(MountsBelow(directory()), std::vector<std::string>());
    ReapOrphans();
    EXPECT_TRUE(WaitUntil([] {
      ReapOrphans();
      return OwnChildren().empty();
    })) << "a process is left";
  }

  // Kills the command at each call; before each time `prepare` brings the container to where the
  // command starts, after it `expect` looks.
  template <typename Prepare, typename Expect>
  void AtEachCall(const std::vector<std::string>& args, bool children, const Prepare& prepare,
                  const Expect& expect) {
    prepare();
    const auto calls = Calls(args, children);
    expect();
    ASSERT_FALSE(calls.empty());
    int steps = 0;
    for (const auto& [call, count] : calls) {
      // Of an init's calls the first and the last of each kind: strace stays with it, which takes
      // long.
      for (int number = 1; number <= count; number += children ? std::max(1, count - 1) : 1) {
        SCOPED_TRACE(args[0] + " killed at " + call + " number " + std::to_string(number));
        prepare();
        (void)KilledAt(args, call, number, children);
        expect();
        ++steps;
        if (HasFailure()) {
          return;
        }
      }
    }
    RecordProperty("steps", steps);
  }

  std::vector<std::string> CreateArgs(const std::string& id) const {
    return {"create", "--bundle", bundle_.directory(), "--pid-file", directory() / "pid", id};
  }
  void CreateOne(const std::string& id) const {
    const Output created = Runtime({"create", "--bundle", bundle_.directory(), id});
    ASSERT_EQ(created.exit_code, 0) << created.err;
  }
  void StartOne(const std::string& id) const {
    CreateOne(id);
    ASSERT_EQ(Runtime({"start", id}).exit_code, 0);
  }
  Bundle& bundle() { return bundle_; }

 private:
  std::map<std::string, int> Traced(const std::vector<std::string>& args, bool children) {
    const std::string trace = directory() / "trace";
    std::vector<std::string> line = {"strace", "-qq", "-o", trace};
    if (children) {
      line.emplace_back("-f");
    }
    const auto command = CommandLine(args);
    line.insert(line.end(), command.begin(), command.end());
    Process process(line, {});
    if (children) {
      // strace stays with the container's init.
      EXPECT_TRUE(WaitForStatus(args.back(), "created"));
      process.Kill(SIGTERM);
    }
    process.Wait();
    std::map<std::string, int> calls;
    std::istringstream lines(ReadFile(trace));
    for (std::string text; std::getline(lines, text);) {
      const size_t begin = children ? text.find_first_not_of("0123456789 ") : 0;
      const size_t bracket = text.find('(');
      if (begin == std::string::npos || bracket == std::string::npos || bracket <= begin) {
        continue;  // a signal, or the end of a call
      }
      const std::string name = text.substr(begin, bracket - begin);
      if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos) {
        ++calls[name];
      }
    }
    return calls;
  }

  Bundle bundle_;
};

TEST_F(CrashTest, CreateKilledAtEachCall) {
  const std::string id = NewId();
  AtEachCall(CreateArgs(id), false, [] {}, [&] { ExpectNamedAndDeleted(id); });
}

TEST_F(CrashTest, TheInitKilledAtEachCallOfItsOwn) {
  const std::string id = NewId();
  AtEachCall(CreateArgs(id), true, [] {}, [&] { ExpectNamedAndDeleted(id); });
}

TEST_F(CrashTest, StartKilledAtEachCall) {
  const std::string id = NewId();
  AtEachCall({"start", id}, false, [&] { CreateOne(id); }, [&] { ExpectNamedAndDeleted(id); });
}

TEST_F(CrashTest, DeleteForceKilledAtEachCall) {
  const std::string id = NewId();
  AtEachCall(
      {"delete", "--force", id}, false, [&] { StartOne(id); }, [&] { ExpectNamedAndDeleted(id); });
}

TEST_F(CrashTest, DeleteKilledAtEachCall) {
  const std::string id = NewId();
  bundle().Probe({"exit", "0"});
  AtEachCall(
      {"delete", id}, false,
      [&] {
        StartOne(id);
        ASSERT_TRUE(WaitForStatus(id, "stopped"));
      },
      [&] { ExpectNamedAndDeleted(id); });
}

// The container must not notice.
TEST_F(CrashTest, ExecKilledAtEachCall) {
  const std::string id = NewId();
  StartOne(id);
  const pid_t pid = PidOf(id);
  AtEachCall(
      {"exec", id, "/probe", "exit", "0"}, false, [] {},
      [&] {
        EXPECT_EQ(State(id)["status"], "running");
        EXPECT_EQ(PidOf(id), pid);
        EXPECT_TRUE(WaitUntil([&] {
          ReapOrphans();
          return ProcessesInCgroups(id).size() == 1;
        })) << "a process of exec is left";
      });
  EXPECT_EQ(Runtime({"exec", id, "/probe", "exit", "3"}).exit_code, 3);
}

// Commands on one id at once: each ends, with an answer or an error that names the container, and
// what they leave can be deleted.
TEST_F(CrashTest, CommandsAtOnceOnOneId) {
  const std::string id = NewId();
  const std::vector<std::vector<std::string>> lines = {
      {"create", "--bundle", bundle().directory(), id},
      {"start", id},
      {"exec", id, "/probe", "exit", "0"},
      {"kill", id, "KILL"},
      {"state", id},
      {"pause", id},
      {"resume", id},
      {"update", "--pids-limit", "50", id},
      {"ps", "--format", "json", id},
      {"delete", id},
      {"delete", "--force", id}};
  for (int round = 0; round < 25; ++round) {
    std::vector<Process> running;
    running.reserve(lines.size());
    for (size_t i = 0; i < lines.size(); ++i) {
      running.push_back(Spawn(lines[(i + static_cast<size_t>(round)) % lines.size()]));
    }
    // An exec into a container that `pause` has stopped meanwhile waits for a resume.
    const auto has_ended = [](const Process& process) {
      siginfo_t info{};
      return ::waitid(P_PID, static_cast<id_t>(process.pid()), &info,
                      WEXITED | WNOHANG | WNOWAIT) == 0 &&
             info.si_pid != 0;
    };
    EXPECT_TRUE(WaitUntil([&] {
      (void)Spawn({"resume", id}).Wait();
      return std::all_of(running.begin(), running.end(), has_ended);
    }));
    for (Process& process : running) {
      const int status = process.Wait();
      EXPECT_TRUE(status == 0 || status == 1 || status == 255 || status == 137)
          << status << " " << process.Stderr();
      if (status == 1) {
        EXPECT_FALSE(process.Stderr().empty());
      }
    }
    ReapOrphans();
  }
  (void)Runtime({"resume", id});
  ExpectNamedAndDeleted(id);
  CreateOne(id);
  EXPECT_EQ(State(id)["status"], "created");
}

}  // namespace mayfly::test
