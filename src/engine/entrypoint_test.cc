#include "engine/entrypoint.h"

#include "base/file.h"
#include "engine/test_support.h"

namespace mayfly::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWasm("\0asm\1\0\0\0", 8);

class EntrypointTest : public testing::Test {
 protected:
  std::optional<Entrypoint> Find(const std::string& argument) {
    spec_.process.args = {argument};
    const auto root = base::Open(scratch_ / "rootfs", O_PATH | O_DIRECTORY);
    EXPECT_TRUE(root);
    auto found = FindEntrypoint(spec_, root->get());
    EXPECT_TRUE(found) << found.error().text();
    return std::move(*found);
  }

  void Put(const std::string& path, std::string_view bytes, int mode = 0755) {
    WriteFile(scratch_ / path, bytes);
    fs::permissions(scratch_ / path, static_cast<fs::perms>(mode));
  }

  void Bind(const std::string& destination, const std::string& source) {
    oci::Mount mount;
    mount.destination = destination;
    mount.type = "bind";
    mount.source = scratch_ / source;
    spec_.mounts.push_back(mount);
  }

  void SetUp() override {
    fs::create_directories(scratch_ / "rootfs/bin");
    spec_.process.cwd = "/";
    spec_.process.env = {"PATH=/bin:/usr/bin"};
  }

  ScratchDir scratch_;
  oci::Spec spec_;
};

TEST_F(EntrypointTest, TellsContentByFirstBytes) {
  Put("rootfs/a.wasm", kWasm, 0644);
  Put("rootfs/elf", "\177ELF...");
  Put("rootfs/script", "#!/bin/sh\n");
  Put("rootfs/text", "hello");
  Put("rootfs/short", "\177E");
  Put("rootfs/empty", "");
  EXPECT_EQ(Find("/a.wasm")->content, Content::kWasm);
  EXPECT_EQ(Find("/elf")->content, Content::kElf);
  EXPECT_EQ(Find("/script")->content, Content::kScript);
  for (const std::string name : {"/text", "/short", "/empty"}) {
    EXPECT_EQ(Find(name)->content, Content::kOther) << name;
  }
}

TEST_F(EntrypointTest, WhatIsNoRegularFileIsNotFound) {
  ASSERT_EQ(::mkfifo((scratch_ / "rootfs/fifo").c_str(), 0644), 0);
  for (const std::string name : {"/none", "/bin", "/fifo", "", "nowhere"}) {
    EXPECT_FALSE(Find(name)) << name;
  }
  spec_.process.args.clear();
  EXPECT_FALSE(*FindEntrypoint(spec_, AT_FDCWD));
}

TEST_F(EntrypointTest, SearchesPath) {
  Put("rootfs/usr/bin/tool", "\177ELF");
  EXPECT_EQ(Find("tool")->path, "/usr/bin/tool");
  Put("rootfs/bin/tool", "not executable", 0644);
  EXPECT_EQ(Find("tool")->path, "/usr/bin/tool");
  Put("rootfs/bin/tool", kWasm, 0644);
  EXPECT_EQ(Find("tool")->path, "/bin/tool");
  spec_.process.env.clear();
  Put("rootfs/usr/local/bin/other", "\177ELF");
  EXPECT_TRUE(Find("other"));
}

TEST_F(EntrypointTest, RelativePathsStartAtTheWorkingDirectory) {
  Put("rootfs/srv/app/run.wasm", kWasm);
  spec_.process.cwd = "/srv";
  EXPECT_TRUE(Find("app/run.wasm"));
  EXPECT_TRUE(Find("./app/run.wasm"));
  EXPECT_TRUE(Find("app/../app/run.wasm"));
  spec_.process.cwd = "/";
  EXPECT_FALSE(Find("app/run.wasm"));
}

TEST_F(EntrypointTest, LinksStayInside) {
  Put("outside.wasm", kWasm);
  fs::create_symlink(scratch_ / "outside.wasm", scratch_ / "rootfs/absolute");
  fs::create_symlink("../outside.wasm", scratch_ / "rootfs/relative");
  Put("rootfs/inside.wasm", kWasm);
  fs::create_symlink("/inside.wasm", scratch_ / "rootfs/good");
  EXPECT_FALSE(Find("/absolute"));
  EXPECT_FALSE(Find("/relative"));
  EXPECT_FALSE(Find("/../outside.wasm"));
  EXPECT_TRUE(Find("/good"));
}

TEST_F(EntrypointTest, LooksThroughBindMounts) {
  Put("volume/app.wasm", kWasm);
  Put("rootfs/data/app.wasm", "hidden by the mount");
  Put("single.wasm", kWasm);
  Bind("/data", "volume");
  Bind("/one.wasm", "single.wasm");
  EXPECT_EQ(Find("/data/app.wasm")->content, Content::kWasm);
  EXPECT_EQ(Find("/one.wasm")->content, Content::kWasm);
  EXPECT_FALSE(Find("/data/../outside"));
  EXPECT_FALSE(Find("/data2/app.wasm"));
  fs::create_symlink("/etc/hostname", scratch_ / "volume/escape");
  EXPECT_FALSE(Find("/data/escape"));
}

TEST_F(EntrypointTest, ALinkOfTheRootfsMayLeadIntoAMount) {
  Put("volume/app.wasm", kWasm);
  fs::create_directories(scratch_ / "rootfs/data");
  WriteFile(scratch_ / "rootfs/data/app.wasm", "hidden by the mount");
  fs::create_symlink("data/app.wasm", scratch_ / "rootfs/app");
  Bind("/data", "volume");
  EXPECT_EQ(Find("/app")->content, Content::kWasm);
}

TEST_F(EntrypointTest, OtherMountsHideWhatIsBelow) {
  Put("rootfs/tmp/app.wasm", kWasm);
  oci::Mount mount;
  mount.destination = "/tmp";
  mount.type = "tmpfs";
  mount.source = "tmpfs";
  spec_.mounts.push_back(mount);
  EXPECT_FALSE(Find("/tmp/app.wasm"));
  Put("volume/app.wasm", kWasm);
  Bind("/tmp/inner", "volume");
  EXPECT_TRUE(Find("/tmp/inner/app.wasm"));
}

}  // namespace
}  // namespace mayfly::engine
