// exec: a further process in a container that runs.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "fixture.h"
#include "terminal.h"

namespace mayfly::test {

namespace fs = std::filesystem;

class ExecTest : public RuntimeTest {
 protected:
  // A container that sleeps.
  std::string Sleeping(Bundle& bundle) {
    bundle.Probe({"sleep"});
    std::string id = NewId();
    Launch(bundle, id);
    return id;
  }
  Output Exec(const std::string& id, const std::vector<std::string>& args,
              const std::vector<std::string>& flags = {}) const {
    std::vector<std::string> line = {"exec"};
    line.insert(line.end(), flags.begin(), flags.end());
    line.push_back(id);
    line.insert(line.end(), args.begin(), args.end());
    return Runtime(line);
  }
  nlohmann::json ExecReport(const std::string& id, const std::string& section,
                            const std::vector<std::string>& flags = {}) const {
    const Output output = Exec(id, {"/probe", "report", section}, flags);
    EXPECT_EQ(output.exit_code, 0) << output.err;
    nlohmann::json report = nlohmann::json::parse(output.out, nullptr, false);
    EXPECT_FALSE(report.is_discarded()) << output.out;
    return report.contains(section) ? report[section] : report;
  }
  static void ExpectError255(const Output& output, const std::string& text) {
    EXPECT_EQ(output.exit_code, 255) << output.err;
    // Docker looks for these texts in lower case.
    std::string said = output.err;
    std::transform(said.begin(), said.end(), said.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    EXPECT_TRUE(said.find(text) != std::string::npos || output.err.find(text) != std::string::npos)
        << "expected \"" << text << "\" in: " << output.err;
  }
  // The file for --process: the container's process with changes.
  std::string ProcessFile(const Bundle& bundle, const nlohmann::json& changes) const {
    nlohmann::json process = bundle.config["process"];
    process.merge_patch(changes);
    WriteFile(directory() / "process.json", process.dump());
    return directory() / "process.json";
  }
};

TEST_F(ExecTest, ExitCodesAndStreamsAreTheProcesss) {
  Bundle bundle = MakeBundle();
  const std::string id = Sleeping(bundle);
  for (const int code : {0, 1, 7, 126, 255}) {
    const Output output = Exec(id, {"/probe", "exit", std::to_string(code)});
    EXPECT_EQ(output.exit_code, code);
    EXPECT_EQ(output.err, "");
  }
  const Output said = Exec(id, {"/probe", "say", "to stdout", "to stderr"});
  EXPECT_EQ(said.out, "to stdout\n");
  EXPECT_EQ(said.err, "to stderr\n");
  CommandOptions options;
  options.stdin_text = "through\n";
  EXPECT_EQ(Runtime({"exec", id, "/probe", "cat"}, options).out, "through\n");
  EXPECT_EQ(Exec(id, {"/probe", "fault"}).exit_code, 128 + SIGSEGV);
}

TEST_F(ExecTest, AllNamespacesAreTheContainers) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["namespaces"].push_back({{"type", "cgroup"}});
  const std::string id = Sleeping(bundle);
  const pid_t init = PidOf(id);
  const nlohmann::json inside = ExecReport(id, "namespaces");
  for (const char* name : {"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"}) {
    EXPECT_EQ(inside[name], NamespaceOf(init, name)) << name;
  }
  EXPECT_EQ(ExecReport(id, "names")["hostname"], "guest");
}

TEST_F(ExecTest, AllCgroupsAreTheContainers) {
  Bundle bundle = MakeBundle();
  const std::string id = Sleeping(bundle);
  const std::string pid_file = directory() / "pid";
  EXPECT_EQ(Exec(id, {"/probe", "sleep"}, {"--detach", "--pid-file", pid_file}).exit_code, 0);
  const pid_t pid = std::stoi(ReadFile(pid_file));
  EXPECT_EQ(ReadFile("/proc/" + std::to_string(pid) + "/cgroup"),
            ReadFile("/proc/" + std::to_string(PidOf(id)) + "/cgroup"));
  EXPECT_EQ(ProcessesInCgroups(id).size(), 2U);
  // The caller reaps it, as a shim does; a pid namespace cannot end before.
  EXPECT_TRUE(KillOne(pid));
  EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
}

TEST_F(ExecTest, APidfdOfTheProcessGoesToTheSocket) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc has --pidfd-socket from 1.2 on";
  }
  Bundle bundle = MakeBundle();
  const std::string id = Sleeping(bundle);
  const std::string pid_file = directory() / "pid";
  const ConsoleSocket socket(directory() / "pidfd.sock");
  EXPECT_EQ(Exec(id, {"/probe", "sleep"},
                 {"--detach", "--pid-file", pid_file, "--pidfd-socket", socket.path()})
                .exit_code,
            0);
  const Master pidfd = socket.Receive();
  ASSERT_TRUE(pidfd.valid());
  const std::string pid = ReadFile(pid_file);
  const std::string about = ReadFile("/proc/self/fdinfo/" + std::to_string(pidfd.fd()));
  EXPECT_NE(about.find("Pid:\t" + pid + "\n"), std::string::npos) << about;
  EXPECT_TRUE(KillOne(std::stoi(pid)));
  EXPECT_EQ(::waitpid(std::stoi(pid), nullptr, 0), std::stoi(pid));
}

