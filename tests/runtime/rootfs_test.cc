// The container's root: what is read-only, masked, a device, and that there is no way out of it.
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

namespace mayfly::test {

namespace fs = std::filesystem;

using RootfsTest = RuntimeTest;

TEST_F(RootfsTest, WritableUnlessReadOnly) {
  Bundle bundle = MakeBundle();
  EXPECT_EQ(Files(bundle, {"/"})["write_error"], "0");
  bundle.config["root"]["readonly"] = true;
  nlohmann::json files = Files(bundle, {"/", "/etc", "/etc/passwd", "/dev/shm"});
  EXPECT_EQ(files["/"]["write_error"], "EROFS");
  EXPECT_EQ(files["/etc"]["write_error"], "EROFS");
  EXPECT_EQ(files["/etc/passwd"]["write_error"], "EROFS");
  EXPECT_EQ(files["/dev/shm"]["write_error"], "0") << "a mount of its own";
}

TEST_F(RootfsTest, ReadOnlyRootCannotBeRemountedWithoutTheCapability) {
  Bundle bundle = MakeBundle();
  bundle.config["root"]["readonly"] = true;
  EXPECT_EQ(Try(bundle, {"remount", "/"}), std::vector<std::string>{"EPERM"});
}

TEST_F(RootfsTest, ReadOnlyRootWithAWritableVolume) {
  Bundle bundle = MakeBundle();
  fs::create_directories(bundle.rootfs() / "data");
  WriteFile(directory() / "volume/file", "x");
  bundle.config["root"]["readonly"] = true;
  bundle.Mount("/data", "bind", directory() / "volume", {"bind"});
  EXPECT_EQ(Files(bundle, {"/data"})["write_error"], "0");
}

TEST_F(RootfsTest, AnAbsoluteRootPath) {
  Bundle bundle = MakeBundle();
  fs::rename(bundle.rootfs(), directory() / "root-elsewhere");
  bundle.config["root"]["path"] = directory() / "root-elsewhere";
  EXPECT_EQ(Files(bundle, {"/etc/passwd"})["error"], "0");
}

TEST_F(RootfsTest, MaskedFilesAndDirectoriesAreEmpty) {
  Bundle bundle = MakeBundle();
  WriteFile(bundle.rootfs() / "secret/key", "hidden");
  WriteFile(bundle.rootfs() / "secret.txt", "hidden");
  bundle.config["linux"]["maskedPaths"] = {"/secret", "/secret.txt", "/not/there", "/proc/version"};
  nlohmann::json files =
      Files(bundle, {"/secret", "/secret/key", "/secret.txt", "/not", "/proc/version"});
  EXPECT_EQ(files["/secret"]["entries"], nlohmann::json::array());
  EXPECT_EQ(files["/secret"]["write_error"], "EROFS");
  EXPECT_EQ(files["/secret/key"]["error"], "ENOENT");
  EXPECT_EQ(files["/secret.txt"]["type"], "char") << "/dev/null lies over it";
  EXPECT_EQ(files["/proc/version"]["type"], "char");
  EXPECT_EQ(files["/not"]["error"], "ENOENT") << "nothing is made for a path that is not there";
}

TEST_F(RootfsTest, ReadOnlyPaths) {
  Bundle bundle = MakeBundle();
  WriteFile(bundle.rootfs() / "fixed/file", "x");
  bundle.config["linux"]["readonlyPaths"] = {"/fixed", "/not/there", "/proc/sys"};
  nlohmann::json files =
      Files(bundle, {"/fixed", "/fixed/file", "/etc", "/proc/sys/kernel/msgmax"});
  EXPECT_EQ(files["/fixed"]["write_error"], "EROFS");
  EXPECT_EQ(files["/fixed/file"]["write_error"], "EROFS");
  EXPECT_EQ(files["/fixed/file"]["content"], "x");
  EXPECT_EQ(files["/etc"]["write_error"], "0");
  EXPECT_EQ(files["/proc/sys/kernel/msgmax"]["write_error"], "EROFS");
}

TEST_F(RootfsTest, DefaultDevices) {
  Bundle bundle = MakeBundle();
  const std::map<std::string, std::pair<int, int>> expected = {
      {"/dev/null", {1, 3}},   {"/dev/zero", {1, 5}},    {"/dev/full", {1, 7}},
      {"/dev/random", {1, 8}}, {"/dev/urandom", {1, 9}}, {"/dev/tty", {5, 0}}};
  nlohmann::json files = Files(
      bundle, {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty",
               "/dev/fd", "/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/ptmx", "/dev"});
  for (const auto& [path, numbers] : expected) {
    SCOPED_TRACE(path);
    EXPECT_EQ(files[path]["type"], "char");
    EXPECT_EQ(files[path]["major"], numbers.first);
    EXPECT_EQ(files[path]["minor"], numbers.second);
    EXPECT_EQ(files[path]["mode"], 0666);
    EXPECT_EQ(files[path]["uid"], 0);
  }
  EXPECT_EQ(files["/dev/null"]["write_error"], "0");
  EXPECT_EQ(files["/dev/fd"]["target"], "/proc/self/fd");
  EXPECT_EQ(files["/dev/stdin"]["target"], "/proc/self/fd/0");
  EXPECT_EQ(files["/dev/stdout"]["target"], "/proc/self/fd/1");
  EXPECT_EQ(files["/dev/stderr"]["target"], "/proc/self/fd/2");
  EXPECT_EQ(files["/dev/ptmx"]["target"], "pts/ptmx");
}

TEST_F(RootfsTest, DevicesOfTheConfiguration) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["devices"] = {
      {{"path", "/dev/own"},
       {"type", "c"},
       {"major", 1},
       {"minor", 3},
       {"fileMode", 0640},
       {"uid", 4},
       {"gid", 5}},
      {{"path", "/dev/deep/disk"}, {"type", "b"}, {"major", 7}, {"minor", 200}},
      {{"path", "/dev/pipe"}, {"type", "p"}, {"fileMode", 0600}}};
  nlohmann::json files = Files(bundle, {"/dev/own", "/dev/deep/disk", "/dev/pipe"});
  EXPECT_EQ(files["/dev/own"]["type"], "char");
  EXPECT_EQ(files["/dev/own"]["minor"], 3);
  EXPECT_EQ(files["/dev/own"]["mode"], 0640);
  EXPECT_EQ(files["/dev/own"]["uid"], 4);
  EXPECT_EQ(files["/dev/own"]["gid"], 5);
  EXPECT_EQ(files["/dev/deep/disk"]["type"], "block");
  EXPECT_EQ(files["/dev/deep/disk"]["major"], 7);
  EXPECT_EQ(files["/dev/deep/disk"]["minor"], 200);
  EXPECT_EQ(files["/dev/pipe"]["type"], "fifo");
}

