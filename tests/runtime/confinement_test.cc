// User and time namespaces, id-mapped mounts, scheduling, labels, limits of devices: what
// config.json asks for and what the guest gets.
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <cmath>

#include "fixture.h"

namespace mayfly::test {

namespace fs = std::filesystem;

using nlohmann::json;

class ConfinementTest : public RuntimeTest {
 protected:
  static json Map(unsigned container, unsigned host, unsigned size) {
    return json::array({{{"containerID", container}, {"hostID", host}, {"size", size}}});
  }
  // A user namespace whose root is host user 100000; the rootfs becomes that user's.
  static void AddUserNamespace(Bundle& bundle) {
    bundle.config["linux"]["namespaces"].push_back({{"type", "user"}});
    bundle.config["linux"]["uidMappings"] = Map(0, 100000, 65536);
    bundle.config["linux"]["gidMappings"] = Map(0, 200000, 65536);
    ChownTree(bundle.rootfs(), 100000, 200000);
    bundle.Save();
  }
  static void ChownTree(const fs::path& path, uid_t uid, gid_t gid) {
    ASSERT_EQ(::lchown(path.c_str(), uid, gid), 0);
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      ASSERT_EQ(::lchown(entry.path().c_str(), uid, gid), 0);
    }
  }
  static timespec Now(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return now;
  }
};

TEST_F(ConfinementTest, ANewUserNamespaceHasItsMapsAndItsRoot) {
  Bundle bundle = MakeBundle();
  AddUserNamespace(bundle);
  json seen = Report(bundle, {"confinement", "process", "namespaces", "mounts"});
  EXPECT_NE(seen["confinement"]["uid_map"].get<std::string>().find("100000      65536"),
            std::string::npos);
  EXPECT_NE(seen["confinement"]["gid_map"].get<std::string>().find("200000      65536"),
            std::string::npos);
  EXPECT_EQ(seen["process"]["uids"], json({0, 0, 0}));
  EXPECT_NE(seen["namespaces"]["user"], NamespaceOf(::getpid(), "user"));
}

