// cache ls, verify, prune, warm; compile; doctor: their answers, their JSON, their exit statuses.
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cache_fixture.h"

namespace mayfly::test {
namespace {

using Json = nlohmann::json;

class CacheCommandTest : public CacheFixture {
 protected:
  Json MayflyJson(const std::vector<std::string>& args, int exit_code = 0) const {
    const Output output = Mayfly(args);
    EXPECT_EQ(output.exit_code, exit_code) << output.out << output.err;
    Json json = Json::parse(output.out, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << output.out;
    return json;
  }

  Json Warm(const std::string& path, int exit_code = 0) const {
    return MayflyJson({"cache", "warm", "--json", "--engine", "toy", path}, exit_code);
  }
};

TEST_F(CacheCommandTest, ACacheThatIsNotThereIsEmptyAndIsNotMade) {
  const Json listed = MayflyJson({"cache", "ls", "--json"});
  EXPECT_EQ(listed["directory"], cache().string());
  EXPECT_EQ(listed["entries"], Json::array());
  EXPECT_EQ(listed["maxBytes"], 8ULL << 30);
  EXPECT_EQ(MayflyJson({"cache", "verify", "--json"})["checked"], 0);
  EXPECT_EQ(MayflyJson({"cache", "prune", "--all", "--json"})["removed"], 0);
  EXPECT_FALSE(fs::exists(cache()));
}

TEST_F(CacheCommandTest, LsSaysWhatTheCodeIsOf) {
  EXPECT_EQ(Run(Module("exit_200")).exit_code, 200);
  const Json entry = MayflyJson({"cache", "ls", "--json"})["entries"].at(0);
  EXPECT_EQ(entry["engine"], "toy");
  EXPECT_EQ(entry["version"], "1.0");
  EXPECT_EQ(entry["strategy"], "aot");
  EXPECT_EQ(entry["thisCpu"], true);
  EXPECT_EQ(entry["module"].get<std::string>().size(), 7U + 64);
  EXPECT_EQ(entry["bytes"], fs::file_size(CodeFiles().at(0)));
  EXPECT_EQ(entry["key"], CodeFiles().at(0).filename().string());
  const Output text = Mayfly({"cache", "ls"});
  EXPECT_NE(text.out.find("toy      1.0       aot"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("1 entries"), std::string::npos) << text.out;
}

TEST_F(CacheCommandTest, VerifyNamesWhatIsBadAndRepairsIt) {
  Warm(Module("exit_200"));
  Warm(Module("exit_1"));
  EXPECT_EQ(Mayfly({"cache", "verify"}).out, "2 entries checked, 0 bad\n");
  const fs::path bad = CodeFiles().at(0);
  std::fstream(bad, std::ios::in | std::ios::out | std::ios::binary).put('X');
  const Output found = Mayfly({"cache", "verify"});
  EXPECT_EQ(found.exit_code, 1);
  EXPECT_EQ(found.out,
            bad.filename().string() + ": its checksum does not match\n2 entries checked, 1 bad\n");
  EXPECT_TRUE(fs::exists(bad));
  const Json json = MayflyJson({"cache", "verify", "--json"}, 1);
  EXPECT_EQ(json["bad"].at(0)["key"], bad.filename().string());
  EXPECT_EQ(MayflyJson({"cache", "verify", "--json", "--repair"})["bad"].at(0)["removed"], true);
  EXPECT_FALSE(fs::exists(bad));
  EXPECT_EQ(Mayfly({"cache", "verify"}).exit_code, 0);
  EXPECT_EQ(CodeFiles().size(), 1U);
}

TEST_F(CacheCommandTest, PruneBySizeAgeAndAll) {
  for (const std::string module : {"exit_200", "exit_1", "exit_0"}) {
    Warm(Module(module));
  }
  EXPECT_EQ(MayflyJson({"cache", "prune", "--json"})["removed"], 0);
  EXPECT_EQ(MayflyJson({"cache", "prune", "--json", "--unused-for", "1h"})["removed"], 0);
  EXPECT_EQ(MayflyJson({"cache", "prune", "--json", "--max-size", "1GiB"})["left"], 3);
  const auto one = std::to_string(fs::file_size(CodeFiles().at(0)) + 50);
  EXPECT_EQ(MayflyJson({"cache", "prune", "--json", "--max-size", one})["left"], 1);
  const Json all = MayflyJson({"cache", "prune", "--json", "--all"});
  EXPECT_EQ(all["removed"], 1);
  EXPECT_EQ(all["leftBytes"], 0);
  EXPECT_TRUE(CodeFiles().empty());
  EXPECT_EQ(Mayfly({"cache", "prune", "--max-size", "much"}).exit_code, 2);
}

TEST_F(CacheCommandTest, AFirstStartAfterWarmCompilesNothing) {
  const Json warmed = Warm(Module("exit_200"));
  EXPECT_EQ(warmed["modules"].at(0)["outcome"], "compiled");
  EXPECT_EQ(Run(Module("exit_200")).exit_code, 200);
  EXPECT_EQ(Compiles(), 0U) << "the command has another log";
  EXPECT_EQ(Warm(Module("exit_200"))["modules"].at(0)["outcome"], "cached");
}

TEST_F(CacheCommandTest, WarmLooksThroughATreeWithoutFollowingLinks) {
  const fs::path tree = scratch_ / "tree";
  fs::create_directories(tree / "bin/deep");
  fs::copy_file(Module("exit_200"), tree / "bin/deep/one");  // no suffix: the first bytes decide
  fs::copy_file(Module("exit_1"), tree / "two.wasm");
  std::ofstream(tree / "text.wasm") << "text";
  std::ofstream(tree / "empty").flush();
  ASSERT_EQ(::mkfifo((tree / "pipe").c_str(), 0600), 0);
  fs::create_directory(scratch_ / "outside");
  fs::copy_file(Module("exit_0"), scratch_ / "outside/secret.wasm");
  fs::create_symlink(scratch_ / "outside", tree / "directory-link");
  fs::create_symlink(scratch_ / "outside/secret.wasm", tree / "link.wasm");
  fs::create_symlink(tree, tree / "loop");
  const Json modules = Warm(tree)["modules"];
  ASSERT_EQ(modules.size(), 2U) << modules;
  EXPECT_EQ(modules[0]["module"], (tree / "bin/deep/one").string());
  EXPECT_EQ(modules[1]["module"], (tree / "two.wasm").string());
  EXPECT_EQ(CodeFiles().size(), 2U);
}

TEST_F(CacheCommandTest, WarmGoesOnAfterAModuleThatCannotBeCompiled) {
  const fs::path tree = scratch_ / "tree";
  fs::create_directory(tree);
  fs::copy_file(Module("missing_socket"), tree / "a.wasm");
  fs::copy_file(Module("exit_1"), tree / "b.wasm");
  const Json modules = Warm(tree, 1)["modules"];
  ASSERT_EQ(modules.size(), 2U) << modules;
  EXPECT_EQ(modules[0]["outcome"], "failed");
  EXPECT_NE(modules[0]["error"].get<std::string>().find("not offered by toy"), std::string::npos);
  EXPECT_EQ(modules[1]["outcome"], "compiled");
  const Output none = Mayfly({"cache", "warm", scratch_ / "nothing"});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_NE(none.err.find("no such file"), std::string::npos) << none.err;
  const Output text = Mayfly({"cache", "warm", scratch_ / "log"});
  EXPECT_EQ(text.exit_code, 1);
}

TEST_F(CacheCommandTest, WarmForAllEngines) {
  const Json modules =
      MayflyJson({"cache", "warm", "--json", "--engine", "all", Module("exit_200")})["modules"];
  ASSERT_EQ(modules.size(), 1U);
  EXPECT_EQ(modules[0]["engine"], "toy");
  const Output unknown = Mayfly({"cache", "warm", "--engine", "steam", Module("exit_200")});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_NE(unknown.err.find("has: toy"), std::string::npos) << unknown.err;
}

TEST_F(CacheCommandTest, CompileIntoTheCacheAndIntoAFile) {
  const std::vector<std::string> line = {"compile", "--json", "--engine", "toy",
                                         Module("exit_200")};
  const Json first = MayflyJson(line);
  EXPECT_EQ(first["compiled"], true);
  EXPECT_EQ(first["code"], cache().string());
  EXPECT_EQ(first["moduleBytes"], fs::file_size(Module("exit_200")));
  EXPECT_EQ(MayflyJson(line)["compiled"], false);
  const fs::path out = scratch_ / "code";
  std::vector<std::string> to_file = line;
  to_file.insert(to_file.end(), {"-o", out});
  const Json written = MayflyJson(to_file);
  EXPECT_EQ(written["codeBytes"], fs::file_size(out));
  EXPECT_TRUE(ReadText(out).starts_with("TOYCODE1"));
  EXPECT_EQ(ReadText(out).size(), 16 + fs::file_size(Module("exit_200")));
  to_file.back() = scratch_ / "no/such/place";
  EXPECT_EQ(Mayfly(to_file).exit_code, 1);
  EXPECT_EQ(Mayfly({"compile", "--engine", "toy", scratch_ / "none"}).exit_code, 1);
}

TEST_F(CacheCommandTest, DoctorLooksAtTheNode) {
  const auto status_of = [](const std::string& check, const CommandOptions& options) {
    const Output output = RunCommand({MAYFLY_TEST_MAYFLY, "doctor", "--json"}, options);
    const Json document = Json::parse(output.out);
    for (const Json& found : document["checks"]) {
      if (found["check"] == check) {
        EXPECT_EQ(found["status"] == "ok", !found.contains("advice")) << found;
        return found["status"].get<std::string>();
      }
    }
    return std::string("no such check");
  };
  CommandOptions options = Options();
  EXPECT_EQ(status_of("engine toy", options), "ok");
  EXPECT_EQ(status_of("cache", options), "ok");
  EXPECT_NE(status_of("cgroups", options), "no such check");
  EXPECT_EQ(status_of("engines", options), "fail");  // the default engine is not there

  fs::create_directory(cache());
  fs::permissions(cache(), fs::perms::others_read, fs::perm_options::add);
  EXPECT_EQ(status_of("cache", options), "fail");
  std::ofstream(scratch_ / "config.toml") << "[cache]\nsize = 1\n";
  options.environment["MAYFLY_CONFIG"] = scratch_ / "config.toml";
  EXPECT_EQ(status_of("configuration", options), "fail");

  options = Options();
  options.environment["MAYFLY_ENGINES_DIR"] = scratch_ / "engines";
  EXPECT_EQ(status_of("engines", options), "warn");
  fs::create_directory(scratch_ / "engines");
  fs::copy_file(fs::path(MAYFLY_TEST_TOY_DIR) / "toy.so", scratch_ / "engines/toy.so");
  fs::permissions(scratch_ / "engines/toy.so", fs::perms::others_write, fs::perm_options::add);
  EXPECT_EQ(status_of("engine toy", options), "fail");
}

}  // namespace
}  // namespace mayfly::test
