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
#include "tools/images.h"
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

std::string MakeRandom20MiBOf2() { return MakeRandom(2, 20 * kMiB); }
std::string MakeRandom20MiBOf3() { return MakeRandom(3, 20 * kMiB); }
std::string MakeRandom100MiBOf2() { return MakeRandom(2, 100 * kMiB); }
std::string MakeRandom100MiBOf3() { return MakeRandom(3, 100 * kMiB); }
std::string MakeRandom1000() { return MakeRandom(5, 1000); }
std::string MakeX() { return "x"; }
std::string MakeZeros1MiB() { return std::string(kMiB, '\0'); }

std::string MakeExampleJpeg() { return MakePatternJpeg(1920, 1280); }
std::string MakePng100() { return MakePatternPng(100, 100); }
std::string MakePng640() { return MakePatternPng(640, 480); }
std::string MakePng1920() { return MakePatternPng(1920, 1280); }
std::string MakeBmp640() { return MakePatternBmp(640, 480); }
std::string MakeJpeg640() { return MakePatternJpeg(640, 480); }
std::string MakeAlphaPng() { return MakeTransparentPng(64, 48); }
std::string MakeOnePixelPng() { return MakePatternPng(1, 1); }
std::string CutShort(const std::string& bytes) { return bytes.substr(0, bytes.size() / 2); }
std::string MakeCutJpeg() { return CutShort(MakePatternJpeg(64, 48)); }
std::string MakeCutPng() { return CutShort(MakePatternPng(64, 48)); }
std::string MakeCutBmp() { return CutShort(MakePatternBmp(64, 48)); }
// Claims a million pixels each way, and has none.
std::string MakeHugeBmp() {
  std::string bytes = MakePatternBmp(1, 1).substr(0, 54);
  constexpr size_t kWidthOffset = 18;
  for (size_t i = 0; i < 8; ++i) bytes[kWidthOffset + i] = "\x40\x42\x0f\0\x40\x42\x0f\0"[i];
  return bytes;
}
std::string MakeEmptyBmp() {
  std::string bytes = MakePatternBmp(1, 1).substr(0, 54);
  constexpr size_t kWidthOffset = 18;
  for (size_t i = 0; i < 8; ++i) bytes[kWidthOffset + i] = '\0';
  return bytes;
}

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
    {"whatlang/play.txt", MakePlay, 180015,
     "cd3c64a261a1116e0c32139fc6d1013603875b3cece949beb65a228af7bd2448"},
    {"whatlang/latin1.txt", MakeLatin1, 16,
     "cfb6e2942bb894ee5947a9a4bdb434df1ab28a7b2eade5feae7c270a3a429120"},
    {"whatlang/empty.txt", MakeEmpty, 0,
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"zip-compression/sample-files/a.bin", MakeRandom20MiBOf2, 20971520,
     "375d9dccfbfbbb1d93a28aa039f6ccd478a07d8149ed440eeb5e25b7ab37b124"},
    {"zip-compression/sample-files/b.bin", MakeRandom20MiBOf3, 20971520,
     "e9f76735856035cdc4d293f15499b5e37b0b3d914253ff69ece33e695c8b576c"},
    {"zip-compression/large-files/a.bin", MakeRandom100MiBOf2, 104857600,
     "37adcd95ad16d9c574184d9377e82381871be737dd4de1384b0aa329e136b482"},
    {"zip-compression/large-files/b.bin", MakeRandom100MiBOf3, 104857600,
     "ff7714b04e3c4f7a5b3f5c63af3df518284c706b3c20a3ce858d1e087073a2aa"},
    {"zip-compression/one/a.bin", MakeRandom1MiB, 1048576,
     "85b66b3a5816d686deb42f2d2473d9a7121ceb75c822b838f958c76ca86ed8ea"},
    {"zip-compression/sorted/a.txt", MakeHello, 6,
     "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"},
    {"zip-compression/sorted/d/b.bin", MakeRandom1000, 1000,
     "578d5d2553887f533f8190c1746fcb07a536db43a0061ce8772ee86ca9c68419"},
    {"zip-compression/sorted/ünï.txt", MakeX, 1,
     "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"},
    {"zip-compression/text/play.txt", MakePlay, 180015,
     "cd3c64a261a1116e0c32139fc6d1013603875b3cece949beb65a228af7bd2448"},
    {"zip-compression/text/zeros.bin", MakeZeros1MiB, 1048576,
     "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58"},
    {"zip-compression/text/empty", MakeEmpty, 0,
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"zip-compression/text/random.bin", MakeRandom1MiB, 1048576,
     "85b66b3a5816d686deb42f2d2473d9a7121ceb75c822b838f958c76ca86ed8ea"},
    {"imageprocessing/example.jpg", MakeExampleJpeg, 1643523,
     "e85dfb7a639b1021dd2e6bf68beafbab043d7f8436e152f6ee10387cf1356dcc"},
    {"imageprocessing/pattern-640.jpg", MakeJpeg640, 201788,
     "40544239edcd0b4011f87ab3ffea7d257c4d460cda7ae2d7f705150f1416eac9"},
    {"imageprocessing/pattern-100.png", MakePng100, 2688,
     "97addf257169bb21a44d2071d6269d833ebba8afcccbee8868fd753b0eff0e3d"},
    {"imageprocessing/pattern-640.png", MakePng640, 25204,
     "73bdd1c7a213fac92e60b8c36fefdf105b06799ccf44eaf2111299429ec67015"},
    {"imageprocessing/pattern-1920.png", MakePng1920, 175541,
     "c98c8b33a76c886a0c73e837e615bf8b13ab56cfbd7ff6c929e40a77baa3cb42"},
    {"imageprocessing/pattern-640.bmp", MakeBmp640, 921654,
     "a0990f1d6530bf520334db54afb6edfc16e5fe40554985952bac64b05fec7fb0"},
    {"imageprocessing/alpha.png", MakeAlphaPng, 1277,
     "3f2cbc5eb6e6c6305f93291407d382fdc4bbeccac692ba97747e292f49883145"},
    {"imageprocessing/one-pixel.png", MakeOnePixelPng, 69,
     "9cfe511e6aa8f17c63eee8030972691b4a935c3c2eb2270f493146a4e8770c43"},
    {"imageprocessing/cut.jpg", MakeCutJpeg, 917,
     "2abf6aabf2d71667c7e8cc04579286ad89c7677216f0b8827a2a1956c87df20d"},
    {"imageprocessing/cut.png", MakeCutPng, 585,
     "35a2e71fa8dcfdcfbb2bff4d808df48127366f703fb772081c886e8f9ed1b8b6"},
    {"imageprocessing/cut.bmp", MakeCutBmp, 4635,
     "e2e0434539ce673383235bc5c88b6679e1342bda645281e04176dbb6e63f896c"},
    {"imageprocessing/huge.bmp", MakeHugeBmp, 54,
     "44b4a2be4eaa75e9b889cce07386adccb55a310bb00052758437a877087f3df7"},
    {"imageprocessing/no-pixels.bmp", MakeEmptyBmp, 54,
     "065e39d1a0f5fd1954f399bd6d46bbdd5ffe488af159098fbf4da5e2fb48aa18"},
    {"imageprocessing/empty.png", MakeEmpty, 0,
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"imageprocessing/text.jpg", MakeHello, 6,
     "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"},
};

// Folders with nothing in them: of functions that only write, mounted at /context when they are
// measured; of the trees that are packed.
constexpr const char* kFolders[] = {"audio-sine-wave", "diskio", "zip-compression/empty",
                                    "zip-compression/sorted/e"};

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
