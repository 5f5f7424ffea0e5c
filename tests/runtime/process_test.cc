// process: who the program is, what it may do, and what it is given.
#include <grp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "fixture.h"

namespace mayfly::test {

namespace fs = std::filesystem;

using ProcessTest = RuntimeTest;

namespace {

// Numbers of linux/capability.h.
constexpr int kChown = 0, kKill = 5, kNetBindService = 10, kNetRaw = 13, kAuditWrite = 29;

std::string Contents(const nlohmann::json& list) { return list.dump(); }

}  // namespace

TEST_F(ProcessTest, UserAndGroups) {
  Bundle bundle = MakeBundle();
  bundle.config["process"]["user"] = {
      {"uid", 1000}, {"gid", 1001}, {"additionalGids", {5, 6, 70000}}};
  nlohmann::json process = Report(bundle, {"process"});
  EXPECT_EQ(process["uids"], nlohmann::json({1000, 1000, 1000}));
  EXPECT_EQ(process["gids"], nlohmann::json({1001, 1001, 1001}));
  EXPECT_EQ(process["groups"], nlohmann::json({5, 6, 70000}));
}

// What the caller belongs to must not go along.
TEST_F(ProcessTest, TheCallersGroupsAreDropped) {
  const std::vector<gid_t> own = {0, 4, 27};
  ASSERT_EQ(::setgroups(own.size(), own.data()), 0);
  Bundle bundle = MakeBundle();
  EXPECT_EQ(Report(bundle, {"process"})["groups"], nlohmann::json::array());
  ASSERT_EQ(::setgroups(0, nullptr), 0);
}

TEST_F(ProcessTest, Umask) {
  Bundle bundle = MakeBundle();
  EXPECT_EQ(Report(bundle, {"process"})["umask"], 0022);
  bundle.config["process"]["user"]["umask"] = 0007;
  EXPECT_EQ(Report(bundle, {"process"})["umask"], 0007);
}

TEST_F(ProcessTest, CapabilitySetsAsGiven) {
  Bundle bundle = MakeBundle();
  nlohmann::json sets = Report(bundle, {"capabilities"});
  const std::string expected = Contents({kKill, kNetBindService, kAuditWrite});
  EXPECT_EQ(Contents(sets["bounding"]), expected);
  EXPECT_EQ(Contents(sets["effective"]), expected);
  EXPECT_EQ(Contents(sets["permitted"]), expected);
  EXPECT_EQ(Contents(sets["inheritable"]), "[]");
  EXPECT_EQ(Contents(sets["ambient"]), "[]");
}

TEST_F(ProcessTest, AllCapabilitiesDropped) {
  Bundle bundle = MakeBundle();
  bundle.Capabilities({});
  nlohmann::json sets = Report(bundle, {"capabilities"});
  for (const auto& [name, set] : sets.items()) {
    EXPECT_TRUE(set.empty()) << name << ": " << set;
  }
  EXPECT_EQ(
      Try(bundle,
          {"chown", "/etc/passwd", "7",      ",",         "rawsocket", ",",     "hostname",
           "x",     ",",           "mknod",  "/tmp/node", "c",         "1",     "3",
           ",",     "mount",       "none",   "/tmp",      "tmpfs",     ",",     "umount",
           "/proc", ",",           "setuid", "1",         ",",         "setns", "/proc/1/ns/net"}),
      std::vector<std::string>(8, "EPERM"));
}

TEST_F(ProcessTest, AmbientCapabilitiesReachAnOrdinaryUser) {
  Bundle bundle = MakeBundle();
  bundle.Capabilities({"CAP_NET_RAW"});
  bundle.config["process"]["user"] = {{"uid", 1000}, {"gid", 1000}};
  nlohmann::json sets = Report(bundle, {"capabilities"});
  for (const char* name : {"bounding", "effective", "permitted", "inheritable", "ambient"}) {
    EXPECT_EQ(Contents(sets[name]), Contents(std::vector<int>{kNetRaw})) << name;
  }
}

TEST_F(ProcessTest, AnOrdinaryUserLosesCapabilitiesThatAreNotAmbient) {
  Bundle bundle = MakeBundle();
  bundle.Capabilities({"CAP_CHOWN"});
  bundle.config["process"]["capabilities"].erase("ambient");
  bundle.config["process"]["capabilities"].erase("inheritable");
  bundle.config["process"]["user"] = {{"uid", 1000}, {"gid", 1000}};
  nlohmann::json sets = Report(bundle, {"capabilities"});
  EXPECT_EQ(Contents(sets["bounding"]), Contents(std::vector<int>{kChown}));
  EXPECT_EQ(Contents(sets["effective"]), "[]");
  EXPECT_EQ(Contents(sets["permitted"]), "[]");
}

TEST_F(ProcessTest, AnUnknownCapabilityIsAnErrorThatNamesTheField) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc ignores unknown capabilities with a warning";
  }
  Bundle bundle = MakeBundle();
  bundle.config["process"]["capabilities"]["bounding"] = {"CAP_KILL", "CAP_WISH"};
  bundle.Save();
  const Output output = Run(bundle);
  ExpectError(output, "process.capabilities.bounding[1]");
  ExpectError(output, "CAP_WISH");
}

