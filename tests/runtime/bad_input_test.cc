// Bundles that are wrong: a clear error, exit code 1, and nothing left (the fixture checks that).
#include <sys/stat.h>

#include "fixture.h"

namespace mayfly::test {

namespace fs = std::filesystem;

class BadInputTest : public RuntimeTest {
 protected:
  // create and run must both fail and say `text`.
  void ExpectRefused(const Bundle& bundle, const std::string& text) {
    ExpectError(Run(bundle), text);
    ExpectError(Runtime({"create", "--bundle", bundle.directory(), NewId()}), text);
  }
};

TEST_F(BadInputTest, MissingBundle) {
  ExpectError(Runtime({"create", "--bundle", "/no/such/bundle", NewId()}), "/no/such/bundle");
}

TEST_F(BadInputTest, MissingConfig) {
  const Bundle bundle = MakeBundle();
  fs::remove(bundle.directory() / "config.json");
  ExpectRefused(bundle, "config.json");
}

TEST_F(BadInputTest, ConfigIsADirectory) {
  const Bundle bundle = MakeBundle();
  fs::remove(bundle.directory() / "config.json");
  fs::create_directory(bundle.directory() / "config.json");
  ExpectRefused(bundle, "config.json");
}

TEST_F(BadInputTest, TruncatedConfig) {
  const Bundle bundle = MakeBundle();
  const std::string whole = bundle.config.dump(1);
  for (const size_t size :
       {size_t{0}, size_t{1}, whole.size() / 3, whole.size() / 2, whole.size() - 1}) {
    SCOPED_TRACE(size);
    bundle.SaveText(whole.substr(0, size));
    ExpectRefused(bundle, IsRunc() ? "" : "config.json");
  }
}

TEST_F(BadInputTest, ConfigThatIsNotJson) {
  const Bundle bundle = MakeBundle();
  std::string deep(100000, '[');
  for (const std::string& text :
       {std::string("this is not JSON"),
        std::string("\x7f"
                    "ELF\0\0\0",
                    7),
        std::string("[]"), std::string("\"text\""), std::string("42"), deep}) {
    SCOPED_TRACE(text.substr(0, 20));
    bundle.SaveText(text);
    ExpectRefused(bundle, IsRunc() ? "" : "config.json");
  }
}

TEST_F(BadInputTest, TextAfterTheConfig) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc reads the first JSON value and ignores what follows";
  }
  const Bundle bundle = MakeBundle();
  bundle.SaveText(bundle.config.dump() + "garbage");
  ExpectRefused(bundle, "config.json");
}

TEST_F(BadInputTest, MissingRootfs) {
  const Bundle bundle = MakeBundle();
  fs::remove_all(bundle.rootfs());
  ExpectRefused(bundle, "rootfs");
}

TEST_F(BadInputTest, RootfsIsAFile) {
  const Bundle bundle = MakeBundle();
  fs::remove_all(bundle.rootfs());
  WriteFile(bundle.rootfs(), "not a directory");
  ExpectRefused(bundle, IsRunc() ? "" : "rootfs");
}

TEST_F(BadInputTest, NoRootInTheConfig) {
  Bundle bundle = MakeBundle();
  bundle.config.erase("root");
  bundle.Save();
  ExpectRefused(bundle, "root");
}

TEST_F(BadInputTest, NoProcessInTheConfig) {
  Bundle bundle = MakeBundle();
  bundle.config.erase("process");
  bundle.Save();
  ExpectRefused(bundle, IsRunc() ? "" : "process");
}

TEST_F(BadInputTest, WhatNeedsAMountNamespace) {
  Bundle remount = MakeBundle();
  remount.DropNamespace("mount");
  remount.config["mounts"].push_back(
      {{"destination", "/dev"}, {"type", "bind"}, {"source", "/dev"}, {"options", {"remount"}}});
  remount.Save();
  ExpectRefused(remount, "\"remount\" needs a mount namespace");
  Bundle user = MakeBundle();
  user.DropNamespace("mount");
  user.config["linux"]["namespaces"].push_back({{"type", "user"}});
  user.Save();
  ExpectRefused(user, "linux.namespaces: a user namespace needs a mount namespace");
}

// The specification lets `start` report it; runc and Mayfly report it as early as `create`.
TEST_F(BadInputTest, MissingExecutable) {
  Bundle bundle = MakeBundle();
  for (const std::string program : {"/no/such/program", "no-such-program", "./no-such-program"}) {
    SCOPED_TRACE(program);
    bundle.config["process"]["args"] = {program};
    bundle.Save();
    ExpectError(Run(bundle), program);
  }
}

