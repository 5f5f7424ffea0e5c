// The real kernel: groups are made, joined, limited, killed and removed on this host, whatever its
// layout. Every group has a name with this process's id and is gone at the end.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/process.h"
#include "cgroup/cgroup.h"
#include "cgroup/devices_bpf.h"

namespace mayfly::cgroup {
namespace {

class CgroupRootTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root: makes cgroups";
    }
    auto host = DetectHost();
    ASSERT_TRUE(host) << host.error().text();
    host_ = std::move(*host);
    if (host_.layout == Layout::kNone) {
      GTEST_SKIP() << "no cgroup hierarchy is mounted on this host";
    }
    const std::string probe = host_.hierarchies[0].mount_point + parent_;
    if (::mkdir(probe.c_str(), 0755) != 0) {
      GTEST_SKIP() << "cgroups cannot be made below " << host_.hierarchies[0].mount_point << ": "
                   << ::strerror(errno);
    }
    Open();
  }
  void TearDown() override {
    if (group_) {
      EXPECT_TRUE(group_->KillAll());
      EXPECT_TRUE(group_->Remove());
    }
    for (const Hierarchy& hierarchy : host_.hierarchies) {
      ::rmdir((hierarchy.mount_point + parent_).c_str());
      EXPECT_FALSE(base::PathExists(hierarchy.mount_point + parent_));
    }
  }

  void Open() {
    auto opened = Cgroup::Open(host_, parent_ + "/c1", "c1");
    ASSERT_TRUE(opened) << opened.error().text();
    group_ = std::move(*opened);
  }
  // A child born in the group, in all its hierarchies, that runs `body`.
  base::Child Spawn(const std::function<int()>& body) {
    auto child =
        base::Spawn(0, group_->CloneIntoFd(), [&] { return group_->JoinSelf() ? body() : 99; });
    EXPECT_TRUE(child) << child.error().text();
    return std::move(*child);
  }
  static int Sleep() {
    ::sleep(60);
    return 0;
  }
  void WaitForProcesses(size_t count) {
    for (int i = 0; i < 2000; ++i) {
      const auto pids = group_->Processes();
      ASSERT_TRUE(pids) << pids.error().text();
      if (pids->size() == count) {
        return;
      }
      ::usleep(1000);
    }
    FAIL() << "no " << count << " processes";
  }
  std::string Dir(const std::string& controller) { return MountOf(controller) + parent_ + "/c1"; }
  std::string MountOf(const std::string& controller) {
    for (const Hierarchy& h : host_.hierarchies) {
      if ((h.unified() && host_.layout == Layout::kV2) ||
          std::ranges::find(h.controllers, controller) != h.controllers.end()) {
        return h.mount_point;
      }
    }
    return "";
  }

  std::string parent_ = "/mayfly-test-" + std::to_string(::getpid());
  Host host_;
  std::unique_ptr<Cgroup> group_;
};

TEST_F(CgroupRootTest, AChildJoinsAllHierarchies) {
  ASSERT_TRUE(group_->CreateBirthplace());
  const auto created = group_->Create({});
  ASSERT_TRUE(created) << created.error().text();
  const base::Child child = Spawn(Sleep);
  WaitForProcesses(1);
  // The unified directory has it from birth, the others a moment later.
  ::usleep(20000);
  const std::string path = "/proc/" + std::to_string(child.pid) + "/cgroup";
  const auto text = base::ReadFile(path);
  ASSERT_TRUE(text);
  for (const auto& [mount_point, directory] : group_->location()) {
    const auto hierarchy =
        std::ranges::find(host_.hierarchies, mount_point, &Hierarchy::mount_point);
    ASSERT_NE(hierarchy, host_.hierarchies.end());
    const std::string name = hierarchy->unified() ? "" : hierarchy->controllers[0];
    EXPECT_NE(text->find(name + ":" + parent_ + "/c1\n"), std::string::npos) << name << " in\n"
                                                                             << *text;
  }
  const auto killed = group_->KillAll();
  ASSERT_TRUE(killed) << killed.error().text();
  EXPECT_EQ(base::WaitForExit(child.pid).value_or(-1), 128 + SIGKILL);
}

