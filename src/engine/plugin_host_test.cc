#include "engine/plugin_host.h"

#include "engine/test_support.h"

namespace mayfly::engine {
namespace {

std::string ErrorOf(const base::Result<const mayfly_engine*>& result) {
  return result ? "no error" : result.error().text();
}

TEST(PluginHost, ListsEnginesWithoutTheirCompilers) {
  const ScratchDir scratch;
  for (const std::string name : {"b.so", "a.so", "a-compiler.so", "a-component.so", "notes.txt"}) {
    WriteFile(scratch / name, "");
  }
  EXPECT_EQ(PluginHost(scratch.path()).Engines(), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(PluginHost(scratch / "none").Engines().empty());
}

TEST(PluginHost, ComponentsAreRunByTheirOwnPluginWhereThereIsOne) {
  const ScratchDir scratch;
  for (const std::string name : {"b.so", "a.so", "a-component.so"}) {
    WriteFile(scratch / name, "");
  }
  const PluginHost host(scratch.path());
  EXPECT_EQ(host.RunPath("a"), scratch / "a.so");
  EXPECT_EQ(host.RunPath("a", BinaryKind::kComponent), scratch / "a-component.so");
  EXPECT_EQ(host.RunPath("b", BinaryKind::kComponent), scratch / "b.so");
}

TEST(PluginHost, AMissingEngineIsAnErrorThatListsWhatIsThere) {
  const ScratchDir scratch;
  EXPECT_NE(ErrorOf(PluginHost(scratch.path()).LoadRun("x")).find("no engine is installed"),
            std::string::npos);
  WriteFile(scratch / "a.so", "");
  WriteFile(scratch / "b.so", "");
  EXPECT_NE(ErrorOf(PluginHost(scratch.path()).LoadRun("x")).find("engine \"x\" is not there"),
            std::string::npos);
  EXPECT_NE(ErrorOf(PluginHost(scratch.path()).LoadRun("x")).find("has: a, b"), std::string::npos);
}

TEST(PluginHost, ANameIsNoPath) {
  const ScratchDir scratch;
  WriteFile(scratch / "evil.so", "");
  const PluginHost host(scratch / "engines");
  for (const std::string name : {"../evil", "", "a/b", "A", ".."}) {
    EXPECT_FALSE(host.Has(name)) << name;
    EXPECT_FALSE(host.LoadRun(name)) << name;
  }
}

TEST(PluginHost, AFileThatIsNoPluginIsAnErrorThatNamesIt) {
  const ScratchDir scratch;
  WriteFile(scratch / "a.so", "text");
  EXPECT_NE(ErrorOf(PluginHost(scratch.path()).LoadRun("a")).find("a.so"), std::string::npos);
}

TEST(Offers, NamesAndWholeModules) {
  const char* const imports[] = {"wasi_snapshot_preview1.fd_read", "env.*", nullptr};
  mayfly_engine engine{};
  engine.imports = imports;
  EXPECT_TRUE(Offers(engine, "wasi_snapshot_preview1.fd_read"));
  EXPECT_TRUE(Offers(engine, "env.anything"));
  EXPECT_FALSE(Offers(engine, "wasi_snapshot_preview1.fd_rea"));
  EXPECT_FALSE(Offers(engine, "environment.x"));
}

}  // namespace
}  // namespace mayfly::engine
