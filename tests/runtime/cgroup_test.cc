// linux.resources and linux.cgroupsPath: where the cgroup is, that its limits are set, and that
// they hold.
#include <signal.h>
#include <unistd.h>

#include "fixture.h"

namespace mayfly::test {

namespace fs = std::filesystem;

class CgroupTest : public RuntimeTest {
 protected:
  // A file of the container's cgroup: the v1 name in that controller, or the v2 name.
  static std::string Limit(pid_t pid, const std::string& controller, const std::string& v1_file,
                           const std::string& v2_file) {
    const bool v1 = CgroupMounts().contains(controller);
    const fs::path directory = CgroupOf(pid, controller);
    std::string text = ReadFile(directory / (v1 ? v1_file : v2_file));
    while (text.ends_with('\n')) {
      text.pop_back();
    }
    return text;
  }
};

TEST_F(CgroupTest, MemoryLimit) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["resources"]["memory"] = {{"limit", 67108864}, {"reservation", 33554432}};
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  const pid_t pid = PidOf(id);
  EXPECT_EQ(Limit(pid, "memory", "memory.limit_in_bytes", "memory.max"), "67108864");
  EXPECT_EQ(Limit(pid, "memory", "memory.soft_limit_in_bytes", "memory.low"), "33554432");
}

TEST_F(CgroupTest, CpuLimits) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["resources"]["cpu"] = {
      {"shares", 512}, {"quota", 20000}, {"period", 50000}};
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  const pid_t pid = PidOf(id);
  EXPECT_EQ(Limit(pid, "cpu", "cpu.shares", "cpu.weight"),
            CgroupMounts().contains("cpu") ? "512" : "20");
  if (CgroupMounts().contains("cpu")) {
    EXPECT_EQ(Limit(pid, "cpu", "cpu.cfs_quota_us", ""), "20000");
    EXPECT_EQ(Limit(pid, "cpu", "cpu.cfs_period_us", ""), "50000");
  } else {
    EXPECT_EQ(Limit(pid, "cpu", "", "cpu.max"), "20000 50000");
  }
}

TEST_F(CgroupTest, Cpuset) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["resources"]["cpu"] = {{"cpus", "0"}, {"mems", "0"}};
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  EXPECT_EQ(Limit(PidOf(id), "cpuset", "cpuset.cpus", "cpuset.cpus"), "0");
  const std::string status = ReadFile("/proc/" + std::to_string(PidOf(id)) + "/status");
  EXPECT_NE(status.find("Cpus_allowed_list:\t0\n"), std::string::npos);
}

TEST_F(CgroupTest, PidsLimitIsSetAndHolds) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["resources"]["pids"] = {{"limit", 5}};
  bundle.Probe({"fork", "20"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id, "forked 4 EAGAIN");
  EXPECT_EQ(Limit(PidOf(id), "pids", "pids.max", "pids.max"), "5");
}

TEST_F(CgroupTest, PidsUnlimited) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["resources"]["pids"] = {{"limit", -1}};
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  EXPECT_EQ(Limit(PidOf(id), "pids", "pids.max", "pids.max"), "max");
}

TEST_F(CgroupTest, BeyondTheMemoryLimitTheKernelKills) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["resources"]["memory"] = {{"limit", 33554432}, {"swap", 33554432}};
  bundle.Probe({"alloc", "16"});
  EXPECT_EQ(Run(bundle).exit_code, 0);
  bundle.Probe({"alloc", "100"});
  EXPECT_EQ(Run(bundle).exit_code, 128 + SIGKILL);
}

TEST_F(CgroupTest, TheInitIsInEveryHierarchyThatCountsOrConfines) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  const pid_t pid = PidOf(id);
  for (const std::string controller : {"memory", "cpu", "pids", "devices", "freezer", "cpuacct"}) {
    EXPECT_NE(CgroupOf(pid, controller).find(id), std::string::npos)
        << controller << ": " << CgroupOf(pid, controller);
  }
}