TEST_F(BadInputTest, FilesThatCannotBeExecuted) {
  Bundle bundle = MakeBundle();
  WriteFile(bundle.rootfs() / "plain", "#!/probe\n");
  fs::permissions(bundle.rootfs() / "plain", static_cast<fs::perms>(0644));
  WriteFile(bundle.rootfs() / "garbage", "neither ELF nor a script");
  fs::permissions(bundle.rootfs() / "garbage", static_cast<fs::perms>(0755));
  WriteFile(bundle.rootfs() / "script", "#!/no/such/interpreter\n");
  fs::permissions(bundle.rootfs() / "script", static_cast<fs::perms>(0755));
  WriteFile(bundle.rootfs() / "empty", "");
  fs::permissions(bundle.rootfs() / "empty", static_cast<fs::perms>(0755));
  for (const std::string program : {"/plain", "/garbage", "/script", "/etc", "/empty"}) {
    SCOPED_TRACE(program);
    bundle.config["process"]["args"] = {program};
    bundle.Save();
    ExpectError(Run(bundle), program);
  }
}

TEST_F(BadInputTest, ScriptsWork) {
  Bundle bundle = MakeBundle();
  WriteFile(bundle.rootfs() / "script", "#!/probe say\n");
  fs::permissions(bundle.rootfs() / "script", static_cast<fs::perms>(0755));
  bundle.config["process"]["args"] = {"/script"};
  bundle.Save();
  const Output output = Run(bundle);
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_EQ(output.out, "/script\n");
}

TEST_F(BadInputTest, EmptyArguments) {
  Bundle bundle = MakeBundle();
  bundle.config["process"]["args"] = nlohmann::json::array();
  bundle.Save();
  ExpectRefused(bundle, "args");
  bundle.config["process"].erase("args");
  bundle.Save();
  ExpectRefused(bundle, "args");
}

// When the pid file cannot be written the caller would lose the container: it must not exist then.
TEST_F(BadInputTest, AnUnwritablePidFile) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  ExpectError(Runtime({"create", "--bundle", bundle.directory(), "--pid-file",
                       "/no/such/directory/pid", id}),
              "/no/such/directory");
  ExpectError(Runtime({"state", id}), "does not exist");
}

TEST_F(BadInputTest, APidfdSocketThatNobodyListensOn) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc has --pidfd-socket from 1.2 on";
  }
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  ExpectError(Runtime({"create", "--bundle", bundle.directory(), "--pidfd-socket",
                       directory() / "nobody", id}),
              "--pidfd-socket");
  ExpectError(Runtime({"state", id}), "does not exist");
}

