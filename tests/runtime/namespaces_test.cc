// Namespaces: made new, shared with the host when not asked for, joined by path.
#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>

#include "fixture.h"

namespace mayfly::test {

using NamespacesTest = RuntimeTest;

namespace {

// The type's name in config.json -> its link in /proc/PID/ns.
const std::map<std::string, std::string> kLinks = {
    {"pid", "pid"}, {"network", "net"}, {"ipc", "ipc"}, {"uts", "uts"}, {"cgroup", "cgroup"}};

std::string PathOf(pid_t pid, const std::string& link) {
  return "/proc/" + std::to_string(pid) + "/ns/" + link;
}

// Linux 6.15 and later mount on what is attached nowhere.
bool MountsOnDetachedMounts() {
  utsname host{};
  char* end = nullptr;
  const int64_t major =
      ::uname(&host) == 0 ? std::strtol(static_cast<char*>(host.release), &end, 10) : 0;
  const int64_t minor = end != nullptr && *end == '.' ? std::strtol(end + 1, nullptr, 10) : 0;
  return major > 6 || (major == 6 && minor >= 15);
}

}  // namespace

TEST_F(NamespacesTest, ListedOnesAreNew) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["namespaces"].push_back({{"type", "cgroup"}});
  nlohmann::json seen = Report(bundle, {"namespaces"});
  for (const auto& [type, link] : kLinks) {
    EXPECT_NE(seen[link], NamespaceOf(::getpid(), link)) << type;
  }
  EXPECT_NE(seen["mnt"], NamespaceOf(::getpid(), "mnt"));
  EXPECT_EQ(seen["user"], NamespaceOf(::getpid(), "user"));
  EXPECT_EQ(seen["time"], NamespaceOf(::getpid(), "time"));
}

TEST_F(NamespacesTest, OthersAreTheHosts) {
  for (const auto& [type, link] : kLinks) {
    SCOPED_TRACE(type);
    Bundle bundle = MakeBundle();
    bundle.DropNamespace(type);
    if (type == "ipc") {
      bundle.config["linux"]["sysctl"] = nullptr;
    }
    EXPECT_EQ(Report(bundle, {"namespaces"})[link], NamespaceOf(::getpid(), link));
  }
}

// The runtime's mounts are the container's namespace, but neither sees the other's: the container's
// are attached to none, and go with its last process.
TEST_F(NamespacesTest, WithoutAMountNamespaceTheHostsMountsStayAsTheyAre) {
  if (!MountsOnDetachedMounts()) {
    GTEST_SKIP() << "containers without a mount namespace need Linux 6.15";
  }
  const auto mounts = [] { return ReadFile("/proc/self/mountinfo"); };
  const std::string before = mounts();
  Bundle bundle = MakeBundle();
  bundle.DropNamespace("mount");
  bundle.config["root"]["readonly"] = true;
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  EXPECT_EQ(NamespaceOf(PidOf(id), "mnt"), NamespaceOf(::getpid(), "mnt"));
  EXPECT_EQ(mounts(), before);
  const Output exec = Runtime({"exec", id, "/probe", "report", "namespaces"});
  EXPECT_EQ(exec.exit_code, 0) << exec.err;
  const nlohmann::json report = nlohmann::json::parse(exec.out, nullptr, false);
  ASSERT_TRUE(report.is_object()) << exec.out;
  EXPECT_EQ(report.value(nlohmann::json::json_pointer("/namespaces/mnt"), ""),
            NamespaceOf(::getpid(), "mnt"));
  EXPECT_EQ(Runtime({"delete", "--force", id}).exit_code, 0);
  EXPECT_EQ(mounts(), before);
}