TEST_F(ExecTest, RestrictionsAreTheContainers) {
  Bundle bundle = MakeBundle();
  bundle.config["process"]["user"] = {{"uid", 1000}, {"gid", 1000}, {"umask", 077}};
  bundle.Capabilities({"CAP_KILL"});
  bundle.config["process"]["rlimits"] = {{{"type", "RLIMIT_NOFILE"}, {"soft", 100}, {"hard", 200}}};
  const std::string id = Sleeping(bundle);
  const nlohmann::json process = ExecReport(id, "process");
  EXPECT_EQ(process["uids"], nlohmann::json({1000, 1000, 1000}));
  EXPECT_EQ(process["no_new_privs"], true);
  EXPECT_EQ(process["parent_death_signal"], 0);
  const nlohmann::json capabilities = ExecReport(id, "capabilities");
  EXPECT_EQ(capabilities["bounding"].dump(), capabilities["effective"].dump());
  EXPECT_NE(capabilities["bounding"].dump().find('5'), std::string::npos);
  const nlohmann::json limits = ExecReport(id, "limits");
  EXPECT_EQ(limits["RLIMIT_NOFILE"]["soft"], 100);
  EXPECT_EQ(limits["RLIMIT_NOFILE"]["hard"], 200);
}

// CVE-2019-5736, CVE-2024-21626: nothing of the host comes along.
TEST_F(ExecTest, NoDescriptorOfTheHostComesAlong) {
  Bundle bundle = MakeBundle();
  const std::string id = Sleeping(bundle);
  for (const nlohmann::json& entry : ExecReport(id, "descriptors")) {
    EXPECT_LE(entry["fd"].get<int>(), 3) << entry;  // 3: the probe's own directory
  }
}

TEST_F(ExecTest, Flags) {
  Bundle bundle = MakeBundle();
  const std::string id = Sleeping(bundle);
  const nlohmann::json process = ExecReport(
      id, "process", {"--user", "7:8", "--additional-gids", "9", "--additional-gids", "10"});
  EXPECT_EQ(process["uids"], nlohmann::json({7, 7, 7}));
  EXPECT_EQ(process["gids"], nlohmann::json({8, 8, 8}));
  EXPECT_EQ(process["groups"], nlohmann::json({9, 10}));
  EXPECT_EQ(ExecReport(id, "cwd", {"--cwd", "/tmp"}), "/tmp");
  const std::string environment = ExecReport(id, "env", {"--env", "A=1", "-e", "B=x y"}).dump();
  EXPECT_NE(environment.find("A=1"), std::string::npos) << environment;
  EXPECT_NE(environment.find("B=x y"), std::string::npos) << environment;
  EXPECT_NE(environment.find("TERM=xterm"), std::string::npos) << "the container's is kept";
  EXPECT_NE(ExecReport(id, "capabilities", {"--cap", "CAP_SYS_CHROOT"}).dump(),
            ExecReport(id, "capabilities").dump());
  ExpectError255(Exec(id, {"/probe"}, {"--user", "root"}), "--user");
  ExpectError255(Exec(id, {"/probe"}, {"--cap", "CAP_NOTHING"}), "CAP_NOTHING");
  ExpectError255(Exec(id, {}, {}), "");
}