TEST_F(BadInputTest, AWrongValueIsNamedByItsField) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc names Go's types, or takes the value";
  }
  struct Case {
    const char* pointer;
    const char* value;
    const char* field;
  };
  const std::vector<Case> cases = {
      {"/ociVersion", "5", "ociVersion"},
      {"/process", "[]", "process"},
      {"/process/args", "\"/probe\"", "process.args"},
      {"/process/args", "[1]", "process.args[0]"},
      {"/process/args", "[\"a\\u0000b\"]", "process.args[0]"},
      {"/process/env", "\"A=B\"", "process.env"},
      {"/process/env", "[7]", "process.env[0]"},
      {"/process/cwd", "3", "process.cwd"},
      {"/process/cwd", "\"\"", "process.cwd"},
      {"/process/cwd", "\"etc\"", "process.cwd"},
      {"/process/user", "\"root\"", "process.user"},
      {"/process/user", "[0, 0]", "process.user"},
      {"/process/user/uid", "\"0\"", "process.user.uid"},
      {"/process/user/uid", "-1", "process.user.uid"},
      {"/process/user/gid", "4294967296", "process.user.gid"},
      {"/process/user/gid", "1.5", "process.user.gid"},
      {"/process/user/additionalGids", "5", "process.user.additionalGids"},
      {"/process/user/additionalGids", "[\"a\"]", "process.user.additionalGids[0]"},
      {"/process/user/umask", "1024", "process.user.umask"},
      {"/process/capabilities", "[\"CAP_KILL\"]", "process.capabilities"},
      {"/process/capabilities/bounding", "\"CAP_KILL\"", "process.capabilities.bounding"},
      {"/process/capabilities/ambient", "[5]", "process.capabilities.ambient[0]"},
      {"/process/rlimits", "{}", "process.rlimits"},
      {"/process/rlimits/0", "\"RLIMIT_NOFILE\"", "process.rlimits[0]"},
      {"/process/rlimits/0/soft", "\"many\"", "process.rlimits[0].soft"},
      {"/process/rlimits/0/type", "\"RLIMIT_X\"", "process.rlimits[0].type"},
      {"/process/noNewPrivileges", "\"yes\"", "process.noNewPrivileges"},
      {"/process/oomScoreAdj", "\"low\"", "process.oomScoreAdj"},
      {"/root", "\"rootfs\"", "root"},
      {"/root/path", "3", "root.path"},
      {"/root/path", "\"\"", "root.path"},
      {"/root/readonly", "\"no\"", "root.readonly"},
      {"/hostname", "7", "hostname"},
      {"/mounts", "{}", "mounts"},
      {"/mounts/0", "\"proc\"", "mounts[0]"},
      {"/mounts/0/destination", "1", "mounts[0].destination"},
      {"/mounts/0/destination", "\"\"", "mounts[0].destination"},
      {"/mounts/1/options", "\"ro\"", "mounts[1].options"},
      {"/mounts/1/options", "[1]", "mounts[1].options[0]"},
      {"/linux", "3", "linux"},
      {"/linux/namespaces", "\"pid\"", "linux.namespaces"},
      {"/linux/namespaces/0", "\"pid\"", "linux.namespaces[0]"},
      {"/linux/namespaces/0/type", "1", "linux.namespaces[0].type"},
      {"/linux/namespaces/0/path", "7", "linux.namespaces[0].path"},
      {"/linux/devices", "{}", "linux.devices"},
      {"/linux/devices", "[{\"path\": \"/dev/x\", \"type\": \"c\"}]", "linux.devices[0]"},
      {"/linux/devices", "[{\"path\": \"/dev/x\", \"type\": \"x\"}]", "linux.devices[0].type"},
      {"/linux/devices", "[{\"path\": \"x\", \"type\": \"p\"}]", "linux.devices[0].path"},
      {"/linux/resources", "[]", "linux.resources"},
      {"/linux/resources/memory", "5", "linux.resources.memory"},
      {"/linux/resources/memory", "{\"limit\": \"64M\"}", "linux.resources.memory.limit"},
      {"/linux/resources/pids", "{\"limit\": \"x\"}", "linux.resources.pids.limit"},
      {"/linux/resources/pids", "7", "linux.resources.pids"},
      {"/linux/resources/cpu", "{\"shares\": -1}", "linux.resources.cpu.shares"},
      {"/linux/resources/cpu", "{\"cpus\": 0}", "linux.resources.cpu.cpus"},
      {"/linux/resources/devices", "\"all\"", "linux.resources.devices"},
      {"/linux/resources/devices/0", "\"all\"", "linux.resources.devices[0]"},
      {"/linux/resources/devices/0/allow", "\"no\"", "linux.resources.devices[0].allow"},
      {"/linux/resources/devices/0/access", "\"rwx\"", "linux.resources.devices[0].access"},
      {"/linux/sysctl", "[]", "linux.sysctl"},
      {"/linux/sysctl", "{\"net.ipv4.ip_forward\": 1}", "linux.sysctl.net.ipv4.ip_forward"},
      {"/linux/maskedPaths", "\"/x\"", "linux.maskedPaths"},
      {"/linux/maskedPaths", "[3]", "linux.maskedPaths[0]"},
      {"/linux/readonlyPaths", "{}", "linux.readonlyPaths"},
      {"/linux/cgroupsPath", "7", "linux.cgroupsPath"},
      {"/annotations", "[\"x\"]", "annotations"},
      {"/annotations", "{\"a\": 1}", "annotations.a"},
  };
  for (const Case& bad : cases) {
    SCOPED_TRACE(std::string(bad.pointer) + " = " + bad.value);
    Bundle bundle = MakeBundle();
    bundle.config[nlohmann::json::json_pointer(bad.pointer)] = nlohmann::json::parse(bad.value);
    bundle.Save();
    ExpectError(Run(bundle), std::string("config.json: ") + bad.field);
    fs::remove_all(bundle.directory());
  }
}

}  // namespace mayfly::test
