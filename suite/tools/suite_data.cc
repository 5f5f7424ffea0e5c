// suite-data: makes the input files of the suite, the same bytes everywhere.
//
//   suite-data DIR           write the files below DIR, as FUNCTION/FILE
//   suite-data --check       make them in memory and compare with the recorded digests
//   suite-data --check DIR   compare the files below DIR with the recorded digests
//
// A digest that differs is an error in every mode: results are only comparable on the same input.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>

#include "support/exits.h"
#include "support/sha256.h"
#include "support/sm64.h"
#include "tools/play.h"

namespace mayfly::suite {
namespace {

constexpr std::string_view kVocabulary[] = {
    "the",      "of",      "Hamlet",  "and",      "to",      "a",       "ham.",     "king",
    "hamlets",  "lord",    "my",      "Omelet",   "ghost",   "hamlet,", "queen",    "Horatio",
    "ham,",     "denmark", "hamster", "exit",     "amulet",  "enter",   "Polonius", "that",
    "hamlette", "is",      "not",     "hampered", "Laertes", "be",      "hail",     "metal"};
static_assert(std::size(kVocabulary) == 32);

std::string MakeVocabularyFile() {
  std::string text;
  for (std::string_view word : kVocabulary) text.append(word).append("\n");
  return text;
}

std::string MakeCorpus() {
  Sm64 random(7);
  std::string text;
  for (int line = 0; line < 5300; ++line) {
    text.append(kVocabulary[random.Next() % 32]).append(" ");
    text.append(kVocabulary[random.Next() % 32]).append("\n");
  }
  return text;
}

// One trait of Unicode a line: final sigma, a capital with two lower-case code points, white space
// other than blanks, letters outside the first plane, a last line without end.
std::string MakeUnicode() {
  return "ΟΔΥΣΣΕΥΣ ΣΊΣΥΦΟΣ\r\n"
         "İSTANBUL\n"
         "left\u00a0right\u2003wide\u3000ideographic\n"
         "\U00010400\U00010401\U00010402\n"
         "\n"
         "ÉCOLE Straße ГАМЛЕТ\n"
         "last ÉCOLE";
}

std::string MakeLatin1() { return "plain line\ncaf\xe9\n"; }
std::string MakeEmpty() { return ""; }

constexpr size_t kMiB = size_t{1} << 20;

std::string MakeRandom(uint64_t seed, size_t size_bytes) {
  Sm64 random(seed);
  std::string bytes(size_bytes, '\0');
  for (size_t at = 0; at < size_bytes; at += sizeof(uint64_t)) {
    uint64_t draw = random.Next();
    static_assert(std::endian::native == std::endian::little);
    memcpy(bytes.data() + at, &draw, std::min(sizeof draw, size_bytes - at));
  }
  return bytes;
}

std::string MakeRandom100MiB() { return MakeRandom(1, 100 * kMiB); }
std::string MakeRandom1MiB() { return MakeRandom(1, kMiB); }
std::string MakeZeros100MiB() { return std::string(100 * kMiB, '\0'); }
std::string MakeHello() { return "hello\n"; }

struct DataFile {
  const char* path;
  std::string (*make)();
  size_t size_bytes;
  const char* sha256;
};

constexpr DataFile kFiles[] = {
    {"fuzzysearch/hamlet.txt", MakePlay, 180015,
     "cd3c64a261a1116e0c32139fc6d1013603875b3cece949beb65a228af7bd2448"},
    {"fuzzysearch/corpus.txt", MakeCorpus, 61119,
     "70b98772766d78828ff3e6cc8b8fd017b074c0c2b223d79d14000fcbaf46c001"},
    {"fuzzysearch/vocabulary.txt", MakeVocabularyFile, 184,
     "126ee583da241f75ad5cf13493e889a21804a47d9985e640880ae02d983a679b"},
    {"fuzzysearch/unicode.txt", MakeUnicode, 129,
     "1b788310e9dab6a38b43b3adb43299eca15661ecf27ffece8ced08b290cfbb85"},
    {"fuzzysearch/latin1.txt", MakeLatin1, 16,
     "cfb6e2942bb894ee5947a9a4bdb434df1ab28a7b2eade5feae7c270a3a429120"},
    {"fuzzysearch/empty.txt", MakeEmpty, 0,
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"checksum/random-100MiB.img", MakeRandom100MiB, 100 * kMiB,
     "e2d30e664b61b472816fb2295e2b3862be1077748e18145c477585b8ea555e87"},
    {"checksum/random-1MiB.img", MakeRandom1MiB, kMiB,
     "85b66b3a5816d686deb42f2d2473d9a7121ceb75c822b838f958c76ca86ed8ea"},
    {"checksum/zeros-100MiB.img", MakeZeros100MiB, 100 * kMiB,
     "20492a4d0d84f8beb1767f6616229f85d44c2827b64bdbfb260ee12fa1109e0e"},
    {"checksum/hello.txt", MakeHello, 6,
     "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"},
    {"checksum/empty", MakeEmpty, 0,
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
};

// Of functions that only write: what is mounted at /context when they are measured.
constexpr const char* kFolders[] = {"audio-sine-wave", "diskio"};

void CheckDigest(const DataFile& file, const std::string& bytes) {
  Sha256 digest;
  digest.Update(bytes.data(), bytes.size());
  auto hex = digest.Hex();
  std::string_view found(hex.data(), hex.size());
  if (found == file.sha256 && bytes.size() == file.size_bytes) return;
  Fail(Exit::kFailure, {file.path, ": ", std::to_string(bytes.size()), " bytes with sha256 ", found,
                        ", not ", std::to_string(file.size_bytes), " with ", file.sha256});
}

std::string Read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) Fail(Exit::kFailure, {"open ", path.native(), ": ", strerror(errno)});
  std::error_code error;
  auto size_bytes = static_cast<size_t>(std::filesystem::file_size(path, error));
  if (error) Fail(Exit::kFailure, {"stat ", path.native(), ": ", error.message()});
  std::string bytes(size_bytes, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(size_bytes));
  if (!in) Fail(Exit::kFailure, {"read ", path.native(), ": ", strerror(errno)});
  return bytes;
}

void MakeFolder(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) Fail(Exit::kFailure, {"create ", path.native(), ": ", error.message()});
}