TEST_F(ExecTest, ProcessFile) {
  Bundle bundle = MakeBundle();
  const std::string id = Sleeping(bundle);
  const std::string file =
      ProcessFile(bundle, {{"args", {"/probe", "report", "process"}},
                           {"user", {{"uid", 5}, {"gid", 6}, {"additionalGids", {11}}}}});
  const Output output = Exec(id, {}, {"--process", file});
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_NE(output.out.find("11"), std::string::npos) << output.out;
  WriteFile(directory() / "bad.json", "{\"args\": [\"/probe\"], \"cwd\": \"relative\"}");
  ExpectError255(Exec(id, {}, {"--process", directory() / "bad.json"}), "process.cwd");
  WriteFile(directory() / "bad.json", "{");
  ExpectError255(Exec(id, {}, {"--process", directory() / "bad.json"}), "bad.json");
}

// containerd's shim and conmon exec so; the process is theirs to reap.
TEST_F(ExecTest, DetachedWithAConsoleSocket) {
  Bundle bundle = MakeBundle();
  const std::string id = Sleeping(bundle);
  const std::string file = ProcessFile(bundle, {{"args", {"/probe", "report", "terminal"}},
                                                {"terminal", true},
                                                {"consoleSize", {{"height", 11}, {"width", 22}}}});
  const ConsoleSocket console(directory() / "console.sock");
  const std::string pid_file = directory() / "pid";
  const Output output = Exec(
      id, {},
      {"--process", file, "--console-socket", console.path(), "--detach", "--pid-file", pid_file});
  EXPECT_EQ(output.exit_code, 0) << output.err;
  Master master = console.Receive();
  ASSERT_TRUE(master.valid());
  const nlohmann::json report = nlohmann::json::parse(master.All(), nullptr, false);
  ASSERT_FALSE(report.is_discarded()) << master.All();
  const nlohmann::json terminal = report.contains("terminal") ? report["terminal"] : report;
  EXPECT_EQ(terminal["streams"], nlohmann::json({true, true, true}));
  EXPECT_EQ(terminal["controlling"], true);
  EXPECT_EQ(terminal["rows"], 11);
  const pid_t pid = std::stoi(ReadFile(pid_file));
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid) << "the process is not this process's to reap";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(ExecTest, TerminalInTheForeground) {
  Bundle bundle = MakeBundle();
  const std::string id = Sleeping(bundle);
  TerminalPair user = OpenTerminalPair();
  CommandOptions options;
  options.stdin_fd = user.slave.get();
  options.stdout_fd = user.slave.get();
  Process exec = Spawn({"exec", "--tty", id, "/probe", "cat"}, options);
  ASSERT_TRUE(WaitUntil([&] {
    termios settings{};
    return ::tcgetattr(user.slave.get(), &settings) == 0 && (settings.c_lflag & ECHO) == 0;
  })) << "the user's terminal is not raw";
  user.master.Type("hello\n");
  EXPECT_TRUE(user.master.WaitFor("hello\r\nhello\r\n"));
  user.master.Type("\x04");
  EXPECT_EQ(exec.Wait(), 0) << exec.Stderr();
}

TEST_F(ExecTest, SignalsAreHandedOn) {
  Bundle bundle = MakeBundle();
  const std::string id = Sleeping(bundle);
  Process exec = Spawn({"exec", id, "/probe", "catch"});
  ASSERT_TRUE(exec.WaitForOutput("ready"));
  exec.Kill(SIGTERM);
  EXPECT_EQ(exec.Wait(), SIGTERM);
}

TEST_F(ExecTest, IntoACreatedContainer) {
  const Bundle bundle = MakeBundle();
  const std::string id = NewId();
  const Process container = Create(bundle, id);
  EXPECT_EQ(Exec(id, {"/probe", "exit", "4"}).exit_code, 4);
  EXPECT_EQ(State(id)["status"], "created");
}

TEST_F(ExecTest, IntoAStoppedContainerIsRefused) {
  const Bundle bundle = MakeBundle();
  const std::string id = NewId();
  const Process container = Launch(bundle, id, "");
  EXPECT_TRUE(WaitForStatus(id, "stopped"));
  ExpectError255(Exec(id, {"/probe", "exit", "0"}), "cannot exec in a stopped container");
  ExpectError255(Exec("nobody", {"/probe"}), "does not exist");
}