TEST_F(ProcessTest, Rlimits) {
  Bundle bundle = MakeBundle();
  bundle.config["process"]["rlimits"] = {
      {{"type", "RLIMIT_NOFILE"}, {"soft", 100}, {"hard", 200}},
      {{"type", "RLIMIT_CORE"}, {"soft", 0}, {"hard", 0}},
      {{"type", "RLIMIT_FSIZE"}, {"soft", 1048576}, {"hard", 2097152}},
      {{"type", "RLIMIT_NPROC"}, {"soft", 50}, {"hard", 60}}};
  nlohmann::json limits = Report(bundle, {"limits"});
  EXPECT_EQ(limits["RLIMIT_NOFILE"], nlohmann::json({{"soft", 100}, {"hard", 200}}));
  EXPECT_EQ(limits["RLIMIT_CORE"], nlohmann::json({{"soft", 0}, {"hard", 0}}));
  EXPECT_EQ(limits["RLIMIT_FSIZE"], nlohmann::json({{"soft", 1048576}, {"hard", 2097152}}));
  EXPECT_EQ(limits["RLIMIT_NPROC"], nlohmann::json({{"soft", 50}, {"hard", 60}}));
}

TEST_F(ProcessTest, RlimitsNotGivenAreTheCallers) {
  Bundle bundle = MakeBundle();
  bundle.config["process"].erase("rlimits");
  rlimit own{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &own), 0);
  EXPECT_EQ(Report(bundle, {"limits"})["RLIMIT_NOFILE"]["hard"], own.rlim_max);
}

// Raising a hard limit takes CAP_SYS_RESOURCE, which hardened hosts take away from root too.
TEST_F(ProcessTest, RaisingAHardLimitWithoutTheCapabilityIsAnErrorThatNamesIt) {
  Bundle bundle = MakeBundle();
  bundle.config["process"]["rlimits"] = {{{"type", "RLIMIT_NOFILE"}, {"soft", 600}, {"hard", 600}}};
  bundle.Save();
  std::vector<std::string> line = {"sh", "-c", "ulimit -n 500; exec \"$@\"", "sh"};
  for (const std::string& word : CommandLine({"run", "--bundle", bundle.directory(), NewId()})) {
    line.push_back(word);
  }
  const Output output = RunCommand(line);
  if (output.exit_code == 0) {
    GTEST_SKIP() << "this process has CAP_SYS_RESOURCE";
  }
  ExpectError(output, IsRunc() ? "error setting rlimit type 7" : "RLIMIT_NOFILE");
}

TEST_F(ProcessTest, BadRlimitsAreErrors) {
  for (const auto& [limit, word] : std::vector<std::pair<nlohmann::json, std::string>>{
           {{{"type", "RLIMIT_MOOD"}, {"soft", 1}, {"hard", 1}}, "RLIMIT_MOOD"},
           {{{"type", "RLIMIT_NOFILE"}, {"soft", 20}, {"hard", 10}}, "process.rlimits[0].soft"}}) {
    SCOPED_TRACE(limit.dump());
    Bundle bundle = MakeBundle();
    bundle.config["process"]["rlimits"] = {limit};
    bundle.Save();
    const Output output = Run(bundle);
    ExpectError(output);
    if (!IsRunc()) {
      ExpectError(output, word);
    }
  }
}

TEST_F(ProcessTest, NoNewPrivileges) {
  Bundle bundle = MakeBundle();
  EXPECT_EQ(Report(bundle, {"process"})["no_new_privs"], true);
  bundle.config["process"]["noNewPrivileges"] = false;
  EXPECT_EQ(Report(bundle, {"process"})["no_new_privs"], false);
}

TEST_F(ProcessTest, OomScoreAdj) {
  Bundle bundle = MakeBundle();
  bundle.config["process"]["oomScoreAdj"] = 500;
  EXPECT_EQ(Report(bundle, {"process"})["oom_score_adj"], 500);
}

TEST_F(ProcessTest, ArgumentsArriveAsGiven) {
  const std::vector<std::string> odd = {"two words", "",          " lead",     "\"quoted\"",
                                        "$HOME",     "*",         "tab\there", "line\nbreak",
                                        "ünïcödé",   "--flag=x y"};
  Bundle bundle = MakeBundle();
  std::vector<std::string> args = {"report"};
  args.insert(args.end(), odd.begin(), odd.end());
  bundle.Probe(args);
  const Output unknown_sections = Run(bundle);
  EXPECT_EQ(unknown_sections.exit_code, 99) << "the probe refuses sections it does not know";
  // The probe prints argv only when asked for it.
  args.push_back("argv");
  bundle.Probe(args);
  nlohmann::json report = nlohmann::json::parse(Run(bundle).out, nullptr, false);
  args.insert(args.begin(), "/probe");
  EXPECT_EQ(report["argv"], nlohmann::json(args));
}

