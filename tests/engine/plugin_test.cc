// Plugins of third parties: one in plain C runs modules through the real host; files that are no
// good plugin are refused with a sentence; all engines that are built share a process.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "base/file.h"
#include "cache_fixture.h"
#include "engine/plugin_host.h"

namespace mayfly::test {
namespace {

using ToyPluginTest = CacheFixture;

TEST_F(ToyPluginTest, RunsModules) {
  EXPECT_EQ(Run(Module("exit_200")).exit_code, 200);
  EXPECT_EQ(Run(Module("noop")).exit_code, 0);
  const Output hello = Run(Module("toy_hello"));
  EXPECT_EQ(hello.out, "hello from a toy\n");
  EXPECT_EQ(hello.exit_code, 7) << hello.err;
}

// The module's bytes go to the engine, and nothing into the cache.
TEST_F(ToyPluginTest, InterpretsModules) {
  for (const auto& [module, status] : {std::pair("exit_200", 200), std::pair("toy_hello", 7)}) {
    const Output output = RunCommand({MAYFLY_TEST_DRIVE, "dev.mayfly.engine=toy",
                                      "dev.mayfly.strategy=interpreter", Module(module)},
                                     Options());
    EXPECT_EQ(output.exit_code, status) << output.err;
  }
  EXPECT_FALSE(fs::exists(cache()));
  const Output jit = RunCommand(
      {MAYFLY_TEST_DRIVE, "dev.mayfly.engine=toy", "dev.mayfly.strategy=jit", Module("exit_200")},
      Options());
  EXPECT_EQ(jit.exit_code, 1);
  EXPECT_NE(jit.err.find("engine toy has no strategy jit"), std::string::npos) << jit.err;
}

TEST_F(ToyPluginTest, TrapsAndMissingImportsReadAsWithAnyEngine) {
  const Output trap = Run(Module("trap_unreachable"));
  EXPECT_EQ(trap.exit_code, 134);
  EXPECT_EQ(trap.err, "mayfly: trap: unreachable\n");
  EXPECT_EQ(Run(Module("trap_memory")).exit_code, 134);
  const Output import = Run(Module("missing_socket"));
  EXPECT_EQ(import.exit_code, 1);
  EXPECT_NE(import.err.find("sock_setsockopt: not offered by toy"), std::string::npos)
      << import.err;
}

TEST_F(ToyPluginTest, WhatItDoesNotKnowIsAnErrorOfTheEngine) {
  const Output output = Run(Module("spin"));  // loops
  EXPECT_NE(output.exit_code, 0);
  EXPECT_NE(output.err.find("toy"), std::string::npos) << output.err;
}

TEST_F(ToyPluginTest, IsListedWithWhatItOffers) {
  const Output output = Mayfly({"engines"});
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_NE(output.out.find("toy      1.0       aot,interpreter   -"), std::string::npos)
      << output.out;
}

struct BadPlugin {
  std::string name;
  std::string reason;
};

void PrintTo(const BadPlugin& bad, std::ostream* out) { *out << bad.name; }

class BadPluginTest : public CacheFixture, public testing::WithParamInterface<BadPlugin> {
 protected:
  void SetUp() override {
    CacheFixture::SetUp();
    engines_ = fs::path(MAYFLY_TEST_BAD_DIR) / GetParam().name;
  }
};

TEST_P(BadPluginTest, IsRefusedWithTheReason) {
  const Output run = Run(Module("exit_200"), "bad");
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_NE(run.err.find(GetParam().reason), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("bad"), std::string::npos) << run.err;
  const Output listed = Mayfly({"engines"});
  EXPECT_EQ(listed.exit_code, 1);
  EXPECT_NE(listed.err.find(GetParam().reason), std::string::npos) << listed.err;
  const Output doctor = Mayfly({"doctor"});
  EXPECT_EQ(doctor.exit_code, 1);
  EXPECT_NE(doctor.out.find("fail  engine bad"), std::string::npos) << doctor.out;
}

INSTANTIATE_TEST_SUITE_P(Every, BadPluginTest,
                         testing::Values(BadPlugin{"ABI",
                                                   "made for plugin ABI 2, this Mayfly has 1"},
                                         BadPlugin{"SIZE", "its table has 16 bytes"},
                                         BadPlugin{"NAME", "calls itself \"somebody-else\""},
                                         BadPlugin{"NO_NAME", "calls itself \"\""},
                                         BadPlugin{"NO_VERSION", "its table has no version"},
                                         BadPlugin{"PARTS", "cannot run modules"},
                                         BadPlugin{"ENTRY", "its table has no instantiate"},
                                         BadPlugin{"NO_TABLE", "gives no table"},
                                         BadPlugin{"NO_SYMBOL", "no symbol mayfly_engine_plugin"},
                                         BadPlugin{"CRASH", "was ended by SIGILL"}),
                         [](const auto& row) { return row.param.name; });

TEST_F(ToyPluginTest, AFileThatIsNoElfIsRefused) {
  engines_ = scratch_ / "engines";
  fs::create_directory(engines_);
  std::ofstream(engines_ + "/text.so") << "#!/bin/sh\n";
  std::ofstream(engines_ + "/empty.so").flush();
  for (const std::string engine : {"text", "empty"}) {
    const Output output = Run(Module("exit_200"), engine);
    EXPECT_EQ(output.exit_code, 1);
    EXPECT_NE(output.err.find(engine + ".so"), std::string::npos) << output.err;
  }
  EXPECT_EQ(Mayfly({"engines"}).exit_code, 1);
}

// One process loads every plugin that is built, and runs one module by each after the other: their
// common C API (wasm.h) must not meet.
TEST_F(ToyPluginTest, AllPluginsShareAProcess) {
  std::vector<std::string> directories = {MAYFLY_TEST_ENGINES_DIR, MAYFLY_TEST_TOY_DIR};
  const std::string module = ReadText(Module("exit_200"));
  const auto* const bytes = reinterpret_cast<const uint8_t*>(module.data());
  std::vector<std::pair<const mayfly_engine*, mayfly_instance*>> ready;
  for (const std::string& directory : directories) {
    const engine::PluginHost host(directory);
    for (const std::string& name : host.Engines()) {
      SCOPED_TRACE(name);
      const auto run = host.LoadRun(name);
      const auto compiler = host.LoadCompiler(name);
      ASSERT_TRUE(run) << run.error().text();
      ASSERT_TRUE(compiler) << compiler.error().text();
      mayfly_bytes code{};
      const auto compiled = engine::Called(*compiler, [&](mayfly_error* error) {
        return (*compiler)->compile(bytes, module.size(), 0, &code, error);
      });
      ASSERT_TRUE(compiled) << compiled.error().text();
      const int fd = ::memfd_create("code", MFD_CLOEXEC);
      ASSERT_TRUE(base::WriteAll(fd, {reinterpret_cast<const char*>(code.data), code.size}, "fd"));
      code.release(code.context);
      mayfly_code* opened = nullptr;
      const auto open = engine::Called(
          *run, [&](mayfly_error* error) { return (*run)->open(fd, &opened, error); });
      ASSERT_TRUE(open) << open.error().text();
      const char* const argv[] = {"exit"};
      mayfly_instance_config config{};
      config.struct_size = sizeof config;
      config.argv = argv;
      config.argc = 1;
      mayfly_instance* instance = nullptr;
      const auto made = engine::Called(*run, [&](mayfly_error* error) {
        return (*run)->instantiate(opened, &config, &instance, error);
      });
      ASSERT_TRUE(made) << made.error().text();
      ready.emplace_back(*run, instance);
    }
  }
  EXPECT_GE(ready.size(), 1U);
  for (const auto& [engine, instance] : ready) {
    SCOPED_TRACE(engine->name);
    mayfly_end end{};
    const auto ran = engine::Called(
        engine, [&](mayfly_error* error) { return engine->run(instance, &end, error); });
    ASSERT_TRUE(ran) << ran.error().text();
    EXPECT_EQ(end.kind, MAYFLY_END_EXIT);
    EXPECT_EQ(end.code, 200U);
  }
  // Nothing of theirs became visible to the rest of the process.
  for (const char* symbol : {"wasm_engine_new", "wasm_module_new", "mayfly_engine_plugin"}) {
    EXPECT_EQ(::dlsym(RTLD_DEFAULT, symbol), nullptr) << symbol;
  }
}

}  // namespace
}  // namespace mayfly::test