TEST_F(NamespacesTest, WithoutAMountNamespaceTheContainerIsWhatItIsWithOne) {
  if (!MountsOnDetachedMounts()) {
    GTEST_SKIP() << "containers without a mount namespace need Linux 6.15";
  }
  const auto seen = [&](bool own) {
    Bundle bundle = MakeBundle();
    if (!own) {
      bundle.DropNamespace("mount");
    }
    bundle.config["root"]["readonly"] = true;
    bundle.config["linux"]["readonlyPaths"] = {"/proc/sys", "/etc"};
    // The last is the host's.
    bundle.Probe({"files", "/", "/etc", "/dev/null", "/dev/shm", "/dev/fd", "/proc/kcore",
                  "/proc/sys/kernel/msgmax", "/sys/kernel", "/var"});
    const Output output = Run(bundle);
    EXPECT_EQ(output.exit_code, 0) << output.err;
    return nlohmann::json::parse(output.out, nullptr, false);
  };
  const nlohmann::json with = seen(true);
  EXPECT_EQ(with["/"]["write_error"], "EROFS") << with.dump(1);
  EXPECT_EQ(with["/proc/sys/kernel/msgmax"]["write_error"], "EROFS") << with.dump(1);
  EXPECT_EQ(seen(false), with);
}

TEST_F(NamespacesTest, TheInitIsPid1AndSeesNobodyElse) {
  Bundle bundle = MakeBundle();
  nlohmann::json report = Report(bundle, {"process", "processes"});
  EXPECT_EQ(report["process"]["pid"], 1);
  EXPECT_EQ(report["process"]["ppid"], 0);
  EXPECT_EQ(report["processes"], nlohmann::json({1}));
}

TEST_F(NamespacesTest, WithoutAPidNamespaceThePidIsTheHosts) {
  Bundle bundle = MakeBundle();
  bundle.DropNamespace("pid");
  EXPECT_GT(Report(bundle, {"process"})["pid"].get<int>(), 1);
}

TEST_F(NamespacesTest, ANewNetworkHasOnlyALoopbackThatIsUp) {
  Bundle bundle = MakeBundle();
  EXPECT_EQ(Report(bundle, {"interfaces"})["lo"], "up");
}

TEST_F(NamespacesTest, JoinedByPath) {
  Bundle sandbox = MakeBundle();
  sandbox.config["linux"]["namespaces"].push_back({{"type", "cgroup"}});
  sandbox.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(sandbox, id);
  const pid_t pid = PidOf(id);
  for (const auto& [type, link] : kLinks) {
    SCOPED_TRACE(type);
    Bundle guest = MakeBundle();
    guest.JoinNamespace(type, PathOf(pid, link));
    nlohmann::json seen = Report(guest, {"namespaces"});
    EXPECT_EQ(seen[link], NamespaceOf(pid, link));
    EXPECT_NE(seen["mnt"], NamespaceOf(pid, "mnt"));
  }
}

// A pod: several of one sandbox at once.
TEST_F(NamespacesTest, SeveralJoinedAtOnce) {
  Bundle sandbox = MakeBundle();
  sandbox.config["hostname"] = "pod";
  sandbox.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(sandbox, id);
  const pid_t pid = PidOf(id);
  Bundle guest = MakeBundle();
  for (const std::string type : {"pid", "network", "ipc", "uts"}) {
    guest.JoinNamespace(type, PathOf(pid, kLinks.at(type)));
  }
  nlohmann::json report = Report(guest, {"namespaces", "names", "process", "processes"});
  for (const std::string link : {"pid", "net", "ipc", "uts"}) {
    EXPECT_EQ(report["namespaces"][link], NamespaceOf(pid, link)) << link;
  }
  EXPECT_EQ(report["names"]["hostname"], "pod");
  EXPECT_GT(report["process"]["pid"].get<int>(), 1);
  EXPECT_EQ(report["processes"][0], 1) << "the sandbox's init is visible";
}

