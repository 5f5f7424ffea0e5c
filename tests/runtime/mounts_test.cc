// mounts: kinds, options, targets, propagation.
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>

#include "fixture.h"

namespace mayfly::test {

namespace fs = std::filesystem;

namespace {

// The last mount on a mount point, as mountinfo lists it inside.
nlohmann::json MountAt(const nlohmann::json& mounts, const std::string& point) {
  nlohmann::json found;
  for (const auto& mount : mounts) {
    if (mount["mount_point"] == point) {
      found = mount;
    }
  }
  return found;
}

bool HasOption(const nlohmann::json& mount, const std::string& option,
               const char* field = "options") {
  const std::string options = "," + mount.value(field, std::string()) + ",";
  return options.find("," + option + ",") != std::string::npos;
}

}  // namespace

class MountsTest : public RuntimeTest {
 protected:
  // A directory of the host with one file in it.
  fs::path HostDirectory(const std::string& name = "volume") {
    const fs::path path = directory() / name;
    WriteFile(path / "file", "from the host");
    return path;
  }
};

TEST_F(MountsTest, TheUsualOnes) {
  Bundle bundle = MakeBundle();
  nlohmann::json mounts = Report(bundle, {"mounts"});
  const std::map<std::string, std::string> kinds = {
      {"/proc", "proc"},     {"/dev", "tmpfs"},         {"/dev/pts", "devpts"},
      {"/dev/shm", "tmpfs"}, {"/dev/mqueue", "mqueue"}, {"/sys", "sysfs"}};
  for (const auto& [point, kind] : kinds) {
    EXPECT_EQ(MountAt(mounts, point).value("type", ""), kind) << point;
  }
  EXPECT_TRUE(HasOption(MountAt(mounts, "/sys"), "ro"));
  EXPECT_TRUE(HasOption(MountAt(mounts, "/dev/shm"), "noexec"));
  EXPECT_TRUE(HasOption(MountAt(mounts, "/dev/shm"), "size=65536k", "super_options"));
  EXPECT_TRUE(HasOption(MountAt(mounts, "/dev/pts"), "ptmxmode=666", "super_options"));
  EXPECT_FALSE(MountAt(mounts, "/sys/fs/cgroup").is_null());
}

TEST_F(MountsTest, BindReadWrite) {
  const fs::path volume = HostDirectory();
  Bundle bundle = MakeBundle();
  bundle.Mount("/data", "bind", volume, {"bind", "rw"});
  EXPECT_EQ(Files(bundle, {"/data/file"})["content"], "from the host");
  bundle.Probe({"write", "/data/new", "from the guest"});
  EXPECT_EQ(Run(bundle).exit_code, 0);
  EXPECT_EQ(ReadFile(volume / "new"), "from the guest");
}

TEST_F(MountsTest, BindReadOnly) {
  const fs::path volume = HostDirectory();
  Bundle bundle = MakeBundle();
  bundle.Mount("/data", "bind", volume, {"bind", "ro"});
  nlohmann::json files = Files(bundle, {"/data", "/data/file"});
  EXPECT_EQ(files["/data"]["write_error"], "EROFS");
  EXPECT_EQ(files["/data/file"]["write_error"], "EROFS");
  EXPECT_EQ(files["/data/file"]["content"], "from the host");
}

// containerd writes the type "bind", Podman an empty type or none, with the option "bind" or
// "rbind".
TEST_F(MountsTest, BindIsKnownByItsOption) {
  const fs::path volume = HostDirectory();
  for (const std::string type : {"bind", "none", ""}) {
    SCOPED_TRACE(type);
    Bundle bundle = MakeBundle();
    bundle.Mount("/data", type, volume, {"rbind"});
    EXPECT_EQ(Files(bundle, {"/data/file"})["content"], "from the host");
  }
}

TEST_F(MountsTest, BindSourcesAreRelativeToTheBundle) {
  Bundle bundle = MakeBundle();
  WriteFile(bundle.directory() / "beside/file", "in the bundle");
  bundle.Mount("/data", "bind", "beside", {"bind"});
  EXPECT_EQ(Files(bundle, {"/data/file"})["content"], "in the bundle");
}

TEST_F(MountsTest, BindOfAFileMakesItsTarget) {
  const fs::path volume = HostDirectory();
  Bundle bundle = MakeBundle();
  bundle.Mount("/some/where/deep.txt", "bind", volume / "file", {"bind", "ro"});
  nlohmann::json file = Files(bundle, {"/some/where/deep.txt"});
  EXPECT_EQ(file["content"], "from the host");
  EXPECT_EQ(file["write_error"], "EROFS");
}

TEST_F(MountsTest, RecursiveBindTakesMountsBelowAlong) {
  const fs::path volume = HostDirectory();
  fs::create_directories(volume / "below");
  ASSERT_EQ(::mount("tmpfs", (volume / "below").c_str(), "tmpfs", 0, "size=64k"), 0);
  WriteFile(volume / "below/inner", "mounted below");
  Bundle flat = MakeBundle();
  flat.Mount("/data", "bind", volume, {"bind"});
  EXPECT_EQ(Files(flat, {"/data/below/inner"})["error"], "ENOENT");
  Bundle deep = MakeBundle();
  deep.Mount("/data", "bind", volume, {"rbind"});
  EXPECT_EQ(Files(deep, {"/data/below/inner"})["content"], "mounted below");
  EXPECT_EQ(::umount((volume / "below").c_str()), 0);
}

TEST_F(MountsTest, BindFlags) {
  const fs::path volume = HostDirectory();
  Bundle bundle = MakeBundle();
  bundle.Mount("/data", "bind", volume, {"bind", "nosuid", "nodev", "noexec", "noatime"});
  nlohmann::json mount = MountAt(Report(bundle, {"mounts"}), "/data");
  for (const char* option : {"nosuid", "nodev", "noexec", "noatime", "rw"}) {
    EXPECT_TRUE(HasOption(mount, option)) << option << " in " << mount;
  }
}

TEST_F(MountsTest, NoexecHoldsInside) {
  const fs::path volume = HostDirectory();
  Bundle bundle = MakeBundle();
  fs::copy_file(bundle.rootfs() / "probe", volume / "program");
  bundle.Mount("/data", "bind", volume, {"bind", "noexec"});
  bundle.Mount("/exec", "bind", volume, {"bind"});
  EXPECT_EQ(Try(bundle, {"exec", "/data/program", ",", "exec", "/exec/program"}),
            (std::vector<std::string>{"EACCES", "0"}));
}

TEST_F(MountsTest, AMissingBindSourceIsAnError) {
  Bundle bundle = MakeBundle();
  const std::string missing = directory() / "missing";
  bundle.Mount("/data", "bind", missing, {"bind"});
  ExpectError(Run(bundle), missing);
  EXPECT_FALSE(fs::exists(missing)) << "the source was created";
}

TEST_F(MountsTest, TmpfsWithSizeAndMode) {
  Bundle bundle = MakeBundle();
  bundle.Mount("/scratch", "tmpfs", "tmpfs",
               {"nosuid", "noexec", "nodev", "size=1024k", "mode=1770", "uid=7", "gid=8"});
  nlohmann::json mount = MountAt(Report(bundle, {"mounts"}), "/scratch");
  EXPECT_EQ(mount.value("type", ""), "tmpfs");
  EXPECT_TRUE(HasOption(mount, "size=1024k", "super_options")) << mount;
  bundle.config["process"]["user"]["gid"] = 8;
  nlohmann::json scratch = Files(bundle, {"/scratch"});
  EXPECT_EQ(scratch["uid"], 7);
  EXPECT_EQ(scratch["gid"], 8);
  if (IsRunc()) {
    GTEST_SKIP() << "runc 1.1 puts the mode of the directory below over the option's";
  }
  EXPECT_EQ(scratch["mode"], 01770);
}

// Not the kernel's default of 1777: an image's 0750 directory must not open up.
TEST_F(MountsTest, TmpfsWithoutModeKeepsTheDirectorys) {
  Bundle bundle = MakeBundle();
  fs::create_directories(bundle.rootfs() / "scratch");
  fs::permissions(bundle.rootfs() / "scratch", static_cast<fs::perms>(0750));
  bundle.Mount("/scratch", "tmpfs", "tmpfs", {"size=64k"});
  EXPECT_EQ(Files(bundle, {"/scratch"})["mode"], 0750);
}

TEST_F(MountsTest, ReadOnlyTmpfs) {
  Bundle bundle = MakeBundle();
  bundle.Mount("/scratch", "tmpfs", "tmpfs", {"ro"});
  EXPECT_EQ(Files(bundle, {"/scratch"})["write_error"], "EROFS");
}

TEST_F(MountsTest, TmpcopyupBringsTheDirectorysFiles) {
  Bundle bundle = MakeBundle();
  WriteFile(bundle.rootfs() / "var/run/kept", "from the image");
  bundle.Mount("/var/run", "tmpfs", "tmpfs", {"tmpcopyup"});
  nlohmann::json file = Files(bundle, {"/var/run/kept"});
  EXPECT_EQ(file["content"], "from the image");
  EXPECT_EQ(file["write_error"], "0");
}

TEST_F(MountsTest, MountsAreMadeInOrder) {
  const fs::path volume = HostDirectory();
  Bundle bundle = MakeBundle();
  bundle.Mount("/a", "tmpfs", "tmpfs", {});
  bundle.Mount("/a/b", "bind", volume, {"bind"});
  bundle.Mount("/a/b/file", "bind", bundle.rootfs() / "etc/passwd", {"bind", "ro"});
  nlohmann::json files = Files(bundle, {"/a", "/a/b/file"});
  EXPECT_EQ(files["/a"]["entries"], nlohmann::json({"b"}));
  EXPECT_NE(files["/a/b/file"]["content"].get<std::string>().find("root:x"), std::string::npos);
}

// A link in the image must not lead a mount out into the host.
TEST_F(MountsTest, LinksInTheRootfsAreResolvedInside) {
  const fs::path volume = HostDirectory();
  const fs::path outside = directory() / "outside";
  fs::create_directories(outside);
  Bundle bundle = MakeBundle();
  fs::create_directories(bundle.rootfs() / "real");
  fs::create_symlink("/real", bundle.rootfs() / "absolute");
  fs::create_symlink("../../../../../../../../../../real", bundle.rootfs() / "upwards");
  fs::create_symlink(outside, bundle.rootfs() / "hostpath");
  bundle.Mount("/absolute/one", "bind", volume, {"bind"});
  bundle.Mount("/upwards/two", "bind", volume, {"bind"});
  bundle.Mount("/hostpath/three", "bind", volume, {"bind"});
  nlohmann::json files =
      Files(bundle, {"/real/one/file", "/real/two/file", outside.string() + "/three/file"});
  for (const auto& [path, file] : files.items()) {
    EXPECT_EQ(file.value("content", ""), "from the host") << path;
  }
  EXPECT_TRUE(fs::is_empty(outside)) << "a mount point was made on the host";
  EXPECT_FALSE(fs::exists("/real"));
}

TEST_F(MountsTest, ADestinationWithDotsStaysInside) {
  const fs::path volume = HostDirectory();
  Bundle bundle = MakeBundle();
  bundle.Mount("/../../../../../../../../dots", "bind", volume, {"bind"});
  EXPECT_EQ(Files(bundle, {"/dots/file"})["content"], "from the host");
  EXPECT_FALSE(fs::exists("/dots"));
}

// An image whose /proc is a link would get its procfs, and the masking of it, at a place of its
// choice.
TEST_F(MountsTest, ProcMustNotBeALink) {
  Bundle bundle = MakeBundle();
  fs::remove(bundle.rootfs() / "proc");
  fs::create_directories(bundle.rootfs() / "elsewhere");
  fs::create_symlink("/elsewhere", bundle.rootfs() / "proc");
  ExpectError(Run(bundle), "/proc");
}

TEST_F(MountsTest, PropagationOfABind) {
  const fs::path volume = HostDirectory();
  ASSERT_EQ(::mount("tmpfs", volume.c_str(), "tmpfs", 0, "size=64k"), 0);
  ASSERT_EQ(::mount(nullptr, volume.c_str(), nullptr, MS_SHARED, nullptr), 0);
  const std::map<std::string, std::vector<std::string>> expected = {{"private", {}},
                                                                    {"rprivate", {}},
                                                                    {"slave", {"master"}},
                                                                    {"shared", {"shared"}},
                                                                    {"unbindable", {"unbindable"}}};
  for (const auto& [option, shown] : expected) {
    SCOPED_TRACE(option);
    Bundle bundle = MakeBundle();
    bundle.Mount("/data", "bind", volume, {"rbind", option});
    if (option == "shared") {
      bundle.config["linux"]["rootfsPropagation"] = "shared";
    }
    nlohmann::json mount = MountAt(Report(bundle, {"mounts"}), "/data");
    EXPECT_EQ(mount["propagation"], nlohmann::json(shown)) << mount;
  }
  EXPECT_EQ(::umount(volume.c_str()), 0);
}

// What Kubernetes calls bidirectional: a mount made inside shows on the host.
TEST_F(MountsTest, SharedPassesTheContainersMountsToTheHost) {
  const fs::path volume = HostDirectory();
  ASSERT_EQ(::mount("tmpfs", volume.c_str(), "tmpfs", 0, "size=64k"), 0);
  ASSERT_EQ(::mount(nullptr, volume.c_str(), nullptr, MS_SHARED, nullptr), 0);
  fs::create_directories(volume / "inner");
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["rootfsPropagation"] = "rshared";
  bundle.Capabilities({"CAP_SYS_ADMIN"});
  bundle.Mount("/data", "bind", volume, {"rbind", "rshared"});
  EXPECT_EQ(Try(bundle, {"mount", "none", "/data/inner", "tmpfs"}), std::vector<std::string>{"0"});
  EXPECT_EQ(MountsBelow(directory()),
            (std::vector<std::string>{volume, (volume / "inner").string()}));
  EXPECT_EQ(::umount((volume / "inner").c_str()), 0);
  EXPECT_EQ(::umount(volume.c_str()), 0);
}

// Only volumes pass mounts on: the container's own file systems stay its own.
TEST_F(MountsTest, NothingElseShowsOnAHostWithASharedRootPropagation) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["rootfsPropagation"] = "rshared";
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const std::string script =
      "cp /proc/self/mountinfo " + (directory() / "before").string() + "; " + RuntimePath() +
      " --root " + state_root().string() + " run --detach --bundle " + bundle.directory().string() +
      " " + id + " >/dev/null 2>&1 && " + RuntimePath() + " --root " + state_root().string() +
      " delete --force " + id + " && cat /proc/self/mountinfo";
  const Output output =
      RunCommand({"unshare", "--mount", "--propagation", "shared", "sh", "-c", script});
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_EQ(output.out, ReadFile(directory() / "before"));
}

