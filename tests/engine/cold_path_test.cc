// What a start whose code is in the cache does not do: read the module, load a compiler, start a
// thread or a process, open a file twice. Not timed; docs/design/0004 has the times.
#include <signal.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "cache_fixture.h"

namespace mayfly::test {
namespace {

constexpr const char* kStrace = "/usr/bin/strace";
constexpr const char* kEngine = "wasmtime";

// The rest of a module that begins with a custom section of 100 MB, which costs no compiler time.
class ColdPathTest : public CacheFixture {
 protected:
  void SetUp() override {
    CacheFixture::SetUp();
    engines_ = MAYFLY_TEST_ENGINES_DIR;
    if (!IsSkipped() && !fs::exists(fs::path(engines_) / "wasmtime.so")) {
      GTEST_SKIP() << "the Wasmtime plugin is not built";
    }
  }

  std::string LargeModule() const {
    constexpr size_t kContentBytes = 100'000'000;
    std::string head("\0asm\1\0\0\0\0", 9);  // magic, version, id of a custom section
    for (size_t rest = kContentBytes; rest != 0; rest >>= 7) {
      head.push_back(static_cast<char>((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0)));
    }
    const std::string tail = ReadText(Module("exit_200")).substr(8);
    const fs::path path = scratch_ / "large.wasm";
    std::ofstream(path, std::ios::binary) << head;
    fs::resize_file(path, head.size() + kContentBytes);  // a name of length 0, and zeros
    std::ofstream(path, std::ios::binary | std::ios::app) << tail;
    return path;
  }

  // The lines of strace of a start that finds its code in the cache.
  std::vector<std::string> Trace(const std::string& module, int status) const {
    for (int i = 0; i < 2; ++i) {
      PauseMilliseconds(30);  // file times settle
      EXPECT_EQ(Run(module, kEngine).exit_code, status);
    }
    std::vector<std::string> line = {kStrace, "-f", "-y", "-o", scratch_ / "trace"};
    const auto command = CommandLine(module, kEngine);
    line.insert(line.end(), command.begin(), command.end());
    EXPECT_EQ(RunCommand(line, Options()).exit_code, status);
    std::vector<std::string> lines;
    std::istringstream text(ReadText(scratch_ / "trace"));
    for (std::string each; std::getline(text, each);) {
      lines.push_back(each.substr(each.find_first_not_of("0123456789 ")));  // without the pid
    }
    return lines;
  }
};

// The number after "= " at a strace line's end.
long Returned(const std::string& line) {
  const size_t at = line.rfind(" = ");
  return at == std::string::npos ? -1 : std::atol(line.c_str() + at + 3);
}

TEST_F(ColdPathTest, ALargeModuleIsNotRead) {
  if (!fs::exists(kStrace)) {
    GTEST_SKIP() << "strace is not there";
  }
  const auto lines = Trace(LargeModule(), 200);
  long read_bytes = 0;
  size_t looks = 0;
  for (const std::string& line : lines) {
    if (line.find("large.wasm>") == std::string::npos) {
      continue;
    }
    ++looks;
    EXPECT_FALSE(line.starts_with("mmap")) << line;
    if (line.starts_with("read") || line.starts_with("pread")) {
      read_bytes += Returned(line);
    }
  }
  EXPECT_GT(looks, 2U);  // it is the file that was run
  EXPECT_LE(read_bytes, 4096);
}

TEST_F(ColdPathTest, NothingNeedlessIsOnIt) {
  if (!fs::exists(kStrace)) {
    GTEST_SKIP() << "strace is not there";
  }
  std::multiset<std::string> opened;
  for (const std::string& line : Trace(Module("exit_200"), 200)) {
    for (const std::string call : {"clone", "fork", "vfork", "epoll", "eventfd", "socket"}) {
      EXPECT_FALSE(line.starts_with(call)) << line;
    }
    EXPECT_EQ(line.find("-compiler"), std::string::npos) << line;
    std::smatch name;
    static const std::regex kOpened("^open.*= [0-9]+<(/.*)>$");
    if (std::regex_search(line, name, kOpened) && line.find("O_PATH") == std::string::npos) {
      opened.insert(name[1]);
    }
  }
  EXPECT_GE(opened.size(), 4U);  // libc, the plugin, the module, its code
  for (const std::string& path : opened) {
    EXPECT_EQ(opened.count(path), 1U) << path << " is opened twice";
  }
  for (const char* library : {"libm.so", "libstdc++", "libpthread", "libcrypto", "libLLVM"}) {
    for (const std::string& path : opened) {
      EXPECT_EQ(path.find(library), std::string::npos) << path;
    }
  }
}

TEST_F(ColdPathTest, TheCompilerIsNotMappedAndTheCodeIs) {
  for (int round = 0; round < 2; ++round) {
    Process guest(CommandLine(Module("spin"), kEngine), Options());
    ASSERT_TRUE(guest.WaitForOutput("ready")) << guest.Stderr();
    const std::string maps = ReadText("/proc/" + std::to_string(guest.pid()) + "/maps");
    EXPECT_NE(maps.find("/wasmtime.so"), std::string::npos) << maps;
    EXPECT_EQ(maps.find("-compiler.so"), std::string::npos) << maps;
    // Executable pages straight from the cache's file: every container has the same ones.
    static const std::regex kCode(" r-xp [^\n]*" + std::string("/cache/code/[0-9a-f]{64}\n"));
    EXPECT_TRUE(std::regex_search(maps, kCode)) << maps;
    guest.Kill(SIGKILL);
    guest.Wait();
    PauseMilliseconds(30);
  }
  EXPECT_EQ(Compiles(), 1U);
}

}  // namespace
}  // namespace mayfly::test