TEST_F(ConfinementTest, UsersOfAUserNamespaceAreOthersOutside) {
  Bundle bundle = MakeBundle();
  AddUserNamespace(bundle);
  bundle.config["process"]["user"] = {{"uid", 1000}, {"gid", 1000}, {"additionalGids", {5}}};
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process process = Launch(bundle, id);
  struct stat info{};
  ASSERT_EQ(::stat(("/proc/" + std::to_string(PidOf(id))).c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 101000U);
  EXPECT_EQ(info.st_gid, 201000U);
  Stop(id);
}

// The rootfs lies where the namespace's root may not go, and so do the sources of its volumes.
TEST_F(ConfinementTest, AUserNamespaceNeedsNoWayToTheRootfs) {
  Bundle bundle = MakeBundle();
  const fs::path secret = directory() / "private/volume";
  WriteFile(secret / "file", "content");
  fs::permissions(secret.parent_path(), fs::perms::owner_all);
  bundle.Mount("/volume", "bind", secret, {"rbind", "ro"});
  AddUserNamespace(bundle);
  fs::permissions(bundle.directory(), fs::perms::owner_all);
  const json seen = Files(bundle, {"/volume/file"});
  EXPECT_EQ(seen["error"], "0") << seen;
}

TEST_F(ConfinementTest, DevicesAreThereInAUserNamespace) {
  Bundle bundle = MakeBundle();
  AddUserNamespace(bundle);
  EXPECT_EQ(Try(bundle, {"open", "/dev/null", "rw", ",", "open", "/dev/urandom", "r", ",", "mknod",
                         "/tmp/x", "c", "1", "3"}),
            (std::vector<std::string>{"0", "0", "EPERM"}));
}

TEST_F(ConfinementTest, AUserNamespaceCanBeJoined) {
  Bundle holder = MakeBundle();
  AddUserNamespace(holder);
  holder.Probe({"sleep"});
  const std::string id = NewId();
  const Process process = Launch(holder, id);
  const std::string base = "/proc/" + std::to_string(PidOf(id)) + "/ns/";
  Bundle bundle = MakeBundle();
  ChownTree(bundle.rootfs(), 100000, 200000);
  for (const char* type : {"user", "network", "ipc", "uts"}) {
    bundle.JoinNamespace(type, base + (std::string(type) == "network" ? "net" : type));
  }
  json seen = Report(bundle, {"namespaces", "process", "confinement"});
  EXPECT_EQ(seen["namespaces"]["user"], NamespaceOf(PidOf(id), "user"));
  EXPECT_EQ(seen["namespaces"]["net"], NamespaceOf(PidOf(id), "net"));
  EXPECT_NE(seen["namespaces"]["mnt"], NamespaceOf(PidOf(id), "mnt"));
  EXPECT_EQ(seen["process"]["uids"], json({0, 0, 0}));
  Stop(id);
}

TEST_F(ConfinementTest, ANewUserNamespaceJoinsTheHostsNetwork) {
  Bundle bundle = MakeBundle();
  AddUserNamespace(bundle);
  const std::string own = "/proc/" + std::to_string(::getpid()) + "/ns/ipc";
  bundle.JoinNamespace("ipc", own);
  // mqueue belongs to the ipc namespace, which is not the new user namespace's.
  json mounts = json::array();
  for (const json& mount : bundle.config["mounts"]) {
    if (mount["type"] != "mqueue") {
      mounts.push_back(mount);
    }
  }
  bundle.config["mounts"] = mounts;
  json seen = Report(bundle, {"namespaces"});
  EXPECT_EQ(seen["ipc"], NamespaceOf(::getpid(), "ipc"));
}

TEST_F(ConfinementTest, ATimeNamespaceHasClocksOfItsOwn) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc 1.1 has no time namespaces";
  }
  if (!fs::exists("/proc/self/ns/time")) {
    GTEST_SKIP() << "this kernel has no time namespaces";
  }
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["namespaces"].push_back({{"type", "time"}});
  bundle.config["linux"]["timeOffsets"] = {{"boottime", {{"secs", 7200}, {"nanosecs", 5}}},
                                           {"monotonic", {{"secs", 3600}}}};
  json seen = Report(bundle, {"confinement"});
  EXPECT_NEAR(seen["boottime"].get<double>(),
              static_cast<double>(Now(CLOCK_BOOTTIME).tv_sec) + 7200, 30);
  EXPECT_NEAR(seen["monotonic"].get<double>(),
              static_cast<double>(Now(CLOCK_MONOTONIC).tv_sec) + 3600, 30);
  // One that is there can be joined.
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process process = Launch(bundle, id);
  Bundle second = MakeBundle();
  second.JoinNamespace("time", "/proc/" + std::to_string(PidOf(id)) + "/ns/time");
  seen = Report(second, {"confinement"});
  EXPECT_NEAR(seen["boottime"].get<double>(),
              static_cast<double>(Now(CLOCK_BOOTTIME).tv_sec) + 7200, 30);
  Stop(id);
}

TEST_F(ConfinementTest, TimeAndUserNamespacesGoTogether) {
  if (IsRunc() || !fs::exists("/proc/self/ns/time")) {
    GTEST_SKIP() << "no time namespaces";
  }
  Bundle bundle = MakeBundle();
  AddUserNamespace(bundle);
  bundle.config["linux"]["namespaces"].push_back({{"type", "time"}});
  bundle.config["linux"]["timeOffsets"] = {{"boottime", {{"secs", 7200}}}};
  json seen = Report(bundle, {"confinement", "process"});
  EXPECT_NEAR(seen["confinement"]["boottime"].get<double>(),
              static_cast<double>(Now(CLOCK_BOOTTIME).tv_sec) + 7200, 30);
  EXPECT_EQ(seen["process"]["uids"], json({0, 0, 0}));
}

