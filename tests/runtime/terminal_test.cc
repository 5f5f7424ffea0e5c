// Terminals: --console-socket, and `run` in the foreground on the user's own terminal.
#include "terminal.h"

#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "fixture.h"

namespace mayfly::test {

namespace fs = std::filesystem;

class TerminalTest : public RuntimeTest {
 protected:
  Bundle MakeTerminalBundle(Guest guest = Guest::kNative) {
    Bundle bundle = MakeBundle(guest);
    bundle.config["process"]["terminal"] = true;
    bundle.Save();
    return bundle;
  }
  ConsoleSocket MakeConsoleSocket() const { return ConsoleSocket(directory() / "console.sock"); }

  // A report of the probe from behind a console socket.
  nlohmann::json ReportOverSocket(Bundle& bundle, const std::string& section) {
    bundle.Probe({"report", section});
    const ConsoleSocket console = MakeConsoleSocket();
    const std::string id = NewId();
    const Process process = Create(bundle, id, {"--console-socket", console.path()});
    Master master = console.Receive();
    EXPECT_TRUE(master.valid()) << process.Stderr();
    EXPECT_EQ(Runtime({"start", id}).exit_code, 0);
    const nlohmann::json report = nlohmann::json::parse(master.All(), nullptr, false);
    EXPECT_FALSE(report.is_discarded()) << master.All();
    EXPECT_TRUE(WaitForStatus(id, "stopped"));
    fs::remove(console.path());
    return report.contains(section) ? report[section] : report;
  }
};

TEST_F(TerminalTest, TheConsoleSocketGetsTheMasterAtCreate) {
  Bundle bundle = MakeTerminalBundle();
  const nlohmann::json terminal = ReportOverSocket(bundle, "terminal");
  EXPECT_EQ(terminal["streams"], nlohmann::json({true, true, true}));
  EXPECT_EQ(terminal["controlling"], true);
  EXPECT_EQ(terminal["foreground"], true);
  EXPECT_EQ(terminal["leader"], true);
  EXPECT_EQ(terminal["console"], true) << "/dev/console is not the terminal";
}

TEST_F(TerminalTest, ConsoleSizeIsTheTerminals) {
  Bundle bundle = MakeTerminalBundle();
  bundle.config["process"]["consoleSize"] = {{"height", 33}, {"width", 101}};
  const nlohmann::json terminal = ReportOverSocket(bundle, "terminal");
  EXPECT_EQ(terminal["rows"], 33);
  EXPECT_EQ(terminal["columns"], 101);
}

TEST_F(TerminalTest, TheTerminalIsTheUsersWithTheGroupOfDevpts) {
  Bundle bundle = MakeTerminalBundle();
  bundle.config["process"]["user"] = {{"uid", 1000}, {"gid", 1000}};
  const nlohmann::json terminal = ReportOverSocket(bundle, "terminal");
  EXPECT_EQ(terminal["uid"], 1000);
  EXPECT_EQ(terminal["gid"], 5) << "the devpts mount says gid=5";
}

TEST_F(TerminalTest, NoDescriptorOfTheTerminalIsLeft) {
  Bundle bundle = MakeTerminalBundle();
  const nlohmann::json open = ReportOverSocket(bundle, "descriptors");
  for (const nlohmann::json& entry : open) {
    EXPECT_LE(entry["fd"].get<int>(), 3) << entry;  // 3: the probe's own directory
  }
}

TEST_F(TerminalTest, InterruptReachesTheGuest) {
  Bundle bundle = MakeTerminalBundle();
  bundle.Probe({"catch"});
  const ConsoleSocket console = MakeConsoleSocket();
  const std::string id = NewId();
  const Process process = Create(bundle, id, {"--console-socket", console.path()});
  Master master = console.Receive();
  ASSERT_TRUE(master.valid());
  ASSERT_EQ(Runtime({"start", id}).exit_code, 0);
  ASSERT_TRUE(master.WaitFor("ready"));
  master.Type("\x03");
  EXPECT_TRUE(master.WaitFor("caught 2"));
  EXPECT_TRUE(WaitForStatus(id, "stopped"));
}

TEST_F(TerminalTest, RunOnTheUsersTerminalShowsOutputAndPassesInput) {
  Bundle bundle = MakeTerminalBundle();
  bundle.Probe({"cat"});
  TerminalPair user = OpenTerminalPair();
  CommandOptions options;
  options.stdin_fd = user.slave.get();
  options.stdout_fd = user.slave.get();
  Process run = Spawn({"run", "--bundle", bundle.directory(), NewId()}, options);
  ASSERT_TRUE(WaitUntil([&] {
    termios settings{};
    return ::tcgetattr(user.slave.get(), &settings) == 0 && (settings.c_lflag & ECHO) == 0;
  })) << "the user's terminal is not raw";
  user.master.Type("hello\n");
  EXPECT_TRUE(user.master.WaitFor("hello\r\nhello\r\n")) << "echo, then the guest's copy";
  user.master.Type("\x04");  // end of input
  EXPECT_EQ(run.Wait(), 0) << run.Stderr();
  termios settings{};
  ASSERT_EQ(::tcgetattr(user.slave.get(), &settings), 0);
  EXPECT_NE(settings.c_lflag & ECHO, 0U) << "the user's terminal was not put back";
}

TEST_F(TerminalTest, RunFollowsTheWindow) {
  Bundle bundle = MakeTerminalBundle();
  bundle.Probe({"window"});
  TerminalPair user = OpenTerminalPair();
  user.master.Resize(20, 70);
  CommandOptions options;
  options.stdin_fd = user.slave.get();
  options.stdout_fd = user.slave.get();
  Process run = Spawn({"run", "--bundle", bundle.directory(), NewId()}, options);
  ASSERT_TRUE(user.master.WaitFor("size 20x70"));
  // The kernel tells the foreground process group of the user's terminal; the test's is not one.
  user.master.Resize(99, 80);
  run.Kill(SIGWINCH);
  EXPECT_TRUE(user.master.WaitFor("size 99x80"));
  EXPECT_EQ(run.Wait(), 0);
}

TEST_F(TerminalTest, RunWithoutATerminalOfItsOwnStillGivesOne) {
  Bundle bundle = MakeTerminalBundle();
  bundle.Probe({"say", "out"});
  const Output output = Run(bundle);
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_NE(output.out.find("out\r\n"), std::string::npos) << output.out;
}

TEST_F(TerminalTest, AllOutputArrivesBeforeRunEnds) {
  Bundle bundle = MakeTerminalBundle();
  bundle.Probe({"output", "200000"});
  const Output output = Run(bundle);
  EXPECT_EQ(output.exit_code, 0);
  EXPECT_GE(output.out.size(), 200'000U);
}

TEST_F(TerminalTest, TerminalAndConsoleSocketMustFitTogether) {
  Bundle with = MakeTerminalBundle();
  ExpectError(Runtime({"create", "--bundle", with.directory(), NewId()}),
              IsRunc() ? "console" : "process.terminal");
  ExpectError(Runtime({"run", "-d", "--bundle", with.directory(), NewId()}));
  const Bundle without = MakeBundle();
  const ConsoleSocket console = MakeConsoleSocket();
  ExpectError(Runtime({"create", "--bundle", without.directory(), "--console-socket",
                       console.path(), NewId()}),
              "console");
  ExpectError(Runtime({"create", "--bundle", with.directory(), "--console-socket",
                       directory() / "nobody", NewId()}),
              "nobody");
}

// CVE-2025-52565: the image's own /dev must not decide what becomes the console.
TEST_F(TerminalTest, APtmxThatIsNoDevptsIsRefused) {
  if (IsRunc()) {
    GTEST_SKIP() << "older versions of runc open what is there";
  }
  Bundle bundle = MakeTerminalBundle();
  nlohmann::json mounts = nlohmann::json::array();
  for (const nlohmann::json& mount : bundle.config["mounts"]) {
    if (!mount["destination"].get<std::string>().starts_with("/dev")) {
      mounts.push_back(mount);
    }
  }
  bundle.config["mounts"] = mounts;
  fs::create_directories(bundle.rootfs() / "dev/pts");
  for (const char* kind : {"file", "link", "fifo"}) {
    SCOPED_TRACE(kind);
    const fs::path ptmx = bundle.rootfs() / "dev/pts/ptmx";
    fs::remove(ptmx);
    if (std::string(kind) == "file") {
      WriteFile(ptmx, "");
    } else if (std::string(kind) == "link") {
      fs::create_symlink("/dev/ptmx", ptmx);
    } else {
      ASSERT_EQ(::mkfifo(ptmx.c_str(), 0666), 0);
    }
    bundle.Save();
    ExpectError(Run(bundle), "process.terminal");
  }
}

TEST_F(TerminalTest, AnImagesConsoleLinkStaysInside) {
  Bundle bundle = MakeTerminalBundle();
  nlohmann::json mounts = nlohmann::json::array();
  for (const nlohmann::json& mount : bundle.config["mounts"]) {
    if (mount["destination"] != "/dev") {
      mounts.push_back(mount);
    }
  }
  bundle.config["mounts"] = mounts;
  fs::create_directories(bundle.rootfs() / "dev/pts");
  const fs::path outside = directory() / "outside";
  WriteFile(outside, "untouched");
  fs::create_symlink(outside, bundle.rootfs() / "dev/console");
  bundle.Probe({"exit", "0"});
  (void)Run(bundle);
  EXPECT_EQ(ReadFile(outside), "untouched");
  EXPECT_EQ(MountsBelow(directory()), std::vector<std::string>());
}

}  // namespace mayfly::test