TEST_F(ExecTest, IntoAPausedContainerIsRefusedUnlessAskedFor) {
  Bundle bundle = MakeBundle();
  const std::string id = Sleeping(bundle);
  ASSERT_EQ(Runtime({"pause", id}).exit_code, 0);
  ExpectError255(Exec(id, {"/probe", "exit", "0"}), "cannot exec in a paused container");
  Process exec = Spawn({"exec", "--ignore-paused", id, "/probe", "exit", "3"});
  PauseMilliseconds(100);
  EXPECT_EQ(Runtime({"resume", id}).exit_code, 0);
  EXPECT_EQ(exec.Wait(), 3) << exec.Stderr();
}

TEST_F(ExecTest, WhatCannotRunIsNamed) {
  Bundle bundle = MakeBundle();
  const std::string id = Sleeping(bundle);
  ExpectError255(Exec(id, {"nothing"}), "executable file not found in $PATH");
  ExpectError255(Exec(id, {"/nothing"}), "no such file or directory");
  ExpectError255(Exec(id, {"/etc/passwd"}), "permission denied");
  ExpectError255(Exec(id, {"/probe"}, {"--cwd", "/nowhere"}), "/nowhere");
  EXPECT_EQ(ProcessesInCgroups(id).size(), 1U);
}

TEST_F(ExecTest, ConfigIsTheOneOfCreate) {
  Bundle bundle = MakeBundle();
  const std::string id = Sleeping(bundle);
  fs::remove(bundle.directory() / "config.json");
  if (IsRunc()) {
    GTEST_SKIP() << "runc reads the bundle again";
  }
  EXPECT_EQ(ExecReport(id, "process")["no_new_privs"], true);
}

TEST_F(ExecTest, PreservedDescriptors) {
  Bundle bundle = MakeBundle();
  const std::string id = Sleeping(bundle);
  WriteFile(directory() / "given", "for the guest");
  const base::UniqueFd file(::open((directory() / "given").c_str(), O_RDONLY | O_CLOEXEC));
  CommandOptions options;
  options.descriptors[3] = file.get();
  const Output output =
      Runtime({"exec", "--preserve-fds", "1", id, "/probe", "read", "/proc/self/fd/3"}, options);
  EXPECT_EQ(output.out, "for the guest") << output.err;
  ExpectError255(Exec(id, {"/probe"}, {"--preserve-fds", "2"}), "");
}

TEST_F(ExecTest, SubGroup) {
  Bundle bundle = MakeBundle();
  const std::string id = Sleeping(bundle);
  if (!CgroupMounts().contains("pids")) {
    GTEST_SKIP() << "no v1 hierarchy of pids on this host";
  }
  fs::create_directory(fs::path(CgroupOf(PidOf(id), "pids")) / "sub");
  const Output output = Exec(id, {"/probe", "read", "/proc/self/cgroup"}, {"--cgroup", "pids:sub"});
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_NE(output.out.find(id + "/sub\n"), std::string::npos) << output.out;
  ExpectError255(Exec(id, {"/probe"}, {"--cgroup", "pids:../../"}), "--cgroup");
  ExpectError255(Exec(id, {"/probe"}, {"--cgroup", "pids:missing"}), "missing");
}

TEST_F(ExecTest, ManyAtOnce) {
  Bundle bundle = MakeBundle();
  const std::string id = Sleeping(bundle);
  std::vector<Process> running;
  running.reserve(20);
  for (int i = 0; i < 20; ++i) {
    running.push_back(Spawn({"exec", id, "/probe", "exit", std::to_string(i)}));
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(running[static_cast<size_t>(i)].Wait(), i)
        << running[static_cast<size_t>(i)].Stderr();
  }
}

TEST_F(ExecTest, ADeleteEndsWhatExecStarted) {
  Bundle bundle = MakeBundle();
  const std::string id = Sleeping(bundle);
  Process exec = Spawn({"exec", id, "/probe", "sleep"});
  ASSERT_TRUE(exec.WaitForOutput("ready"));
  EXPECT_EQ(Runtime({"delete", "--force", id}).exit_code, 0);
  EXPECT_EQ(exec.Wait(), 128 + SIGKILL);
}

}  // namespace mayfly::test