// The host's user 1000 owns the file; through the map it is the container's user 5.
TEST_F(ConfinementTest, IdMappedMountsShowOtherOwners) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc 1.1 has no id-mapped mounts";
  }
  const fs::path source = directory() / "data";
  WriteFile(source / "file", "x");
  ASSERT_EQ(::chown((source / "file").c_str(), 1000, 1001), 0);
  for (const bool user_namespace : {false, true}) {
    SCOPED_TRACE(user_namespace);
    Bundle bundle = MakeBundle();
    bundle.Mount("/data", "bind", source, {"rbind", "ridmap"});
    bundle.config["mounts"].back()["uidMappings"] = Map(1000, user_namespace ? 100005 : 5, 1);
    bundle.config["mounts"].back()["gidMappings"] = Map(1001, user_namespace ? 200006 : 6, 1);
    if (user_namespace) {
      AddUserNamespace(bundle);
    }
    const json seen = Files(bundle, {"/data/file"});
    EXPECT_EQ(seen["uid"], 5) << seen;
    EXPECT_EQ(seen["gid"], 6) << seen;
  }
}

// Without maps of its own an id-mapped mount has the container's: root's files are its root's.
TEST_F(ConfinementTest, IdMappedMountsTakeTheContainersMaps) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc 1.1 has no id-mapped mounts";
  }
  const fs::path source = directory() / "data";
  WriteFile(source / "file", "x");
  Bundle bundle = MakeBundle();
  bundle.Mount("/data", "bind", source, {"bind", "idmap"});
  bundle.Mount("/plain", "bind", source, {"bind"});
  AddUserNamespace(bundle);
  json seen = Files(bundle, {"/data/file", "/plain/file"});
  EXPECT_EQ(seen["/data/file"]["uid"], 0) << seen;
  EXPECT_EQ(seen["/plain/file"]["uid"], 65534) << seen;
}

TEST_F(ConfinementTest, SchedulingIsAsAskedFor) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc 1.1 does not know these fields";
  }
  Bundle bundle = MakeBundle();
  bundle.config["process"]["scheduler"] = {{"policy", "SCHED_BATCH"}, {"nice", 7}};
  bundle.config["process"]["ioPriority"] = {{"class", "IOPRIO_CLASS_BE"}, {"priority", 6}};
  bundle.config["linux"]["personality"] = {{"domain", "LINUX32"}};
  json seen = Report(bundle, {"confinement"});
  EXPECT_EQ(seen["policy"], 3);
  EXPECT_EQ(seen["nice"], 7);
  EXPECT_EQ(seen["ioprio"], (2 << 13) | 6);
  EXPECT_EQ(seen["personality"], 8);
  // Kernels with real-time groups refuse it in a cgroup without such time.
  bundle.config["process"]["scheduler"] = {{"policy", "SCHED_FIFO"}, {"priority", 10}};
  bundle.Probe({"report", "confinement"});
  const Output output = Run(bundle);
  if (output.exit_code != 0) {
    ExpectError(output, "process.scheduler: Operation not permitted");
  } else {
    EXPECT_EQ(json::parse(output.out)["confinement"]["policy"], 1);
  }
}

TEST_F(ConfinementTest, AMemoryPolicyIsSetOrRefusedByName) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc 1.1 does not know the field";
  }
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["memoryPolicy"] = {{"mode", "MPOL_BIND"}, {"nodes", "0"}};
  bundle.Probe({"report", "confinement"});
  const Output output = Run(bundle);
  if (output.exit_code != 0) {
    ExpectError(output, "linux.memoryPolicy: Function not implemented");  // no NUMA in this kernel
    return;
  }
  EXPECT_EQ(json::parse(output.out)["confinement"]["mempolicy"], 2) << output.out;
}

