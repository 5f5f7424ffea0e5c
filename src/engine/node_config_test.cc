#include "engine/node_config.h"

#include <gtest/gtest.h>

namespace mayfly::engine {
namespace {

std::string ErrorOf(const std::string& text) {
  const auto config = ParseNodeConfig(text, "config.toml");
  return config ? "no error" : config.error().text();
}

TEST(NodeConfig, EmptyFileGivesDefaults) {
  const auto config = ParseNodeConfig("", "config.toml");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->engine, "wasmtime");
  EXPECT_EQ(config->strategy, "aot");
  EXPECT_EQ(config->cache_dir, "/var/lib/mayfly/cache");
}

TEST(NodeConfig, ReadsAllKeys) {
  const auto config = ParseNodeConfig(
      "engine = \"e\"\nstrategy = \"jit\"\n[cache]\ndir = \"/c\"\nmax_bytes = 5\n", "config.toml");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->engine, "e");
  EXPECT_EQ(config->strategy, "jit");
  EXPECT_EQ(config->cache_dir, "/c");
  EXPECT_EQ(config->cache_max_bytes, 5U);
}

TEST(NodeConfig, ErrorsNameFileLineAndKey) {
  EXPECT_EQ(ErrorOf("engin = \"x\"\n"), "config.toml:1: engin: unknown key");
  EXPECT_EQ(ErrorOf("\nengine = 5\n"), "config.toml:2: engine: expected a non-empty string");
  EXPECT_EQ(ErrorOf("[cache]\nmax_bytes = -1\n"),
            "config.toml:2: cache.max_bytes: expected a positive integer");
  EXPECT_EQ(ErrorOf("[cache]\nsize = 1\n"), "config.toml:2: cache.size: unknown key");
  EXPECT_EQ(ErrorOf("cache = 1\n"), "config.toml: cache: expected a table");
  EXPECT_TRUE(ErrorOf("engine = ").starts_with("config.toml:1: "));
}

// Found by fuzz/node_config.cc: toml++ runs into undefined behaviour at such a letter.
TEST(NodeConfig, LettersBeyondAsciiAreAnErrorThatNamesTheLine) {
  for (const std::string letter : {"\u00e9", "\ufdff", "\u3042"}) {
    const auto config = ParseNodeConfig("engine = \"toy\"\n" + letter + " = 1\n", "config.toml");
    ASSERT_FALSE(config);
    EXPECT_TRUE(config.error().text().starts_with("config.toml:2: only ASCII"))
        << config.error().text();
  }
  const auto escaped = ParseNodeConfig("[cache]\ndir = \"/caf\\u00e9\"\n", "config.toml");
  ASSERT_TRUE(escaped) << escaped.error().text();
  EXPECT_EQ(escaped->cache_dir, "/caf\u00e9");
}

}  // namespace
}  // namespace mayfly::engine
