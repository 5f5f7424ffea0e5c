#include "isolate/seccomp.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/process.h"
#include "base/temp_dir.h"

namespace mayfly::isolate {
namespace {

oci::Seccomp Parse(const std::string& text) {
  const nlohmann::json document = nlohmann::json::parse(text);
  auto parsed = oci::ParseSeccomp(base::JsonView(document, "test"));
  EXPECT_TRUE(parsed.has_value()) << parsed.error().text();
  return parsed->value();
}

SeccompProgram Compile(const std::string& text, std::vector<std::string>* unknown = nullptr) {
  std::vector<std::string> names;
  auto program = CompileSeccomp(Parse(text), &names);
  EXPECT_TRUE(program.has_value()) << program.error().text();
  if (unknown != nullptr) {
    *unknown = names;
  }
  return *program;
}

// Runs `body` in a child under the filter; its exit status.
template <typename Body>
int Under(const SeccompProgram& program, Body body) {
  auto child = base::Spawn(0, -1, [&]() -> int {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !LoadSeccomp(program)) {
      return 99;
    }
    return body();
  });
  return base::WaitForExit(child->pid).value_or(98);
}

TEST(Seccomp, GivesTheErrnoOfTheRule) {
  const auto program = Compile(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
      {"names": ["getppid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 42},
      {"names": ["uname"], "action": "SCMP_ACT_ERRNO"}]})");
  EXPECT_EQ(Under(program, [] { return ::syscall(SYS_getppid) < 0 ? errno : 0; }), 42);
  EXPECT_EQ(Under(program,
                  [] {
                    utsname name{};
                    return ::syscall(SYS_uname, &name) < 0 ? errno : 0;
                  }),
            EPERM);
}

TEST(Seccomp, ComparesArguments) {
  const auto program = Compile(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
      {"names": ["umask"], "action": "SCMP_ACT_ERRNO", "errnoRet": 7,
       "args": [{"index": 0, "value": 18, "op": "SCMP_CMP_GE"}]},
      {"names": ["dup2"], "action": "SCMP_ACT_ERRNO", "errnoRet": 8,
       "args": [{"index": 0, "value": 240, "valueTwo": 64, "op": "SCMP_CMP_MASKED_EQ"}]}]})");
  EXPECT_EQ(Under(program, [] { return ::syscall(SYS_umask, 17) < 0 ? errno : 0; }), 0);
  EXPECT_EQ(Under(program, [] { return ::syscall(SYS_umask, 18) < 0 ? errno : 0; }), 7);
  EXPECT_EQ(Under(program, [] { return ::syscall(SYS_dup2, 0x4f, 0) < 0 ? errno : 0; }), 8);
  EXPECT_EQ(Under(program, [] { return ::syscall(SYS_dup2, 0x5f, 0) < 0 ? errno : 0; }), EBADF);
}

TEST(Seccomp, UnknownNamesAreLeftOutAndTold) {
  std::vector<std::string> unknown;
  Compile(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
      {"names": ["no_such_call", "getppid"], "action": "SCMP_ACT_ERRNO"}]})",
          &unknown);
  EXPECT_EQ(unknown, std::vector<std::string>{"no_such_call"});
}

constexpr const char* kDenyByDefault = R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
    {"names": ["exit_group", "exit", "getppid"], "action": "SCMP_ACT_ALLOW"}]})";

// C libraries fall back on ENOSYS only.
TEST(Seccomp, CallsNewerThanTheProfileDoNotExist) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "at its end AddressSanitizer makes calls that the filter denies";
#endif
  const auto program = Compile(kDenyByDefault);
  EXPECT_EQ(Under(program, [] { return ::syscall(SYS_getppid) < 0 ? errno : 0; }), 0);
  EXPECT_EQ(Under(program, [] { return ::syscall(SYS_getuid) < 0 ? errno : 0; }), EPERM);
  EXPECT_EQ(Under(program, [] { return ::syscall(400 + SYS_exit_group) < 0 ? errno : 0; }), ENOSYS);
#ifdef __x86_64__
  // x32 calls are another architecture, which this filter does not allow: the process is ended.
  EXPECT_EQ(Under(program, [] { return ::syscall(0x40000000 | SYS_getppid) < 0 ? errno : 0; }),
            128 + SIGSYS);
#endif
}

TEST(Seccomp, AnAuthorThatChoseEnosysOrPermitsGetsNoPrefix) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "at its end AddressSanitizer makes calls that the filter denies";
#endif
  const auto permissive = Compile(R"({"defaultAction": "SCMP_ACT_LOG"})");
  EXPECT_EQ(Under(permissive, [] { return ::syscall(2000) < 0 ? errno : 0; }), ENOSYS);
  const auto chosen = Compile(R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
      "syscalls": [{"names": ["exit_group"], "action": "SCMP_ACT_ALLOW"}]})");
  EXPECT_EQ(Under(chosen, [] { return ::syscall(SYS_getppid) < 0 ? errno : 0; }), ENOSYS);
}

TEST(Seccomp, FlagsAreTheKernels) {
  const auto program = Compile(R"({"defaultAction": "SCMP_ACT_ALLOW", "flags": [
      "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
      "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]})");
  EXPECT_EQ(Under(program, [] { return 3; }), 3);
}

TEST(Seccomp, ACompiledFilterIsKeptAndCheckedBeforeUse) {
  const base::TempDir dir;
  const std::string cache = dir.path() + "/cache";
  const auto profile = Parse(kDenyByDefault);
  std::vector<std::string> unknown;
  const auto first = CompileSeccompCached(profile, cache, &unknown);
  ASSERT_TRUE(first.has_value()) << first.error().text();
  const auto names = base::ListDirectory(cache);
  ASSERT_EQ(names->size(), 1U);
  const std::string path = cache + "/" + names->front();
  const auto bytes = base::ReadFile(path);
  // One bit of the program is changed: the file is not used, and written anew.
  std::string damaged = *bytes;
  damaged[damaged.size() - 3] = static_cast<char>(damaged[damaged.size() - 3] ^ 1);
  const auto directory = base::Open(cache, O_RDONLY | O_DIRECTORY);
  ASSERT_TRUE(base::ReplaceFileAt(directory->get(), names->front(), damaged, 0600));
  const auto second = CompileSeccompCached(profile, cache, &unknown);
  ASSERT_TRUE(second.has_value());
  ASSERT_EQ(second->instructions.size(), first->instructions.size());
  EXPECT_EQ(std::memcmp(second->instructions.data(), first->instructions.data(),
                        first->instructions.size() * sizeof(sock_filter)),
            0);
  EXPECT_EQ(*base::ReadFile(path), *bytes);
  // A whole file is used: the one of another program, put under this profile's key, would be.
  const auto third = CompileSeccompCached(profile, cache, &unknown);
  EXPECT_EQ(third->instructions.size(), first->instructions.size());
}

TEST(Seccomp, ACacheThatOthersCanWriteIsNotUsed) {
  const base::TempDir dir;
  const std::string cache = dir.path() + "/cache";
  ASSERT_EQ(::mkdir(cache.c_str(), 0700), 0);
  ASSERT_EQ(::chmod(cache.c_str(), 0777), 0);
  std::vector<std::string> unknown;
  EXPECT_TRUE(CompileSeccompCached(Parse(kDenyByDefault), cache, &unknown).has_value());
  EXPECT_TRUE(base::ListDirectory(cache)->empty());
}

}  // namespace
}  // namespace mayfly::isolate