// The order of a container's start: the child is born and has another root before the groups are
// made.
TEST_F(CgroupRootTest, AChildForkedBeforeCreateJoinsFromAnotherRoot) {
  for (const char* cpus : {"", "0"}) {
    ASSERT_TRUE(group_->CreateBirthplace());
    int made[2];
    ASSERT_EQ(::pipe2(made, O_CLOEXEC), 0);
    auto child = base::Spawn(0, group_->CloneIntoFd(), [&] {
      char byte = 0;
      ::close(made[1]);
      if (::chroot("/proc/self/fdinfo") != 0 || ::read(made[0], &byte, 1) != 1) {
        return 98;
      }
      return group_->JoinSelf() ? Sleep() : 99;
    });
    ASSERT_TRUE(child) << child.error().text();
    oci::Resources resources;
    resources.cpuset_cpus = cpus;
    const auto created = group_->Create(resources);
    ASSERT_TRUE(created) << created.error().text();
    ASSERT_EQ(::write(made[1], "x", 1), 1);
    ::close(made[1]);
    ::close(made[0]);
    ::usleep(50000);
    for (const auto& [mount_point, directory] : group_->location()) {
      EXPECT_EQ(base::ReadFile(directory + "/cgroup.procs").value_or(""),
                std::to_string(child->pid) + "\n")
          << directory;
    }
    ASSERT_TRUE(group_->KillAll());
    EXPECT_EQ(base::WaitForExit(child->pid).value_or(-1), 128 + SIGKILL);
    ASSERT_TRUE(group_->Remove());
    Open();
  }
}

TEST_F(CgroupRootTest, JoinFromTheParent) {
  ASSERT_TRUE(group_->Create({}));
  auto child = base::Spawn(0, -1, Sleep);
  ASSERT_TRUE(child);
  const auto joined = group_->Join(child->pid);
  ASSERT_TRUE(joined) << joined.error().text();
  EXPECT_EQ(*group_->Processes(), (std::vector<pid_t>{child->pid}));
  ASSERT_TRUE(group_->Signal(SIGTERM));
  EXPECT_EQ(base::WaitForExit(child->pid).value_or(-1), 128 + SIGTERM);
  EXPECT_TRUE(group_->Processes()->empty());
}

TEST_F(CgroupRootTest, LimitsAreReadBack) {
  oci::Resources resources;
  resources.memory_limit_bytes = 64 << 20;
  resources.pids_limit = 5;
  resources.cpu_shares = 512;
  resources.cpuset_cpus = "0";
  const auto created = group_->Create(resources);
  if (!created && created.error().text().find(" controller is not ") != std::string::npos) {
    GTEST_SKIP() << created.error().text();
  }
  ASSERT_TRUE(created) << created.error().text();
  const bool v2 = host_.layout == Layout::kV2;
  const auto read = [&](const std::string& controller, const std::string& file) {
    return base::ReadFile(Dir(controller) + "/" + file).value_or("");
  };
  EXPECT_EQ(read("memory", v2 ? "memory.max" : "memory.limit_in_bytes"), "67108864\n");
  EXPECT_EQ(read("pids", "pids.max"), "5\n");
  EXPECT_EQ(read("cpu", v2 ? "cpu.weight" : "cpu.shares"), v2 ? "59\n" : "512\n");
  EXPECT_EQ(read("cpuset", "cpuset.cpus"), "0\n");
}

