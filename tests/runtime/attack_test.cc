// Known attacks on OCI runtimes, one test each, tried as their finders describe them. Attacks by
// links in the rootfs and by ids stand with their subjects too (mounts_test.cc, rootfs_test.cc,
// bad_input_test.cc).
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "fixture.h"

namespace mayfly::test {

namespace fs = std::filesystem;

using nlohmann::json;

class AttackTest : public RuntimeTest {
 protected:
  // Exchanges two names for as long as it lives, as an attacker's process in a shared volume does.
  class Exchanger {
   public:
    Exchanger(const fs::path& one, const fs::path& other)
        : thread_([this, one, other] {
            while (!stop_) {
              ::syscall(SYS_renameat2, AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(),
                        2 /* RENAME_EXCHANGE */);
            }
          }) {}
    ~Exchanger() {
      stop_ = true;
      thread_.join();
    }

   private:
    std::atomic<bool> stop_ = false;
    std::thread thread_;
  };
};

// CVE-2019-5736: an image whose program is the runtime itself, by way of /proc/self/exe, could
// open it and write to it after its end.
TEST_F(AttackTest, Cve2019_5736_TheRuntimesProgramIsNotRunInTheContainer) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc runs a copy of itself";
  }
  const auto expect_refused = [this](const Bundle& bundle) {
    const Output output = Run(bundle);
    ExpectError(output, "is the runtime's own");
    EXPECT_EQ(output.out, "");
  };
  Bundle bundle = MakeBundle();
  bundle.config["process"]["args"] = {"/proc/self/exe", "features"};
  bundle.Save();
  expect_refused(bundle);
  fs::create_symlink("/proc/self/exe", bundle.rootfs() / "link");
  bundle.config["process"]["args"] = {"/link", "features"};
  bundle.Save();
  expect_refused(bundle);
  WriteFile(bundle.rootfs() / "script", "#!/link features\n");
  WriteFile(bundle.rootfs() / "outer", "#! /script\n");
  for (const char* name : {"script", "outer"}) {
    fs::permissions(bundle.rootfs() / name, fs::perms::owner_all);
    bundle.config["process"]["args"] = {std::string("/") + name};
    bundle.Save();
    expect_refused(bundle);
  }
}

// The program is changed between `create`, which looks at it, and `start`.
TEST_F(AttackTest, Cve2019_5736_TheRuntimesProgramIsNotPutInPlaceOfTheOneThatWasChecked) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc runs a copy of itself";
  }
  Bundle bundle = MakeBundle();
  WriteFile(bundle.rootfs() / "program", "#!/probe exit\n");
  fs::permissions(bundle.rootfs() / "program", fs::perms::owner_all);
  bundle.config["process"]["args"] = {"/program"};
  bundle.Save();
  const std::string id = NewId();
  const Process process = Create(bundle, id);
  WriteFile(bundle.rootfs() / "program", "#!/proc/self/exe features\n");
  ExpectError(Runtime({"start", id}), "is the runtime's own program");
}

// Whoever kept the runtime's program open, by way of a process that was born from it, must not
// write to it when that has ended and the kernel no longer says that it is in use.
TEST_F(AttackTest, Cve2019_5736_TheRuntimesFileCannotBeWrittenToByWayOfItsProcesses) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc runs a copy of itself";
  }
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process process = Create(bundle, id);
  const std::string init = "/proc/" + std::to_string(PidOf(id)) + "/exe";
  const base::UniqueFd held(::open(init.c_str(), O_PATH | O_CLOEXEC));
  ASSERT_TRUE(held.valid());
  Runtime({"delete", "--force", id});
  const base::UniqueFd again(
      ::open(("/proc/self/fd/" + std::to_string(held.get())).c_str(), O_WRONLY | O_CLOEXEC));
  // ETXTBSY: another test's runtime runs meanwhile.
  EXPECT_TRUE(!again.valid() && (errno == EROFS || errno == ETXTBSY)) << errno;
  struct statvfs info{};
  ASSERT_EQ(::fstatvfs(held.get(), &info), 0);
  EXPECT_NE(info.f_flag & ST_RDONLY, 0U);
}

// The same from beside: a process of the same pid namespace must not open the waiting init's
// program or memory.
TEST_F(AttackTest, Cve2019_5736_TheWaitingInitCannotBeLookedInto) {
  Bundle waiting = MakeBundle();
  waiting.Probe({"sleep"});
  const std::string id = NewId();
  const Process process = Create(waiting, id);
  Bundle bundle = MakeBundle();
  bundle.JoinNamespace("pid", "/proc/" + std::to_string(PidOf(id)) + "/ns/pid");
  const std::vector<std::string> seen =
      Try(bundle, {"open", "/proc/1/exe", "r", ",", "open", "/proc/1/mem", "rw", ",", "open",
                   "/proc/1/fd/0", "r", ",", "open", "/proc/1/root", "r"});
  for (const std::string& name : seen) {
    EXPECT_EQ(name, "EACCES");
  }
  Runtime({"delete", "--force", id});
}

// CVE-2021-30465: the target of a mount is exchanged for a link out of the rootfs while the
// container is made.
TEST_F(AttackTest, Cve2021_30465_MountTargetsThatBecomeLinks) {
  const fs::path outside = directory() / "outside";
  fs::create_directories(outside);
  Bundle bundle = MakeBundle();
  fs::create_directories(bundle.rootfs() / "volume/target");
  fs::create_directory_symlink("../../../outside", bundle.rootfs() / "volume/link");
  const fs::path file = directory() / "file";
  WriteFile(file, "x");
  bundle.Mount("/volume/target", "tmpfs", "tmpfs", {});
  bundle.Mount("/volume/target/below", "bind", file, {"bind"});
  bundle.Probe({"exit", "0"});
  {
    const Exchanger exchanger(bundle.rootfs() / "volume/target", bundle.rootfs() / "volume/link");
    for (int i = 0; i < 30; ++i) {
      Run(bundle);
      ASSERT_TRUE(fs::is_empty(outside)) << "something was made outside the rootfs";
      ASSERT_TRUE(MountsBelow(outside).empty());
    }
  }
}

