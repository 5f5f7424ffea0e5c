// The small parts of support/: arguments, arrays, files, output, digests, exits.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "support/args.h"
#include "support/array.h"
#include "support/exits.h"
#include "support/file.h"
#include "support/sha256.h"
#include "support/stdout_writer.h"

namespace mayfly::suite {
namespace {

std::string Hex(std::string_view data, size_t piece) {
  Sha256 digest;
  for (size_t at = 0; at < data.size(); at += piece) {
    std::string_view part = data.substr(at, piece);
    digest.Update(part.data(), part.size());
  }
  auto hex = digest.Hex();
  return {hex.data(), hex.size()};
}

TEST(ParseUnsigned, TakesDigitsAndOnePlus) {
  EXPECT_EQ(ParseUnsigned<uint32_t>("0"), 0u);
  EXPECT_EQ(ParseUnsigned<uint32_t>("+007"), 7u);
  for (const char* bad : {"", "+", "-1", "++1", " 1", "1 ", "1x", "0x10", "1.0", "1e3"}) {
    EXPECT_EQ(ParseUnsigned<uint32_t>(bad), std::nullopt) << bad;
  }
}

TEST(ParseUnsigned, RefusesWhatDoesNotFit) {
  EXPECT_EQ(ParseUnsigned<uint32_t>("4294967295"), UINT32_MAX);
  EXPECT_EQ(ParseUnsigned<uint32_t>("4294967296"), std::nullopt);
  EXPECT_EQ(ParseUnsigned<uint32_t>("42949672950"), std::nullopt);
  EXPECT_EQ(ParseUnsigned<uint64_t>("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(ParseUnsigned<uint64_t>("18446744073709551616"), std::nullopt);
}

TEST(Array, KeepsElementsWhenItGrows) {
  Array<uint32_t> array;
  for (uint32_t i = 0; i < 1000; ++i) array.Append(i);
  ASSERT_EQ(array.size(), 1000u);
  for (uint32_t i = 0; i < 1000; ++i) ASSERT_EQ(array[i], i);
  Array<uint32_t> other(std::move(array));
  EXPECT_EQ(other.size(), 1000u);
}

// The address is used, or the compiler would leave the allocation out.
void Allocate(size_t count) {
  fprintf(stderr, "%p", static_cast<void*>(Array<uint64_t>(count).data()));
}

TEST(ArrayDeath, EndsTheProgramWithoutMemory) {
  program_name = "test";
  EXPECT_EXIT(Allocate(SIZE_MAX / 8), testing::ExitedWithCode(1), "test: out of memory");
  EXPECT_EXIT(Allocate(SIZE_MAX / 4), testing::ExitedWithCode(1), "test: out of memory");
}

TEST(Sha256, HasTheValuesOfTheStandard) {
  EXPECT_EQ(Hex("", 1), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex("abc", 3), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 7),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  std::string million(1000000, 'a');
  for (size_t piece : {size_t{1}, size_t{63}, size_t{64}, size_t{65}, million.size()}) {
    EXPECT_EQ(Hex(million, piece),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  }
}

// A temporary file with the text, removed at the end.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view text) {
    int fd = mkstemp(path_);
    EXPECT_EQ(write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    close(fd);
  }
  ~TemporaryFile() { unlink(path_); }
  const char* path() const { return path_; }

 private:
  char path_[32] = "/tmp/suite-test-XXXXXX";
};

TEST(ReadFile, ReadsAllBytes) {
  std::string text(200000, 'x');
  text[150000] = '\0';
  TemporaryFile file(text);
  Array<char> read = ReadFile(file.path());
  EXPECT_EQ(std::string_view(read.data(), read.size()), text);
}

TEST(ReadFile, ReadsFilesWithoutASize) {
  Array<char> read = ReadFile("/proc/self/status");
  EXPECT_TRUE(std::string_view(read.data(), read.size()).starts_with("Name:"));
}

TEST(ReadFileDeath, NamesThePath) {
  EXPECT_EXIT(ReadFile("/no/such/file"), testing::ExitedWithCode(1),
              "open /no/such/file: No such file");
  EXPECT_EXIT(ReadFile("/"), testing::ExitedWithCode(1), "read /: is a directory");
}

TEST(FailDeath, CutsLongTexts) {
  std::string long_text(5000, 'x');
  EXPECT_EXIT(Fail(Exit::kUsage, {long_text}), testing::ExitedWithCode(2), "xxx\n$");
}

// The writer works on standard output; these run it in a child process that has a file there.
std::string Written(void (*act)(StdoutWriter&)) {
  TemporaryFile file("");
  EXPECT_EXIT(
      {
        dup2(open(file.path(), O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
        StdoutWriter out;
        act(out);
        out.Flush();
        _exit(0);
      },
      testing::ExitedWithCode(0), "");
  Array<char> read = ReadFile(file.path());
  return {read.data(), read.size()};
}

TEST(StdoutWriterDeath, WritesNumbers) {
  EXPECT_EQ(Written([](StdoutWriter& out) {
              for (uint64_t value : {uint64_t{0}, uint64_t{9}, uint64_t{4294967295},
                                     uint64_t{4294967296}, UINT64_MAX}) {
                out.Unsigned(value);
                out.Write(" ");
              }
            }),
            "0 9 4294967295 4294967296 18446744073709551615 ");
}

TEST(StdoutWriterDeath, WritesMoreThanItHolds) {
  std::string expected(300000, 'a');
  expected += std::string(60000, 'b') + std::string(60000, 'c');
  EXPECT_TRUE(Written([](StdoutWriter& out) {
                out.Write(std::string(300000, 'a'));
                for (char c : {'b', 'c'}) {
                  memset(out.Room(60000), c, 60000);
                  out.Advance(60000);
                }
              }) == expected);
}

TEST(StdoutWriterDeath, FailsOnAFullDevice) {
  EXPECT_EXIT(
      {
        dup2(open("/dev/full", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
        StdoutWriter out;
        out.Write("x");
        out.Flush();
        _exit(0);
      },
      testing::ExitedWithCode(1), "write stdout: No space left");
}

}  // namespace
}  // namespace mayfly::suite