TEST_F(ProcessTest, EnvironmentIsExactlyTheConfigurations) {
  const std::vector<std::string> wanted = {"PATH=/bin", "A=1",          "WITH=spaces in it",
                                           "EMPTY=",    "EQUALS=a=b=c", "HOME=/somewhere"};
  Bundle bundle = MakeBundle();
  bundle.config["process"]["env"] = wanted;
  EXPECT_EQ(Report(bundle, {"env"}), nlohmann::json(wanted));
}

// The program would not find its files without it, and shells expect it.
TEST_F(ProcessTest, HomeIsSetFromThePasswordFile) {
  Bundle bundle = MakeBundle();
  bundle.config["process"]["user"] = {{"uid", 1000}, {"gid", 1000}};
  nlohmann::json env = Report(bundle, {"env"});
  EXPECT_NE(std::find(env.begin(), env.end(), "HOME=/home/user"), env.end()) << env;
}

TEST_F(ProcessTest, TheProgramIsLookedUpInThePathOfTheContainer) {
  Bundle bundle = MakeBundle();
  fs::create_directories(bundle.rootfs() / "opt/tools");
  fs::rename(bundle.rootfs() / "probe", bundle.rootfs() / "opt/tools/hidden-probe");
  bundle.config["process"]["args"] = {"hidden-probe", "exit", "6"};
  bundle.config["process"]["env"] = {"PATH=/nowhere:/opt/tools"};
  bundle.Save();
  EXPECT_EQ(Run(bundle).exit_code, 6);
  bundle.config["process"]["env"] = {"PATH=/nowhere"};
  bundle.Save();
  ExpectError(Run(bundle), "hidden-probe");
}

TEST_F(ProcessTest, ARelativeProgramStartsAtTheWorkingDirectory) {
  Bundle bundle = MakeBundle();
  fs::create_directories(bundle.rootfs() / "opt");
  fs::rename(bundle.rootfs() / "probe", bundle.rootfs() / "opt/probe");
  bundle.config["process"]["cwd"] = "/opt";
  bundle.config["process"]["args"] = {"./probe", "exit", "6"};
  bundle.Save();
  EXPECT_EQ(Run(bundle).exit_code, 6);
}

TEST_F(ProcessTest, WorkingDirectory) {
  Bundle bundle = MakeBundle();
  EXPECT_EQ(Report(bundle, {"cwd"}), "/");
  bundle.config["process"]["cwd"] = "/etc";
  EXPECT_EQ(Report(bundle, {"cwd"}), "/etc");
}

TEST_F(ProcessTest, AMissingWorkingDirectoryIsMade) {
  Bundle bundle = MakeBundle();
  bundle.config["process"]["cwd"] = "/srv/made/here";
  EXPECT_EQ(Report(bundle, {"cwd"}), "/srv/made/here");
}

TEST_F(ProcessTest, AWorkingDirectoryOnlyTheUserMayEnter) {
  Bundle bundle = MakeBundle();
  const fs::path home = bundle.rootfs() / "home/user";
  fs::create_directories(home);
  fs::permissions(home, fs::perms::owner_all);
  ASSERT_EQ(::chown(home.c_str(), 1000, 1000), 0);
  bundle.config["process"]["user"] = {{"uid", 1000}, {"gid", 1000}};
  bundle.config["process"]["cwd"] = "/home/user";
  EXPECT_EQ(Report(bundle, {"cwd"}), "/home/user");
}

TEST_F(ProcessTest, ARelativeWorkingDirectoryIsAnError) {
  Bundle bundle = MakeBundle();
  bundle.config["process"]["cwd"] = "etc";
  bundle.Save();
  ExpectError(Run(bundle), "wd");
}

TEST_F(ProcessTest, SignalsAreAsAFreshProgramHasThem) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"report", "process"});
  // A caller that ignores SIGPIPE and blocks nothing is the usual one.
  std::vector<std::string> line = {"sh", "-c", "trap '' USR1 PIPE; exec \"$@\"", "sh"};
  for (const std::string& word : CommandLine({"run", "--bundle", bundle.directory(), NewId()})) {
    line.push_back(word);
  }
  const Output output = RunCommand(line);
  nlohmann::json report = nlohmann::json::parse(output.out, nullptr, false);
  ASSERT_FALSE(report.is_discarded()) << output.out << output.err;
  EXPECT_EQ(report["process"]["blocked_signals"], "0000000000000000");
  if (IsRunc()) {
    GTEST_SKIP() << "runc lets ignored signals of its caller through";
  }
  EXPECT_EQ(report["process"]["ignored_signals"], "0000000000000000");
}

TEST_F(ProcessTest, ASessionOfItsOwn) {
  Bundle bundle = MakeBundle();
  nlohmann::json process = Report(bundle, {"process"});
  EXPECT_EQ(process["sid"], 1);
  EXPECT_EQ(process["parent_death_signal"], 0);
}

}  // namespace mayfly::test
