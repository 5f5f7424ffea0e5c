#include "lab/plan/plan.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "lab/exec/sha256.h"
#include "lab/plan/bundle.h"
#include "lab/plan/compare_plan.h"
#include "lab/plan/environment.h"
#include "lab/plan/function.h"
#include "lab/plan/schedule.h"

namespace mayfly::lab {
namespace {

namespace fs = std::filesystem;

class PlanFiles : public testing::Test {
 protected:
  PlanFiles() {
    std::string pattern = testing::TempDir() + "lab-plan-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~PlanFiles() override { fs::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    const fs::path path = fs::path(folder_) / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path;
  }

  std::string folder_;
};

TEST(Schedule, HasEveryCellOnceInEachBlock) {
  const auto schedule = MakeSchedule(5, 2, 10, 42);
  ASSERT_EQ(schedule.size(), 60U);
  for (int64_t block = 0; block < 12; ++block) {
    std::set<size_t> cells;
    for (int64_t order = 0; order < 5; ++order) {
      const ScheduledRun& run = schedule[static_cast<size_t>(block * 5 + order)];
      EXPECT_EQ(run.run, block * 5 + order);
      EXPECT_EQ(run.block, block);
      EXPECT_EQ(run.order, order);
      EXPECT_EQ(run.warm_up, block < 2);
      cells.insert(run.cell);
    }
    EXPECT_EQ(cells.size(), 5U);
  }
}

TEST(Schedule, FollowsTheSeedAndChangesWithIt) {
  EXPECT_EQ(MakeSchedule(6, 1, 5, 1), MakeSchedule(6, 1, 5, 1));
  EXPECT_NE(MakeSchedule(6, 1, 5, 1), MakeSchedule(6, 1, 5, 2));
}

TEST(Schedule, PutsEachCellFirstAboutEquallyOften) {
  std::map<size_t, int> first;
  for (const ScheduledRun& run : MakeSchedule(4, 0, 4000, 9)) {
    first[run.cell] += run.order == 0 ? 1 : 0;
  }
  for (const auto& [cell, count] : first) {
    EXPECT_NEAR(count, 1000, 120) << cell;
  }
}

Plan SomePlan() {
  Plan plan;
  plan.title = "t";
  plan.protocol = "p";
  plan.seed = UINT64_MAX;
  plan.sync = true;
  plan.ready = {"true"};
  plan.baselines = {"a"};
  plan.programs = {{"ctr", "/usr/bin/ctr"}};
  plan.files = {"f.so"};
  plan.list_images = {"ctr", "images", "ls"};
  plan.source_directory = "suite";
  Cell cell;
  cell.function = "noop";
  cell.environment = "a";
  cell.image = "i";
  cell.strategy = "native";
  cell.command = {.argv = {"run", "{id}"}, .env = {{"A", "1"}, {"B", "2"}}};
  cell.prepare = {{"sync"}, {"echo", "{id}"}};
  cell.cleanup = {{"rm", "{id}"}};
  cell.expected = {.exit_code = 3,
                   .stdout_bytes = 5,
                   .stdout_sha256 = "ab",
                   .files = {{.path = "d/f", .bytes = 7, .sha256 = "cd"}}};
  cell.context = {.path = "/o/context/noop", .source = "/data/noop", .inputs = {"a", "d/b"}};
  plan.cells = {cell, cell};
  plan.cells[1].environment = "b";
  plan.cells[1].expected = {};
  plan.cells[1].context = {};
  plan.run_limit_ms = 6000;
  return plan;
}

TEST(PlanJson, ReadsWhatItWrote) {
  const auto again = PlanFromJson(PlanToJson(SomePlan()), "plan.json");
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(*again, SomePlan());
  EXPECT_EQ(EnvironmentsOf(*again), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(FunctionsOf(*again), (std::vector<std::string>{"noop"}));
}

TEST(PlanJson, NamesTheFieldThatIsWrong) {
  nlohmann::json json = PlanToJson(SomePlan());
  json["cells"][1].erase("environment");
  EXPECT_EQ(PlanFromJson(json, "plan.json").error().text(),
            "plan.json: cells[1].environment: is missing");
  json["format"] = "other";
  EXPECT_FALSE(PlanFromJson(json, "plan.json"));
  EXPECT_FALSE(PlanFromJson(nlohmann::json::array(), "plan.json"));
}

TEST(PlanText, ShowsCommandsAndExpectations) {
  const std::string text = DescribePlan(SomePlan());
  EXPECT_NE(text.find("20 per cell x 2 cells = 40"), std::string::npos) << text;
  EXPECT_NE(text.find("run {id}"), std::string::npos) << text;
  EXPECT_NE(text.find("exit code 3, 5 bytes on stdout, sha256 ab, file d/f of 7 bytes, sha256 cd"),
            std::string::npos)
      << text;
}

const std::string kDigest(64, 'a');

std::string FunctionToml(const std::string& name) {
  return "name = \"" + name +
         "\"\ncategory = \"micro\"\nargs = [\"9\"]\nwrites = true\nfuture_key = 1\n"
         "[[input]]\npath = \"in.txt\"\nbytes = 3\n"
         "[[golden]]\nname = \"other\"\nargs = []\nexit = 2\n"
         "[[golden]]\nname = \"paper\"\nargs = [\"/context/in.txt\"]\nexit = 0\n"
         "stdout_bytes = 7\nstdout_sha256 = \"" +
         kDigest + "\"\nfile = [{ path = \"out.txt\", bytes = 2, sha256 = \"" + kDigest + "\" }]\n";
}

TEST_F(PlanFiles, FunctionsHaveThePapersCase) {
  Write("zeta/suite.toml", FunctionToml("zeta"));
  Write("noop/suite.toml", FunctionToml("noop"));
  Write("alpha/suite.toml", FunctionToml("alpha"));
  Write("support/other.txt", "");
  const auto functions = LoadFunctions(folder_, {});
  ASSERT_TRUE(functions) << functions.error().text();
  ASSERT_EQ(functions->size(), 3U);
  EXPECT_EQ((*functions)[0].name, "noop");
  EXPECT_EQ((*functions)[1].name, "alpha");
  EXPECT_EQ((*functions)[1].args, Argv{"/context/in.txt"});
  EXPECT_TRUE((*functions)[1].writes);
  EXPECT_EQ((*functions)[1].expected,
            (Expectation{.exit_code = 0,
                         .stdout_bytes = 7,
                         .stdout_sha256 = kDigest,
                         .files = {{.path = "out.txt", .bytes = 2, .sha256 = kDigest}}}));
  EXPECT_FALSE(CheckInputs(*functions, folder_ + "/data"));
  for (const char* name : {"noop", "alpha", "zeta"}) {
    Write(std::string("data/") + name + "/in.txt", "abc");
  }
  EXPECT_TRUE(CheckInputs(*functions, folder_ + "/data"));
  Write("data/zeta/in.txt", "abcd");
  EXPECT_NE(CheckInputs(*functions, folder_ + "/data").error().text().find("4 bytes instead of 3"),
            std::string::npos);
}

TEST(Contexts, HaveTheInputsThatTheArgumentsName) {
  Function function;
  function.name = "zip";
  function.args = {"--fast", "/context/tree", "/context/out.zip"};
  function.inputs = {{.path = "tree/a", .bytes = {}},
                     {.path = "tree/d/b", .bytes = {}},
                     {.path = "treetop", .bytes = {}},
                     {.path = "large", .bytes = {}}};
  EXPECT_EQ(
      ContextOf(function, "/d"),
      (Context{.path = "{out}/context/zip", .source = "/d/zip", .inputs = {"tree/a", "tree/d/b"}}));
  function.sizes["x10"].args = {"--in=/context/large"};
  EXPECT_EQ(ContextOf(function, "/d").inputs,
            (std::vector<std::string>{"tree/a", "tree/d/b", "large"}));
}

TEST_F(PlanFiles, FunctionsThatAreWrongAreNamed) {
  const auto error_of = [&](const std::string& name) {
    const auto loaded = LoadFunctions(folder_, {name});
    return loaded ? "" : loaded.error().text();
  };
  EXPECT_NE(error_of("absent").find("no function is named absent"), std::string::npos);
  Write("broken/suite.toml", "name = \n");
  EXPECT_NE(error_of("broken").find("broken/suite.toml: line 1"), std::string::npos);
  Write("bare/suite.toml", "name = \"bare\"\n");
  EXPECT_NE(error_of("bare").find("golden: no case is named \"paper\""), std::string::npos);
  Write("typed/suite.toml", "name = 3\n");
  EXPECT_NE(error_of("typed").find("name: expected a string"), std::string::npos);
  Write("unsure/suite.toml", "name = \"unsure\"\nwrites = 1\n");
  EXPECT_NE(error_of("unsure").find("writes: expected true or false"), std::string::npos);
  Write("misnamed/suite.toml", FunctionToml("another"));
  EXPECT_NE(error_of("misnamed").find("is not the folder's"), std::string::npos);
  Write("twice/suite.toml", FunctionToml("twice"));
  EXPECT_FALSE(LoadFunctions(folder_, {"twice", "twice"}));
}

TEST(Environments, MakeTheCommandsOfTheTable) {
  Function function{.name = "f",
                    .category = "micro",
                    .args = {"x"},
                    .inputs = {},
                    .writes = false,
                    .expected = {},
                    .sizes = {}};
  const ContainerSettings settings{
      .ctr = "ctr", .address = "/s", .name_space = "n", .mayfly = "/m", .runc = "", .inputs = "/d"};
  const auto argv = [&](const char* name) {
    return MakeContainerCell(function, SelectEnvironments({name})->front(), settings).command.argv;
  };
  EXPECT_EQ(argv("runc-distroless"),
            (Argv{"ctr", "--address", "/s", "--namespace", "n", "run", "--rm",
                  "mayfly.dev/suite/f:distroless", "{id}", "/f", "x"}));
  function.inputs = {{.path = "a", .bytes = {}}};
  EXPECT_EQ(
      argv("mayfly-wasm-jit"),
      (Argv{"ctr", "--address", "/s", "--namespace", "n", "run", "--rm", "--runc-binary", "/m",
            "--annotation", "dev.mayfly.engine=wasmtime", "--annotation", "dev.mayfly.strategy=jit",
            "--mount", "type=bind,src=/d/f,dst=/context,options=rbind:ro",
            "mayfly.dev/suite/f:wasm", "{id}", "/f.wasm", "x"}));
  // A function that writes has a folder of the measurement, whether it reads or not.
  function.inputs = {};
  function.writes = true;
  const Argv writing = argv("runc-scratch");
  EXPECT_EQ(writing.at(8), "type=bind,src={out}/context/f,dst=/context,options=rbind:rw");
  EXPECT_EQ(SelectEnvironments({})->size(), 6U);
  EXPECT_FALSE(SelectEnvironments({"runc-alpine"}));
  EXPECT_FALSE(SelectEnvironments({"runc-debian", "runc-debian"}));
}

TEST_F(PlanFiles, ComparisonsAreRead) {
  const std::string path = Write("c.toml", R"(
runs = 50
baselines = ["b"]
[[command]]
name = "a"
argv = ["echo", "{dir}/x", "{id}"]
env = {K = "v"}
prepare = ["sync"]
cleanup = [["rm", "{dir}"], ["true"]]
expected_exit = 4
expected_stdout = "hi\n"
[[command]]
name = "b"
argv = ["true"]
)");
  const auto plan = ReadComparePlan(path);
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_EQ(plan->runs, 50);
  EXPECT_EQ(plan->baselines, std::vector<std::string>{"b"});
  const Cell& cell = plan->cells[0];
  EXPECT_EQ(cell.function, "command");
  EXPECT_EQ(cell.command.argv, (Argv{"echo", folder_ + "/x", "{id}"}));
  EXPECT_EQ(cell.command.env.front(), (std::pair<std::string, std::string>{"K", "v"}));
  EXPECT_EQ(cell.prepare, std::vector<Argv>{{"sync"}});
  EXPECT_EQ(cell.cleanup, (std::vector<Argv>{{"rm", folder_}, {"true"}}));
  EXPECT_EQ(cell.expected.exit_code, 4);
  EXPECT_EQ(cell.expected.stdout_sha256, Sha256Of("hi\n"));
  EXPECT_FALSE(plan->cells[1].expected.stdout_bytes);
}

TEST_F(PlanFiles, ComparisonsThatAreWrongAreNamed) {
  const struct {
    const char* text;
    const char* error;
  } cases[] = {
      {"", "command: there is none"},
      {"runs = 0\n", "runs: 0 is less than 1"},
      {"rums = 1\n", "rums: unknown key"},
      {"[[command]]\nargv = [\"true\"]\n", "command[0]: name: is missing"},
      {"[[command]]\nname = \"a\"\n", "command[0]: argv: is missing"},
      {"[[command]]\nname = \"a\"\nargv = \"true\"\n", "argv: expected an array of strings"},
      {"[[command]]\nname = \"a\"\nargv = [\"true\"]\nexpected_exit = 256\n", "from 0 to 255"},
      {"[[command]]\nname = \"a\"\nargv = [\"t\"]\n[[command]]\nname = \"a\"\nargv = [\"t\"]\n",
       "command[1]: name: \"a\" is there already"},
      {"baselines = [\"z\"]\n[[command]]\nname = \"a\"\nargv = [\"t\"]\n",
       "no command is named \"z\""},
      {"[command]\nname = \"a\"\n", "expected tables, each headed [[command]]"},
      {"x = [", "line 1"},
  };
  for (const auto& wrong : cases) {
    const auto plan = ReadComparePlan(Write("c.toml", wrong.text));
    ASSERT_FALSE(plan) << wrong.text;
    EXPECT_EQ(plan.error().kind(), base::ErrorKind::kInvalid) << wrong.text;
    EXPECT_NE(plan.error().text().find(wrong.error), std::string::npos) << plan.error().text();
  }
  EXPECT_EQ(ReadComparePlan(folder_ + "/absent.toml").error().kind(), base::ErrorKind::kNotFound);
}

TEST_F(PlanFiles, BundlesAndTheirPlanFitTogether) {
  const BundleOptions options{.out = folder_ + "/b",
                              .native_program = Write("hello", "x"),
                              .wasm_module = Write("hello.wasm", "y"),
                              .runc = "runc",
                              .crun = "",
                              .crun_wasm = "/opt/crun",
                              .mayfly = "mayfly"};
  const auto made = MakeBundles(options);
  ASSERT_TRUE(made) << made.error().text();
  const auto plan = ReadComparePlan(folder_ + "/b/compare.toml");
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_EQ(EnvironmentsOf(*plan),
            (std::vector<std::string>{"runc-native", "mayfly-native", "mayfly-wasm-aot",
                                      "mayfly-wasm-jit", "crun-wasm"}));
  EXPECT_EQ(plan->baselines, (std::vector<std::string>{"runc-native", "crun-wasm"}));
  for (const Cell& cell : plan->cells) {
    const fs::path bundle = cell.command.argv[3];
    EXPECT_TRUE(fs::exists(bundle / "rootfs")) << bundle;
    nlohmann::json config = nlohmann::json::parse(std::ifstream(bundle / "config.json"));
    const std::string program = config["process"]["args"][0];
    EXPECT_TRUE(fs::exists((bundle / "rootfs").string() + program)) << program;
    EXPECT_FALSE(config["process"]["terminal"]);
    EXPECT_EQ(program == "/hello", cell.strategy == "native");
  }
  EXPECT_FALSE(MakeBundles({.out = folder_ + "/c",
                            .native_program = "x",
                            .wasm_module = "",
                            .runc = "",
                            .crun = "",
                            .crun_wasm = "",
                            .mayfly = ""}));
}

}  // namespace
}  // namespace mayfly::lab