TEST_F(ConfinementTest, LabelsThatTheKernelCannotGiveAreRefused) {
  if (IsRunc() || fs::exists("/sys/fs/selinux/enforce") ||
      ReadFile("/sys/module/apparmor/parameters/enabled").starts_with('Y')) {
    GTEST_SKIP() << "this kernel has labels";
  }
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      {"/process/apparmorProfile", "acme", "process.apparmorProfile: \"acme\""},
      {"/process/selinuxLabel", "u:r:t:s0", "process.selinuxLabel: \"u:r:t:s0\""}};
  for (const auto& [pointer, value, text] : cases) {
    Bundle bundle = MakeBundle();
    bundle.config[json::json_pointer(pointer)] = value;
    bundle.Save();
    ExpectError(Run(bundle), "config.json: " + text);
  }
  Bundle bundle = MakeBundle();
  bundle.config["process"]["apparmorProfile"] = "unconfined";
  // Without SELinux nobody asks for a mount's label.
  bundle.config["linux"]["mountLabel"] = "u:o:t:s0";
  bundle.Probe({"exit", "3"});
  EXPECT_EQ(Run(bundle).exit_code, 3);
}

TEST_F(ConfinementTest, BlockDevicesAreThrottled) {
  struct stat info{};
  const bool has_disk = ::stat("/dev/vda", &info) == 0 || ::stat("/dev/sda", &info) == 0;
  if (!has_disk || !CgroupMounts().contains("blkio")) {
    GTEST_SKIP() << "needs a disk and the v1 blkio controller";
  }
  Bundle bundle = MakeBundle();
  const auto number = [&](unsigned value) { return static_cast<int>(value); };
  bundle.config["linux"]["resources"]["blockIO"] = {{"throttleReadBpsDevice",
                                                     {{{"major", number(major(info.st_rdev))},
                                                       {"minor", number(minor(info.st_rdev))},
                                                       {"rate", 1048576}}}}};
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process process = Launch(bundle, id);
  EXPECT_NE(
      ReadFile(CgroupOf(PidOf(id), "blkio") + "/blkio.throttle.read_bps_device").find("1048576"),
      std::string::npos)
      << CgroupOf(PidOf(id), "blkio");
  Stop(id);
}

TEST_F(ConfinementTest, AControllerThatIsNotThereIsNamed) {
  if (IsRunc() || CgroupMounts().contains("hugetlb")) {
    GTEST_SKIP() << "needs a host without the hugetlb controller";
  }
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["resources"]["hugepageLimits"] = {{{"pageSize", "2MB"}, {"limit", 0}}};
  bundle.Save();
  ExpectError(Run(bundle), "linux.resources.hugepageLimits[0]");
}

// An ordinary user's container: a user namespace with that user as its root, no cgroup of its own.
TEST_F(ConfinementTest, AnOrdinaryUserCanRunContainers) {
  if (!fs::exists("/usr/bin/setpriv")) {
    GTEST_SKIP() << "needs setpriv to become an ordinary user";
  }
  Bundle bundle = MakeBundle();
  json& config = bundle.config;
  config["linux"]["namespaces"].push_back({{"type", "user"}});
  config["linux"]["uidMappings"] = Map(0, 1000, 1);
  config["linux"]["gidMappings"] = Map(0, 1000, 1);
  json mounts = json::array();
  for (json mount : config["mounts"]) {
    // Group 5 is not mapped; the host's cgroups are not the user's.
    if (mount["type"] == "devpts") {
      mount["options"] = {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"};
    }
    if (mount["type"] != "cgroup") {
      mounts.push_back(mount);
    }
  }
  config["mounts"] = mounts;
  config["process"]["oomScoreAdj"] = -500;
  bundle.Probe({"report", "process"});
  ChownTree(bundle.directory(), 1000, 1000);
  const fs::path state = directory() / "users-state";
  fs::create_directories(state);
  ASSERT_EQ(::chown(state.c_str(), 1000, 1000), 0);
  const fs::path log = state / "log";
  const Output output = RunCommand({"/usr/bin/setpriv", "--reuid=1000", "--regid=1000",
                                    "--clear-groups", RuntimePath(), "--root", state / "root",
                                    "--log", log, "run", "--bundle", bundle.directory(), NewId()});
  ASSERT_EQ(output.exit_code, 0) << output.err;
  EXPECT_EQ(json::parse(output.out)["process"]["uids"], json({0, 0, 0})) << output.out;
  if (!IsRunc()) {
    EXPECT_NE(ReadFile(log).find("the container has no cgroup and no limits"), std::string::npos);
  }
}

}  // namespace mayfly::test