// The host's umask must not reach device modes.
TEST_F(RootfsTest, DeviceModesDoNotDependOnTheCallersUmask) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"files", "/dev/null", "/dev/shm"});
  const std::string script = "umask 077; exec \"$@\"";
  std::vector<std::string> line = {"sh", "-c", script, "sh"};
  for (const std::string& word : CommandLine({"run", "--bundle", bundle.directory(), NewId()})) {
    line.push_back(word);
  }
  const Output output = RunCommand(line);
  nlohmann::json files = nlohmann::json::parse(output.out, nullptr, false);
  ASSERT_FALSE(files.is_discarded()) << output.out << output.err;
  EXPECT_EQ(files["/dev/null"]["mode"], 0666);
}

TEST_F(RootfsTest, DeviceRulesDenyWhatIsNotAllowed) {
  Bundle bundle = MakeBundle();
  bundle.Capabilities({"CAP_SYSLOG", "CAP_SYS_RAWIO"});
  bundle.config["linux"]["resources"]["devices"] = {
      {{"allow", false}, {"access", "rwm"}},
      {{"allow", true}, {"type", "c"}, {"major", 1}, {"minor", 11}, {"access", "r"}}};
  bundle.config["linux"]["devices"] = {
      {{"path", "/dev/kmsg"}, {"type", "c"}, {"major", 1}, {"minor", 11}, {"fileMode", 0666}},
      {{"path", "/dev/mem"}, {"type", "c"}, {"major", 1}, {"minor", 1}, {"fileMode", 0666}}};
  EXPECT_EQ(
      Try(bundle, {"open", "/dev/kmsg", "r", ",", "open", "/dev/kmsg", "w", ",", "open", "/dev/mem",
                   "r", ",", "open", "/dev/null", "rw", ",", "open", "/dev/tty", "rw"}),
      (std::vector<std::string>{"0", "EPERM", "EPERM", "0", "ENXIO"}));
}

