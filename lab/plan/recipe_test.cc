#include "lab/plan/recipe.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "lab/plan/expand.h"

namespace mayfly::lab {
namespace {

const std::string kEnvironment = "[[environment]]\nname = \"e\"\nimage = \"scratch\"\n";

class Recipes : public testing::Test {
 protected:
  Recipes() {
    std::string pattern = testing::TempDir() + "lab-recipe-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~Recipes() override { std::filesystem::remove_all(folder_); }

  base::Result<Recipe> Read(const std::string& text) {
    std::ofstream(folder_ + "/p.toml") << text;
    return ReadRecipe(folder_ + "/p.toml");
  }
  std::string ErrorOf(const std::string& text) {
    const auto recipe = Read(text);
    return recipe ? "no error" : recipe.error().text();
  }

  // A machine that has these programs, and Wasmtime.
  static Places MachineWith(std::vector<std::string> programs) {
    Places places;
    places.containers = {.ctr = "ctr",
                         .address = "/s",
                         .name_space = "n",
                         .mayfly = "/m",
                         .runc = "",
                         .inputs = "/d"};
    places.suite = MAYFLY_LAB_SUITE;
    places.programs = "/b";
    programs.push_back("/m");
    places.find_program = [programs](const std::string& name) {
      const std::string own = name.starts_with("/usr/bin/") ? name.substr(9) : name;
      return std::find(programs.begin(), programs.end(), own) == programs.end()
                 ? ""
                 : (name.starts_with("/") ? name : "/usr/bin/" + name);
    };
    places.has_engine = [](const std::string& engine) { return engine == "wasmtime"; };
    return places;
  }

  static base::Result<Expanded> ExpandPreset(const std::string& name, const Places& places) {
    auto recipe = ReadRecipe(MAYFLY_LAB_SUITE "/../lab/plans/" + name + ".toml");
    EXPECT_TRUE(recipe) << recipe.error().text();
    return recipe ? Expand(*recipe, places) : std::unexpected(recipe.error());
  }

  std::string folder_;
};

TEST_F(Recipes, WhatIsWrongIsNamedWithFileFieldAndLine) {
  const std::string file = folder_ + "/p.toml: ";
  EXPECT_EQ(ErrorOf("run = 3\n" + kEnvironment).substr(0, file.size() + 16),
            file + "run: unknown key");
  EXPECT_TRUE(ErrorOf("run = 3\n" + kEnvironment).ends_with("(line 1)"));
  const std::string engine = ErrorOf(kEnvironment + "engine = \"wasmtim\"\n");
  EXPECT_NE(engine.find(file + "environment[0]: engine: \"wasmtim\" is not known"),
            std::string::npos)
      << engine;
  EXPECT_TRUE(engine.ends_with("(line 4)")) << engine;
  EXPECT_NE(ErrorOf(kEnvironment + "flavour = \"x\"\n").find("flavour: unknown key"),
            std::string::npos);
  EXPECT_NE(ErrorOf(kEnvironment + "strategy = \"fast\"\n").find("strategy: \"fast\""),
            std::string::npos);
  EXPECT_NE(ErrorOf("sizes = [\"x7\"]\n" + kEnvironment).find("sizes: \"x7\""), std::string::npos);
  EXPECT_NE(ErrorOf("runs = 0\n" + kEnvironment).find("runs: 0 is less than 1"), std::string::npos);
  EXPECT_NE(ErrorOf("baselines = [\"f\"]\n" + kEnvironment).find("no environment is named \"f\""),
            std::string::npos);
  EXPECT_NE(ErrorOf(kEnvironment + kEnvironment).find("\"e\" is there already"), std::string::npos);
  EXPECT_NE(ErrorOf("title = \"t\"\n").find("there is none"), std::string::npos);
  EXPECT_NE(ErrorOf(kEnvironment + "[density]\nenvironments = [\"g\"]\n").find("named \"g\""),
            std::string::npos);
  EXPECT_NE(ErrorOf("runs = = 1").find("line 1"), std::string::npos);
}

TEST_F(Recipes, AnUnknownFunctionIsNamed) {
  const auto recipe = Read("functions = [\"nope\"]\n" + kEnvironment);
  ASSERT_TRUE(recipe);
  const auto expanded = Expand(*recipe, MachineWith({}));
  ASSERT_FALSE(expanded);
  EXPECT_EQ(expanded.error().kind(), base::ErrorKind::kInvalid);
  EXPECT_NE(expanded.error().text().find("no function is named nope"), std::string::npos);
}

// `mayfly-lab table` and the preset of the README's first command measure the same.
TEST_F(Recipes, QuickIsTheTable) {
  const Places places = MachineWith({});
  const auto quick = ExpandPreset("quick", places);
  ASSERT_TRUE(quick) << quick.error().text();
  EXPECT_TRUE(quick->plan.skipped.empty());
  const auto functions = LoadFunctions(places.suite, {});
  size_t at = 0;
  for (const Environment& environment : AllEnvironments()) {
    for (const Function& function : *functions) {
      ASSERT_LT(at, quick->plan.cells.size());
      EXPECT_EQ(quick->plan.cells[at], MakeContainerCell(function, environment, places.containers))
          << environment.name;
      ++at;
    }
  }
  EXPECT_EQ(at, quick->plan.cells.size());
}

TEST_F(Recipes, WhatIsNotThereIsLeftOutWithTheReason) {
  const auto full = ExpandPreset("full", MachineWith({"crun", "containerd-shim-wasmtime-v1"}));
  ASSERT_TRUE(full) << full.error().text();
  const auto why = [&](const std::string& name) {
    for (const Skipped& item : full->plan.skipped) {
      if (item.environment == name) {
        return item.reason;
      }
    }
    return std::string();
  };
  EXPECT_EQ(why("youki-scratch"), "program youki is not there");
  EXPECT_EQ(why("mayfly-shim-wasm-aot"), "program containerd-shim-mayfly-v1 is not there");
  EXPECT_EQ(why("mayfly-wasmer-aot"), "engine wasmer is not built: ./dev setup --all-engines");
  EXPECT_EQ(why("crun-scratch"), "");
  EXPECT_EQ(why("runwasi-wasmtime"), "");
  EXPECT_EQ(why("images").substr(0, 11), "/sizes.csv ");
}

TEST_F(Recipes, APeerThatRefusesAHybridHostSaysWhatToDo) {
  Places places = MachineWith({"crun"});
  places.daemon_sees_unified = true;
  const auto full = ExpandPreset("full", places);
  ASSERT_TRUE(full);
  EXPECT_TRUE(
      std::any_of(full->plan.skipped.begin(), full->plan.skipped.end(), [](const Skipped& item) {
        return item.environment == "crun-scratch" && item.reason.contains("MAYFLY_NO_UNIFIED=1");
      }));
}

TEST_F(Recipes, SizesAreCheckedByTheirGolden) {
  const auto recipe =
      Read("functions = [\"matmul\"]\nsizes = [\"x10\", \"x100\"]\n" + kEnvironment);
  ASSERT_TRUE(recipe);
  const auto expanded = Expand(*recipe, MachineWith({}));
  ASSERT_TRUE(expanded) << expanded.error().text();
  ASSERT_EQ(expanded->plan.cells.size(), 2U);
  EXPECT_EQ(expanded->plan.cells[0].size, "x10");
  EXPECT_EQ(expanded->plan.cells[0].command.argv.back(), "1077");
  EXPECT_EQ(expanded->plan.cells[0].expected.stdout_bytes, 26004165U);
  EXPECT_EQ(expanded->plan.cells[1].expected.stdout_bytes, 65U);
}

TEST_F(Recipes, EveryPresetIsAPlanThatReadsBack) {
  for (const char* name : {"quick", "paper", "full"}) {
    Places places = MachineWith({"crun", "crun-wasm", "youki"});
    places.restore = {{"true"}};
    const auto expanded = ExpandPreset(name, places);
    ASSERT_TRUE(expanded) << expanded.error().text();
    const auto again = PlanFromJson(PlanToJson(expanded->plan), "plan.json");
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_EQ(*again, expanded->plan) << name;
    EXPECT_EQ(expanded->plan.preset, name);
  }
}

TEST_F(Recipes, TheProtocolNeedsAWayToRestore) {
  const auto paper = ExpandPreset("paper", MachineWith({}));
  ASSERT_FALSE(paper);
  EXPECT_NE(paper.error().text().find("--restore-command"), std::string::npos);
}

TEST(Shims, AreNamedAsContainerdLooksForThem) {
  EXPECT_EQ(ShimOf("io.containerd.mayfly.v1"), "containerd-shim-mayfly-v1");
  EXPECT_EQ(ShimOf("io.containerd.runc.v2"), "containerd-shim-runc-v2");
  EXPECT_EQ(ShimOf("odd"), "odd");
}

}  // namespace
}  // namespace mayfly::lab