// A group left over with a small memory-and-swap limit: the kernel takes the larger limit only
// after it.
TEST_F(CgroupRootTest, MemoryAndSwapInTheOrderTheKernelWants) {
  if (host_.layout == Layout::kV2 ||
      !base::PathExists(MountOf("memory") + "/memory.memsw.limit_in_bytes")) {
    GTEST_SKIP() << "no memory.memsw.limit_in_bytes on this host";
  }
  oci::Resources small;
  small.memory_limit_bytes = 16 << 20;
  small.memory_swap_bytes = 16 << 20;
  ASSERT_TRUE(group_->Create(small));
  oci::Resources large;
  large.memory_limit_bytes = 64 << 20;
  large.memory_swap_bytes = 80 << 20;
  Open();
  const auto created = group_->Create(large);
  ASSERT_TRUE(created) << created.error().text();
  EXPECT_EQ(base::ReadFile(Dir("memory") + "/memory.limit_in_bytes").value_or(""), "67108864\n");
  EXPECT_EQ(base::ReadFile(Dir("memory") + "/memory.memsw.limit_in_bytes").value_or(""),
            "83886080\n");
}

TEST_F(CgroupRootTest, AValueTheKernelRefusesNamesFieldAndFileAndLeavesNothing) {
  oci::Resources resources;
  resources.cpu_period_us = 3;
  const auto created = group_->Create(resources);
  ASSERT_FALSE(created);
  const std::string& text = created.error().text();
  EXPECT_TRUE(text.starts_with("linux.resources.cpu.period: ")) << text;
  if (created.error().kind() != base::ErrorKind::kUnsupported) {
    EXPECT_NE(text.find(Dir("cpu") + "/cpu."), std::string::npos) << text;
  }
  for (const auto& [mount_point, directory] : group_->location()) {
    EXPECT_FALSE(base::PathExists(directory)) << directory;
  }
}

// 0 when the device can be opened so, else errno.
int TryOpen(const char* path, int flags) {
  const int fd = ::open(path, flags | O_CLOEXEC);
  const int failed = fd < 0 ? errno : 0;
  ::close(fd);
  return failed;
}

TEST_F(CgroupRootTest, DeviceRulesHold) {
  oci::Resources resources;
  resources.devices.push_back(
      {.allow = false, .type = 'a', .major = {}, .minor = {}, .access = "rwm"});
  ASSERT_TRUE(group_->CreateBirthplace());
  const auto created = group_->Create(resources);
  ASSERT_TRUE(created) << created.error().text();
  const base::Child child = Spawn([] {
    return TryOpen("/dev/null", O_RDWR) == 0 && TryOpen("/dev/kmsg", O_RDONLY) == EPERM ? 0 : 1;
  });
  EXPECT_EQ(base::WaitForExit(child.pid).value_or(-1), 0);
}