// The end of a container that joined a pid namespace leaves the one that owns it alone, and the
// other way round: when the owner ends, the kernel ends the guest.
TEST_F(NamespacesTest, EndOfASharedPidNamespace) {
  Bundle sandbox = MakeBundle();
  sandbox.Probe({"sleep"});
  const std::string owner = NewId();
  const Process owner_process = Launch(sandbox, owner);
  Bundle guest = MakeBundle();
  guest.JoinNamespace("pid", PathOf(PidOf(owner), "pid"));
  guest.Probe({"sleep"});
  const std::string first = NewId();
  const Process first_process = Launch(guest, first);
  Stop(first);
  EXPECT_EQ(State(owner)["status"], "running");
  const std::string second = NewId();
  const Process second_process = Launch(guest, second);
  // The kernel ends the namespace's init only when everyone in it is reaped, also by parents
  // outside.
  EXPECT_EQ(Runtime({"kill", owner, "KILL"}).exit_code, 0);
  for (const std::string& id : {second, owner}) {
    EXPECT_TRUE(WaitForStatus(id, "stopped")) << id;
    ReapOrphans();
    EXPECT_EQ(Runtime({"delete", id}).exit_code, 0) << id;
  }
}

TEST_F(NamespacesTest, AMissingPathIsAnError) {
  Bundle bundle = MakeBundle();
  bundle.JoinNamespace("network", "/proc/self/ns/nothing");
  ExpectError(Run(bundle), "/proc/self/ns/nothing");
}

TEST_F(NamespacesTest, APathOfAnotherTypeIsAnError) {
  Bundle bundle = MakeBundle();
  bundle.JoinNamespace("network", PathOf(::getpid(), "uts"));
  const Output output = Run(bundle);
  ExpectError(output);
  if (!IsRunc()) {
    ExpectError(output, PathOf(::getpid(), "uts"));
  }
}

TEST_F(NamespacesTest, AFileThatIsNoNamespaceIsAnError) {
  Bundle bundle = MakeBundle();
  bundle.JoinNamespace("ipc", "/etc/passwd");
  ExpectError(Run(bundle));
}

TEST_F(NamespacesTest, ATypeTwiceIsAnError) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["namespaces"].push_back({{"type", "uts"}});
  bundle.Save();
  ExpectError(Run(bundle), "uts");
}

TEST_F(NamespacesTest, AnUnknownTypeIsAnError) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["namespaces"].push_back({{"type", "weather"}});
  bundle.Save();
  ExpectError(Run(bundle), "weather");
}

TEST_F(NamespacesTest, HostnameAndDomainname) {
  Bundle bundle = MakeBundle();
  bundle.config["hostname"] = "some-name";
  EXPECT_EQ(Report(bundle, {"names"})["hostname"], "some-name");
  if (IsRunc()) {
    GTEST_SKIP() << "runc 1.1 knows no domainname";
  }
  bundle.config["domainname"] = "some.domain";
  EXPECT_EQ(Report(bundle, {"names"})["domainname"], "some.domain");
}

// It would rename the host.
TEST_F(NamespacesTest, AHostnameWithoutAUtsNamespaceIsAnError) {
  Bundle bundle = MakeBundle();
  bundle.DropNamespace("uts");
  bundle.config["hostname"] = "renamed";
  bundle.Save();
  ExpectError(Run(bundle), "hostname");
}

TEST_F(NamespacesTest, SysctlsOfTheContainersOwnNamespaces) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["sysctl"] = {{"net.ipv4.ip_forward", "1"},
                                      {"net.ipv4.ip_unprivileged_port_start", "7"},
                                      {"kernel.shm_rmid_forced", "1"},
                                      {"kernel.msgmax", "16384"},
                                      {"fs.mqueue.msg_max", "20"}};
  const std::string base = "/proc/sys/";
  nlohmann::json files =
      Files(bundle,
            {base + "net/ipv4/ip_forward", base + "net/ipv4/ip_unprivileged_port_start",
             base + "kernel/shm_rmid_forced", base + "kernel/msgmax", base + "fs/mqueue/msg_max"});
  EXPECT_EQ(files[base + "net/ipv4/ip_forward"]["content"], "1\n");
  EXPECT_EQ(files[base + "net/ipv4/ip_unprivileged_port_start"]["content"], "7\n");
  EXPECT_EQ(files[base + "kernel/shm_rmid_forced"]["content"], "1\n");
  EXPECT_EQ(files[base + "kernel/msgmax"]["content"], "16384\n");
  EXPECT_EQ(files[base + "fs/mqueue/msg_max"]["content"], "20\n");
}

