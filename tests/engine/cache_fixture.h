// CacheFixture: modules run by engine_drive with a cache and a log of their own.
//
// The log is what counts compiles: each one writes a line "compiled …", whichever process did it.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "../runtime/command.h"

namespace mayfly::test {

namespace fs = std::filesystem;

inline std::string ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline size_t CountOf(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

class CacheFixture : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(fs::path(MAYFLY_TEST_MODULES) / "exit_200.wasm")) {
      GTEST_SKIP() << "the test modules are not built: wabt is missing";
    }
    std::string name = (fs::temp_directory_path() / "mayfly-cache-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    scratch_ = name;
    engines_ = MAYFLY_TEST_TOY_DIR;
  }

  void TearDown() override {
    if (!scratch_.empty()) {
      fs::remove_all(scratch_);
    }
  }

  static std::string Module(const std::string& name) {
    return fs::path(MAYFLY_TEST_MODULES) / (name + ".wasm");
  }

  CommandOptions Options() const {
    CommandOptions options;
    options.environment = {{"MAYFLY_CACHE_DIR", cache()},
                           {"MAYFLY_ENGINES_DIR", engines_},
                           {"MAYFLY_CONFIG", "/dev/null"},
                           {"MAYFLY_DRIVE_LOG", scratch_ / "log"}};
    return options;
  }

  static std::vector<std::string> CommandLine(const std::string& module,
                                              const std::string& engine = "toy") {
    return {MAYFLY_TEST_DRIVE, "dev.mayfly.engine=" + engine, module};
  }
  Output Run(const std::string& module, const std::string& engine = "toy") const {
    return RunCommand(CommandLine(module, engine), Options());
  }
  Output Mayfly(const std::vector<std::string>& args) const {
    std::vector<std::string> line = {MAYFLY_TEST_MAYFLY};
    line.insert(line.end(), args.begin(), args.end());
    return RunCommand(line, Options());
  }

  fs::path cache() const { return scratch_ / "cache"; }
  std::string Log() const { return ReadText(scratch_ / "log"); }
  size_t Compiles() const { return CountOf(Log(), "compiled /"); }
  std::vector<fs::path> CodeFiles() const {
    std::vector<fs::path> files;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(cache() / "code", none)) {
      files.push_back(entry.path());
    }
    return files;
  }

  fs::path scratch_;
  std::string engines_;  // MAYFLY_ENGINES_DIR
};

}  // namespace mayfly::test