TEST_F(CgroupTest, AnAbsolutePathIsBelowTheHierarchysRoot) {
  Bundle bundle = MakeBundle();
  const std::string id = NewId();
  const std::string parent = "/" + UniqueName("mft-parent-");
  bundle.config["linux"]["cgroupsPath"] = parent + "/" + id;
  bundle.Probe({"sleep"});
  const Process container = Launch(bundle, id);
  const auto mounts = CgroupMounts();
  const std::string mount = mounts.contains("pids") ? mounts.at("pids") : mounts.at("");
  EXPECT_EQ(CgroupOf(PidOf(id), "pids"), mount + parent + "/" + id);
  Stop(id);
  // Parents may be shared with others, so who made them removes them.
  for (const std::string& left : CgroupsNamed(parent.substr(1))) {
    EXPECT_EQ(::rmdir(left.c_str()), 0) << left;
  }
}

TEST_F(CgroupTest, TwoContainersBelowOneParent) {
  Bundle bundle = MakeBundle();
  const std::string parent = "/" + UniqueName("mft-pod-");
  bundle.Probe({"sleep"});
  const std::string first = NewId();
  bundle.config["linux"]["cgroupsPath"] = parent + "/" + first;
  bundle.Save();
  const Process one = Launch(bundle, first);
  const std::string second = NewId();
  bundle.config["linux"]["cgroupsPath"] = parent + "/" + second;
  bundle.Save();
  const Process two = Launch(bundle, second);
  Stop(first);
  EXPECT_EQ(State(second)["status"], "running");
  Stop(second);
  for (const std::string& left : CgroupsNamed(parent.substr(1))) {
    EXPECT_EQ(::rmdir(left.c_str()), 0) << left;
  }
}

TEST_F(CgroupTest, TheMountShowsTheContainersOwnCgroup) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["resources"]["pids"] = {{"limit", 77}};
  const bool v1 = CgroupMounts().contains("pids");
  const std::string file = v1 ? "/sys/fs/cgroup/pids/pids.max" : "/sys/fs/cgroup/pids.max";
  nlohmann::json seen = Files(bundle, {file});
  EXPECT_EQ(seen["content"], "77\n");
  EXPECT_EQ(seen["write_error"], "EROFS");
}

TEST_F(CgroupTest, WithACgroupNamespaceThePathIsTheRoot) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["namespaces"].push_back({{"type", "cgroup"}});
  nlohmann::json report = Report(bundle, {"cgroups", "mounts"});
  EXPECT_EQ(report["cgroups"].contains("pids") ? report["cgroups"]["pids"] : report["cgroups"][""],
            "/");
}

// A limit the kernel refuses must not be dropped in silence.
TEST_F(CgroupTest, ALimitTheKernelRefusesIsAnError) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["resources"]["cpu"] = {{"cpus", "4000"}};
  bundle.Save();
  ExpectError(Run(bundle), "cpuset.cpus");
}

TEST_F(CgroupTest, KillAllStopsAForkBomb) {
  Bundle bundle = MakeBundle();
  bundle.DropNamespace("pid");
  bundle.config["linux"]["resources"]["pids"] = {{"limit", 40}};
  bundle.Probe({"fork", "30"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id, "forked 30");
  EXPECT_EQ(Runtime({"delete", "--force", id}).exit_code, 0);
  EXPECT_TRUE(WaitUntil([&] { return ProcessesInCgroups(id).empty(); }));
}

// containerd's CRI gives the systemd driver's form for every parent called *.slice.
TEST_F(CgroupTest, APathForSystemdIsADirectoryForTheOtherDriver) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc takes it as one name";
  }
  Bundle bundle = MakeBundle();
  const std::string id = NewId();
  const std::string slice = UniqueName("mft") + ".slice";
  bundle.config["linux"]["cgroupsPath"] = slice + ":cri:" + id;
  bundle.Probe({"sleep"});
  const Process container = Launch(bundle, id);
  EXPECT_TRUE(CgroupOf(PidOf(id), "memory").ends_with("/" + slice + "/cri-" + id))
      << CgroupOf(PidOf(id), "memory");
  Stop(id);
  for (const auto& [controller, mount] : CgroupMounts()) {
    std::filesystem::remove(std::filesystem::path(mount) / slice);
  }
}

}  // namespace mayfly::test