TEST_F(MountsTest, SlaveReceivesLaterMountsOfTheHost) {
  const fs::path volume = HostDirectory();
  fs::create_directories(volume / "later");
  ASSERT_EQ(::mount("tmpfs", volume.c_str(), "tmpfs", 0, "size=64k"), 0);
  ASSERT_EQ(::mount(nullptr, volume.c_str(), nullptr, MS_SHARED, nullptr), 0);
  fs::create_directories(volume / "later");
  Bundle bundle = MakeBundle();
  bundle.Mount("/data", "bind", volume, {"rbind", "rslave"});
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  ASSERT_EQ(::mount("tmpfs", (volume / "later").c_str(), "tmpfs", 0, "size=64k"), 0);
  WriteFile(volume / "later/file", "x");
  EXPECT_TRUE(fs::exists("/proc/" + std::to_string(PidOf(id)) + "/root/data/later/file"));
  Stop(id);
  EXPECT_EQ(::umount((volume / "later").c_str()), 0);
  EXPECT_EQ(::umount(volume.c_str()), 0);
}

// systemd makes / shared: what a container mounts must not be seen by the host then.
TEST_F(MountsTest, NothingShowsOnAHostWithSharedMounts) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const std::string script = RuntimePath() + " --root " + state_root().string() +
                             " run --detach --bundle " + bundle.directory().string() + " " + id +
                             " >/dev/null 2>&1 && cat /proc/self/mountinfo";
  const Output output =
      RunCommand({"unshare", "--mount", "--propagation", "shared", "sh", "-c", script});
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_EQ(output.out.find(bundle.rootfs().string()), std::string::npos) << output.out;
  Stop(id);
}

TEST_F(MountsTest, TheHostsMountsAreGoneInside) {
  Bundle bundle = MakeBundle();
  for (const auto& mount : Report(bundle, {"mounts"})) {
    const std::string point = mount["mount_point"];
    const bool own = point == "/" || point.starts_with("/proc") || point.starts_with("/dev") ||
                     point.starts_with("/sys");
    EXPECT_TRUE(own) << mount;
  }
}

// An unknown word goes to the file system, which refuses it.
TEST_F(MountsTest, AnOptionTheFileSystemRefusesIsAnError) {
  Bundle bundle = MakeBundle();
  bundle.Mount("/scratch", "tmpfs", "tmpfs", {"nonsense=1"});
  ExpectError(Run(bundle), "/scratch");
}

TEST_F(MountsTest, AnUnknownFileSystemIsAnError) {
  Bundle bundle = MakeBundle();
  bundle.Mount("/scratch", "nosuchfs", "none", {});
  ExpectError(Run(bundle), "/scratch");
}

}  // namespace mayfly::test