// CVE-2024-21626: a descriptor of the runtime's, as working directory or as the way to the program.
TEST_F(AttackTest, Cve2024_21626_NoWayOutByALeakedDescriptor) {
  for (int fd = 3; fd < 16; ++fd) {
    const std::string leaked = "/proc/self/fd/" + std::to_string(fd);
    SCOPED_TRACE(leaked);
    Bundle bundle = MakeBundle();
    bundle.config["process"]["cwd"] = leaked;
    bundle.Probe({"report", "cwd"});
    const Output output = Run(bundle);
    EXPECT_NE(output.exit_code, 0) << output.out;
    bundle.config["process"]["cwd"] = "/";
    bundle.config["process"]["args"] = {leaked + "/../../../../../../../bin/sh", "-c", "echo out"};
    bundle.Save();
    const Output program = Run(bundle);
    EXPECT_NE(program.exit_code, 0);
    EXPECT_EQ(program.out, "");
  }
}

// CVE-2025-31133: the image's /dev/null is a link, and what it leads to is bound over a masked
// path.
TEST_F(AttackTest, Cve2025_31133_MaskedPathsDoNotUseTheImagesDevNull) {
  Bundle bundle = MakeBundle();
  json mounts = json::array();
  for (const json& mount : bundle.config["mounts"]) {
    if (!mount["destination"].get<std::string>().starts_with("/dev")) {
      mounts.push_back(mount);
    }
  }
  bundle.config["mounts"] = mounts;
  fs::create_symlink("/proc/sys/kernel/core_pattern", bundle.rootfs() / "dev/null");
  bundle.config["linux"]["maskedPaths"] = {"/proc/kcore", "/etc/passwd"};
  bundle.Probe({"files", "/etc/passwd"});
  const Output output = Run(bundle);
  if (output.exit_code == 0) {
    const json seen = json::parse(output.out);
    EXPECT_NE(output.out.find("\"char\""), std::string::npos) << output.out;
    EXPECT_EQ(output.out.find("core"), std::string::npos) << output.out;
  }
}

// CVE-2025-52881: what the runtime writes to /proc goes to the kernel, whatever the container has
// mounted over its own.
TEST_F(AttackTest, Cve2025_52881_WritesToProcAreNotRedirected) {
  const fs::path fake = directory() / "fake";
  WriteFile(fake / "net/ipv4/ip_unprivileged_port_start", "fake");
  WriteFile(fake / "kernel/core_pattern", "fake");
  Bundle bundle = MakeBundle();
  bundle.Mount("/proc/sys", "bind", fake, {"bind"});
  bundle.config["linux"]["readonlyPaths"] = json::array();
  bundle.config["linux"]["sysctl"] = {{"net.ipv4.ip_unprivileged_port_start", "77"}};
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  Process process = Spawn({"create", "--bundle", bundle.directory(), id});
  if (process.Wait() != 0) {
    return;  // refusing such a mount is as good
  }
  EXPECT_EQ(ReadFile(fake / "net/ipv4/ip_unprivileged_port_start"), "fake");
  Bundle other = MakeBundle();
  other.JoinNamespace("network", "/proc/" + std::to_string(PidOf(id)) + "/ns/net");
  other.config["linux"]["readonlyPaths"] = json::array();
  const json seen = Files(other, {"/proc/sys/net/ipv4/ip_unprivileged_port_start"});
  EXPECT_NE(seen.dump().find("77"), std::string::npos) << seen;
  Runtime({"delete", "--force", id});
}

// CVE-2019-16884, CVE-2023-27561: procfs and sysfs on a link of the image's.
TEST_F(AttackTest, Cve2023_27561_ProcAndSysAreNotMountedOverLinks) {
  for (const char* name : {"proc", "sys"}) {
    SCOPED_TRACE(name);
    Bundle bundle = MakeBundle();
    fs::remove(bundle.rootfs() / name);
    fs::create_directory_symlink("tmp", bundle.rootfs() / name);
    ExpectError(Run(bundle), std::string("/") + name);
  }
}

TEST_F(AttackTest, IdsAndPathsDoNotTraverse) {
  Bundle bundle = MakeBundle();
  for (const char* id : {"../x", "..", ".", "a/b", "", "a\nb", "/etc", ".seccomp"}) {
    SCOPED_TRACE(id);
    const Output output = Runtime({"create", "--bundle", bundle.directory(), id});
    EXPECT_NE(output.exit_code, 0);
    EXPECT_NE(Runtime({"state", id}).exit_code, 0);
  }
  for (const char* path : {"/../../../escaped", "../../escaped"}) {
    bundle = MakeBundle();
    bundle.Mount(path, "tmpfs", "tmpfs", {});
    bundle.config["linux"]["maskedPaths"] = {"/../../etc/passwd"};
    bundle.Probe({"files", "/escaped"});
    const Output output = Run(bundle);
    ASSERT_EQ(output.exit_code, 0) << output.err;
    EXPECT_NE(output.out.find("directory"), std::string::npos) << output.out;
    EXPECT_FALSE(fs::exists(directory() / "escaped"));
  }
}

}  // namespace mayfly::test