TEST_F(RootfsTest, DeviceRulesAllowEverythingWhenAsked) {
  Bundle bundle = MakeBundle();
  bundle.Capabilities({"CAP_SYSLOG"});
  bundle.config["linux"]["resources"]["devices"] = {{{"allow", true}, {"access", "rwm"}}};
  bundle.config["linux"]["devices"] = {
      {{"path", "/dev/kmsg"}, {"type", "c"}, {"major", 1}, {"minor", 11}, {"fileMode", 0666}}};
  EXPECT_EQ(Try(bundle, {"open", "/dev/kmsg", "rw"}), std::vector<std::string>{"0"});
}

TEST_F(RootfsTest, NoWayOutByChroot) {
  Bundle bundle = MakeBundle();
  bundle.Capabilities({"CAP_SYS_CHROOT", "CAP_DAC_OVERRIDE"});
  bundle.Probe({"escape", directory()});
  const Output output = Run(bundle);
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_EQ(output.out, "inside\n");
}

TEST_F(RootfsTest, TheHostsDirectoriesAreNotToBeSeen) {
  Bundle bundle = MakeBundle();
  nlohmann::json files = Files(bundle, {"/", directory(), "/.."});
  EXPECT_EQ(files["/"]["entries"], nlohmann::json({"dev", "etc", "probe", "proc", "sys", "tmp"}));
  EXPECT_EQ(files["/.."]["entries"], files["/"]["entries"]);
  EXPECT_EQ(files[directory()]["error"], "ENOENT");
}

// CVE-2019-5736: the container must not get a writable handle on the runtime's own program.
TEST_F(RootfsTest, TheRuntimesProgramIsNotWithinReach) {
  struct stat before{};
  ASSERT_EQ(::stat(RuntimePath().c_str(), &before), 0);
  Bundle bundle = MakeBundle();
  bundle.config["process"]["args"] = {"/proc/self/exe", "exit", "0"};
  bundle.Save();
  const Output output = Run(bundle);
  EXPECT_NE(output.exit_code, 0) << "the runtime's program ran in the container";
  struct stat after{};
  ASSERT_EQ(::stat(RuntimePath().c_str(), &after), 0);
  EXPECT_EQ(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
  EXPECT_EQ(before.st_size, after.st_size);
}

TEST_F(RootfsTest, RootPropagation) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc 1.1 leaves the root private, and fails for unbindable";
  }
  for (const auto& [option, shown] :
       std::map<std::string, std::vector<std::string>>{{"private", {}},
                                                       {"rprivate", {}},
                                                       {"unbindable", {"unbindable"}},
                                                       {"shared", {"shared"}}}) {
    SCOPED_TRACE(option);
    Bundle bundle = MakeBundle();
    bundle.config["linux"]["rootfsPropagation"] = option;
    for (const auto& mount : Report(bundle, {"mounts"})) {
      if (mount["mount_point"] == "/") {
        EXPECT_EQ(mount["propagation"], nlohmann::json(shown));
      }
    }
  }
}

TEST_F(RootfsTest, AnUnknownPropagationIsAnError) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["rootfsPropagation"] = "sideways";
  bundle.Save();
  ExpectError(Run(bundle), "rootfsPropagation");
}

}  // namespace mayfly::test
