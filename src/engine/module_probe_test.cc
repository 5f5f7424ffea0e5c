#include "engine/module_probe.h"

#include <gtest/gtest.h>

#include <string>

namespace mayfly::engine {
namespace {

using std::string_literals::operator""s;

const std::string kPreamble = "\0asm\1\0\0\0"s;

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string Section(char id, const std::string& body) {
  return std::string(1, id) + static_cast<char>(body.size()) + body;
}

std::string ErrorOf(const std::string& text) {
  const auto info = ProbeModule(Bytes(text));
  return info ? "no error" : info.error().text();
}

// One import of each kind, then an export section with memory and _start.
const std::string kImports = Section(2,
                                     "\5"
                                     "\3env\1f\0\0"
                                     "\3env\1t\1\x70\0\0"
                                     "\3env\1m\2\1\1\2"
                                     "\3env\1g\3\x7f\0"
                                     "\3env\1e\4\0\0"s);
const std::string kExports = Section(7, "\2\6memory\2\0\6_start\0\1"s);

TEST(ModuleProbe, EmptyModule) {
  const auto info = ProbeModule(Bytes(kPreamble));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->kind, BinaryKind::kModule);
  EXPECT_TRUE(info->imports.empty());
  EXPECT_FALSE(info->exports_start);
}

TEST(ModuleProbe, ReadsImportsAndExports) {
  const auto info = ProbeModule(Bytes(kPreamble + Section(0, "\4nameabc"s) + kImports + kExports));
  ASSERT_TRUE(info) << info.error().text();
  EXPECT_EQ(info->imports, (std::vector<std::string>{"env.f", "env.t", "env.m", "env.g", "env.e"}));
  EXPECT_TRUE(info->exports_start);
}

TEST(ModuleProbe, AnImportIsListedOnce) {
  const auto info = ProbeModule(Bytes(kPreamble + Section(2, "\2\1a\1b\0\0\1a\1b\0\1"s)));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->imports, (std::vector<std::string>{"a.b"}));
}

TEST(ModuleProbe, TellsTheTypesOfImportedFunctions) {
  // (i32, i64) -> (f32), (v128, funcref) -> (), then a structure, which ends what is known.
  const std::string types = Section(1, "\4\x60\2\x7f\x7e\1\x7d\x60\2\x7b\x70\0\x5f\0\x60\0\0"s);
  const std::string imports = Section(2, "\4\1a\1b\0\0\1a\1c\0\1\1a\1d\0\3\1a\1e\2\0\1"s);
  const auto info = ProbeModule(Bytes(kPreamble + types + imports));
  ASSERT_TRUE(info) << info.error().text();
  EXPECT_EQ(info->import_types, (std::vector<std::string>{"iI>f", "\?\?>", "", "?"}));
}

TEST(ModuleProbe, StartMustBeAFunction) {
  const auto info = ProbeModule(Bytes(kPreamble + Section(7, "\1\6_start\3\0"s)));
  ASSERT_TRUE(info);
  EXPECT_FALSE(info->exports_start);
}

TEST(ModuleProbe, TellsAComponent) {
  const auto info = ProbeModule(Bytes("\0asm\x0d\0\1\0"s));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->kind, BinaryKind::kComponent);
}

TEST(ModuleProbe, RefusesWhatIsNotWasm) {
  EXPECT_NE(ErrorOf("\x7f"
                    "ELF")
                .find("not a WebAssembly module"),
            std::string::npos);
  EXPECT_NE(ErrorOf("").find("not a WebAssembly module"), std::string::npos);
  EXPECT_NE(ErrorOf("\0asm\2\0\0\0"s).find("version 02 00 00 00"), std::string::npos);
  EXPECT_NE(ErrorOf("\0asm\1"s).find("preamble"), std::string::npos);
}

TEST(ModuleProbe, EveryTruncationIsAnErrorOrASectionBoundary) {
  const std::string whole = kPreamble + kImports + kExports;
  for (size_t size = 0; size < whole.size(); ++size) {
    const bool boundary = size == kPreamble.size() || size == kPreamble.size() + kImports.size();
    EXPECT_EQ(ProbeModule(Bytes(whole.substr(0, size))).has_value(), boundary) << size;
  }
}

TEST(ModuleProbe, LengthsThatLieAreRefused) {
  EXPECT_NE(ErrorOf(kPreamble + "\2\x7f"s).find("section 2 is cut off"), std::string::npos);
  EXPECT_NE(ErrorOf(kPreamble + Section(2,
                                        "\1\x7f"
                                        "a"s))
                .find("import section"),
            std::string::npos);
  EXPECT_NE(ErrorOf(kPreamble + Section(2, "\0rest"s)).find("import section"), std::string::npos);
  EXPECT_NE(ErrorOf(kPreamble + Section(7, "\xff\xff\xff\xff\x0f"s)).find("export section"),
            std::string::npos);
  EXPECT_NE(ErrorOf(kPreamble + "\2"s + std::string(11, '\xff')).find("section 2"),
            std::string::npos);
  EXPECT_NE(ErrorOf(kPreamble + Section(99, "")).find("unknown section 99"), std::string::npos);
}

}  // namespace
}  // namespace mayfly::engine