TEST_F(NamespacesTest, SysctlsOfTheHostAreRefused) {
  const std::string before = ReadFile("/proc/sys/vm/swappiness");
  for (const std::string name : {"vm.swappiness", "kernel.pid_max", "kernel.core_pattern"}) {
    SCOPED_TRACE(name);
    Bundle bundle = MakeBundle();
    bundle.config["linux"]["sysctl"] = {{name, "13"}};
    bundle.Save();
    ExpectError(Run(bundle), name);
  }
  EXPECT_EQ(ReadFile("/proc/sys/vm/swappiness"), before);
}

TEST_F(NamespacesTest, SysctlsOfANamespaceThatIsTheHostsAreRefused) {
  const std::string before = ReadFile("/proc/sys/net/ipv4/ip_forward");
  Bundle bundle = MakeBundle();
  bundle.DropNamespace("network");
  bundle.config["linux"]["sysctl"] = {{"net.ipv4.ip_forward", before == "1\n" ? "0" : "1"}};
  bundle.Save();
  ExpectError(Run(bundle), "net.ipv4.ip_forward");
  EXPECT_EQ(ReadFile("/proc/sys/net/ipv4/ip_forward"), before);
}

// Runtime-spec 1.3: the device, under its new name, with its permanent addresses, up.
TEST_F(NamespacesTest, NetworkDevicesMoveIntoTheContainer) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc 1.1 ignores them";
  }
  const std::string device = "mft" + std::to_string(::getpid() % 100000);
  const std::string peer = device + "p";
  if (RunCommand({"ip", "link", "add", device, "type", "veth", "peer", "name", peer}).exit_code !=
      0) {
    GTEST_SKIP() << "no ip(8), or no veth devices";
  }
  RunCommand({"ip", "address", "add", "192.0.2.7/24", "dev", device});
  RunCommand({"ip", "-6", "address", "add", "2001:db8::7/64", "dev", device});
  RunCommand({"ip", "link", "set", peer, "up"});
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["netDevices"] = {{device, {{"name", "eth%d"}}}};
  bundle.config["linux"]["sysctl"]["net.ipv4.conf.eth0.forwarding"] = "1";
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  const Output shown =
      RunCommand({"nsenter", "--net=/proc/" + std::to_string(PidOf(id)) + "/ns/net", "ip", "-json",
                  "address", "show", "dev", "eth0"});
  ASSERT_EQ(shown.exit_code, 0) << shown.err;
  const nlohmann::json links = nlohmann::json::parse(shown.out);
  const std::string text = links.dump();
  EXPECT_NE(text.find("192.0.2.7"), std::string::npos) << text;
  EXPECT_NE(text.find("2001:db8::7"), std::string::npos) << text;
  EXPECT_NE(text.find("\"UP\""), std::string::npos) << text;
  EXPECT_NE(RunCommand({"ip", "link", "show", "dev", device}).exit_code, 0);
  Stop(id);
  // Its peer went with it, when the namespace ended.
  RunCommand({"ip", "link", "delete", peer});
}

TEST_F(NamespacesTest, ANetworkDeviceThatIsNotThereIsNamed) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc 1.1 ignores them";
  }
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["netDevices"] = {{"no-such", nlohmann::json::object()}};
  bundle.Probe({"exit", "0"});
  ExpectError(Run(bundle), "linux.netDevices.no-such: the host has no such device");
}

}  // namespace mayfly::test