// The v2 program, in the unified tree of any host that has one, whether or not v1 keeps the rules
// there.
TEST_F(CgroupRootTest, DeviceProgramHolds) {
  const auto unified = std::ranges::find_if(host_.hierarchies, &Hierarchy::unified);
  if (unified == host_.hierarchies.end()) {
    GTEST_SKIP() << "no unified hierarchy is mounted";
  }
  const std::string directory = unified->mount_point + parent_ + "/bpf";
  std::filesystem::create_directories(directory);
  const base::UniqueFd fd(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  auto rules = EffectiveDeviceRules(
      {{.allow = true, .type = 'c', .major = 1, .minor = 11, .access = "r"},
       {.allow = false, .type = 'c', .major = 10, .minor = {}, .access = "rw"}});
  ASSERT_TRUE(rules);
  rules->push_back({.allow = false, .type = 'c', .major = 1, .minor = 7, .access = kDeviceWrite});
  const auto attached = AttachDeviceProgram(fd.get(), directory, DeviceProgram(*rules));
  ASSERT_TRUE(attached) << attached.error().text();

  const std::string node = ::testing::TempDir() + "mayfly-node-" + std::to_string(::getpid());
  auto child = base::Spawn(0, fd.get(), [&] {
    int wrong = 0;
    wrong |= TryOpen("/dev/null", O_RDWR) == 0 ? 0 : 1;
    wrong |= TryOpen("/dev/kmsg", O_RDONLY) == 0 ? 0 : 2;      // allowed for reading,
    wrong |= TryOpen("/dev/kmsg", O_WRONLY) == EPERM ? 0 : 4;  // not for writing
    wrong |= TryOpen("/dev/full", O_RDONLY) == 0 ? 0 : 8;      // the later rule takes writing away
    wrong |= TryOpen("/dev/full", O_RDWR) == EPERM ? 0 : 16;
    const int made =
        ::mknod(node.c_str(), S_IFCHR | 0600, ::makedev(1, 1));  // mknod of all, opening not
    wrong |= made == 0 && TryOpen(node.c_str(), O_RDONLY) == EPERM ? 0 : 32;
    return wrong;
  });
  ASSERT_TRUE(child) << child.error().text();
  EXPECT_EQ(base::WaitForExit(child->pid).value_or(-1), 0);
  ::unlink(node.c_str());
  EXPECT_EQ(::rmdir(directory.c_str()), 0);
}

// A v2 group on the unified tree of a hybrid host: its own controllers, limits and device program.
TEST_F(CgroupRootTest, AV2GroupOnTheUnifiedTree) {
  const auto unified = std::ranges::find_if(host_.hierarchies, &Hierarchy::unified);
  if (unified == host_.hierarchies.end() || host_.layout == Layout::kV2) {
    GTEST_SKIP() << "not a hybrid host";
  }
  const Host as_v2{.layout = Layout::kV2, .hierarchies = {*unified}};
  auto group = Cgroup::Open(as_v2, parent_ + "/v2", "c1");
  ASSERT_TRUE(group);
  oci::Resources resources;
  resources.unified["cgroup.max.depth"] = "3";
  const auto created = (*group)->Create(resources);
  ASSERT_TRUE(created) << created.error().text();
  const std::string directory = unified->mount_point + parent_ + "/v2";
  EXPECT_EQ(base::ReadFile(directory + "/cgroup.max.depth").value_or(""), "3\n");

  auto child = base::Spawn(0, (*group)->CloneIntoFd(), [&] {
    return (*group)->JoinSelf() && TryOpen("/dev/zero", O_RDONLY) == 0
               ? TryOpen("/dev/kmsg", O_RDONLY)
               : 255;
  });
  ASSERT_TRUE(child) << child.error().text();
  EXPECT_EQ(base::WaitForExit(child->pid).value_or(-1), EPERM);

  const auto controllers = base::ReadFile(unified->mount_point + "/cgroup.controllers");
  ASSERT_TRUE(controllers);
  if (controllers->find("memory") == std::string::npos) {
    resources.memory_limit_bytes = 1 << 20;
    const auto refused = (*group)->Create(resources);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().text(),
              "linux.resources.memory.limit: the memory controller is not available in " +
                  unified->mount_point);
  }
  EXPECT_TRUE((*group)->Remove());
  EXPECT_FALSE(base::PathExists(directory));
}

TEST_F(CgroupRootTest, KillAllReachesGrandchildrenAndNestedGroups) {
  ASSERT_TRUE(group_->CreateBirthplace());
  ASSERT_TRUE(group_->Create({}));
  const base::Child child = Spawn([] {
    for (int i = 0; i < 20; ++i) {
      if (::fork() == 0) {
        return Sleep();
      }
    }
    return Sleep();
  });
  WaitForProcesses(21);
  // The container made a group of its own in every hierarchy and went there.
  for (const auto& [mount_point, directory] : group_->location()) {
    ASSERT_EQ(::mkdir((directory + "/nested").c_str(), 0755), 0);
    ASSERT_TRUE(base::WriteExisting(directory + "/nested/cgroup.procs", std::to_string(child.pid)));
  }
  WaitForProcesses(21);
  const auto killed = group_->KillAll();
  ASSERT_TRUE(killed) << killed.error().text();
  EXPECT_EQ(base::WaitForExit(child.pid).value_or(-1), 128 + SIGKILL);
  const auto removed = group_->Remove();
  ASSERT_TRUE(removed) << removed.error().text();
  EXPECT_TRUE(group_->Remove());
}