void Write(const std::filesystem::path& path, const std::string& bytes) {
  MakeFolder(path.parent_path());
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  bool is_hole = bytes.size() > kMiB && bytes.find_first_not_of('\0') == std::string::npos;
  if (!is_hole) out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) Fail(Exit::kFailure, {"write ", path.native(), ": ", strerror(errno)});
  std::error_code error;
  if (is_hole) std::filesystem::resize_file(path, bytes.size(), error);
  if (error) Fail(Exit::kFailure, {"write ", path.native(), ": ", error.message()});
}

}  // namespace
}  // namespace mayfly::suite

int main(int argc, char** argv) {
  using namespace mayfly::suite;
  program_name = "suite-data";
  bool check = argc >= 2 && std::string_view(argv[1]) == "--check";
  const char* directory = check ? (argc == 3 ? argv[2] : nullptr) : argv[1];
  if (argc < 2 || argc > (check ? 3 : 2) || (directory != nullptr && directory[0] == '-')) {
    Fail(Exit::kUsage, {"usage: suite-data DIR | suite-data --check [DIR]"});
  }
  for (const DataFile& file : kFiles) {
    bool from_disk = check && directory != nullptr;
    std::string bytes =
        from_disk ? Read(std::filesystem::path(directory) / file.path) : file.make();
    CheckDigest(file, bytes);
    if (!check) Write(std::filesystem::path(directory) / file.path, bytes);
  }
  for (const char* folder : kFolders) {
    if (!check) MakeFolder(std::filesystem::path(directory) / folder);
  }
  printf("%zu files %s\n", std::size(kFiles), check ? "as recorded" : "written");
  return 0;
}
