#include "engine/code_origin.h"

#include <gtest/gtest.h>

namespace mayfly::engine {
namespace {

CodeOrigin Example() {
  return {.module = std::string(64, 'a'),
          .engine = "toy",
          .version = "1.0",
          .strategy = "aot",
          .options = "opt=speed gc=0",
          .abi = "1",
          .cpu = ""};
}

TEST(CodeOrigin, TextRoundTrip) {
  const auto back = CodeOrigin::FromText(Example().ToText());
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, Example());
}

// docs/formats/aot-cache.md gives the text; another one needs another first line.
TEST(CodeOrigin, TextIsAsDocumented) {
  EXPECT_EQ(Example().ToText(), "mayfly code 2\nmodule " + std::string(64, 'a') +
                                    "\nengine toy\nversion 1.0\nstrategy aot\noptions opt=speed "
                                    "gc=0\nabi 1\ncpu \n");
}

TEST(CodeOrigin, EveryFieldShapesTheKey) {
  const std::string key = Example().Key();
  for (const auto field :
       {&CodeOrigin::module, &CodeOrigin::engine, &CodeOrigin::version, &CodeOrigin::strategy,
        &CodeOrigin::options, &CodeOrigin::abi, &CodeOrigin::cpu}) {
    CodeOrigin other = Example();
    (other.*field) += "x";
    EXPECT_NE(other.Key(), key);
  }
}

TEST(CodeOrigin, OtherTextIsNone) {
  const std::string good = Example().ToText();
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(CodeOrigin::FromText(good.substr(0, size))) << size;
  }
  EXPECT_FALSE(CodeOrigin::FromText(good + "\n"));
  EXPECT_FALSE(CodeOrigin::FromText("engine 1.0"));
  std::string no_space = good;
  no_space[good.find("engine ") + 6] = '\n';
  EXPECT_FALSE(CodeOrigin::FromText(no_space));
}

}  // namespace
}  // namespace mayfly::engine