// The same without cgroup.kill: freeze, signal, thaw.
TEST_F(CgroupRootTest, KillAllWithTheV1Freezer) {
  const bool has_freezer = std::ranges::any_of(host_.hierarchies, [](const Hierarchy& h) {
    return std::ranges::find(h.controllers, "freezer") != h.controllers.end();
  });
  if (!has_freezer) {
    GTEST_SKIP() << "no v1 freezer on this host";
  }
  Host v1 = host_;
  v1.layout = Layout::kV1;
  std::erase_if(v1.hierarchies, [](const Hierarchy& h) { return h.unified(); });
  auto opened = Cgroup::Open(v1, parent_ + "/c1", "c1");
  ASSERT_TRUE(opened);
  group_ = std::move(*opened);
  ASSERT_TRUE(group_->Create({}));
  const base::Child child = Spawn([]() -> int {
    // Forks all the time: signals sent to a list alone would miss some.
    while (true) {
      if (::fork() == 0) {
        ::usleep(20000);
        ::_exit(0);
      }
      ::usleep(2000);
      ::signal(SIGCHLD, SIG_IGN);
    }
  });
  ::usleep(30000);
  EXPECT_FALSE(group_->Processes()->empty());
  const auto killed = group_->KillAll();
  ASSERT_TRUE(killed) << killed.error().text();
  EXPECT_TRUE(group_->Processes()->empty());
  EXPECT_EQ(base::WaitForExit(child.pid).value_or(-1), 128 + SIGKILL);
}

TEST_F(CgroupRootTest, KillAllOfAFrozenContainer) {
  ASSERT_TRUE(group_->CreateBirthplace());
  ASSERT_TRUE(group_->Create({}));
  const base::Child child = Spawn(Sleep);
  WaitForProcesses(1);
  ::usleep(20000);
  const std::string file = host_.layout == Layout::kV2 ? "/cgroup.freeze" : "/freezer.state";
  ASSERT_TRUE(
      base::WriteExisting(Dir("freezer") + file, host_.layout == Layout::kV2 ? "1" : "FROZEN"));
  const auto killed = group_->KillAll();
  ASSERT_TRUE(killed) << killed.error().text();
  EXPECT_EQ(base::WaitForExit(child.pid).value_or(-1), 128 + SIGKILL);
}

TEST_F(CgroupRootTest, RemoveWaitsForAProcessThatEnds) {
  ASSERT_TRUE(group_->Create({}));
  auto child = base::Spawn(0, -1, [] {
    ::usleep(50000);
    return 0;
  });
  ASSERT_TRUE(child);
  ASSERT_TRUE(group_->Join(child->pid));
  const auto removed = group_->Remove();
  EXPECT_TRUE(removed) << removed.error().text();
  EXPECT_EQ(base::WaitForExit(child->pid).value_or(-1), 0);
}

TEST_F(CgroupRootTest, RemoveOfAGroupInUseFailsAndSaysWhere) {
  ASSERT_TRUE(group_->Create({}));
  auto child = base::Spawn(0, -1, Sleep);
  ASSERT_TRUE(child);
  ASSERT_TRUE(group_->Join(child->pid));
  const auto one = Cgroup::FromLocation(host_, {*group_->location().begin()});
  const auto removed = one->Remove();
  ASSERT_FALSE(removed);
  EXPECT_NE(removed.error().text().find(group_->location().begin()->second), std::string::npos);
  ASSERT_TRUE(group_->KillAll());
  EXPECT_EQ(base::WaitForExit(child->pid).value_or(-1), 128 + SIGKILL);
}

TEST_F(CgroupRootTest, FromLocationFindsTheSameContainer) {
  ASSERT_TRUE(group_->CreateBirthplace());
  ASSERT_TRUE(group_->Create({}));
  const base::Child child = Spawn(Sleep);
  WaitForProcesses(1);
  const auto again = Cgroup::FromLocation(host_, group_->location());
  EXPECT_EQ(*again->Processes(), (std::vector<pid_t>{child.pid}));
  ASSERT_TRUE(again->KillAll());
  EXPECT_EQ(base::WaitForExit(child.pid).value_or(-1), 128 + SIGKILL);
  EXPECT_TRUE(again->Remove());
}

}  // namespace
}  // namespace mayfly::cgroup
