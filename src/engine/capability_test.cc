#include "engine/capability.h"

#include <gtest/gtest.h>

namespace mayfly::engine {
namespace {

constexpr const char* kImports[] = {"wasi_snapshot_preview1.fd_write",
                                    "wasi_snapshot_preview1.sock_accept", "env.*", nullptr};

mayfly_engine Engine() {
  mayfly_engine engine{};
  engine.name = "toy";
  engine.imports = kImports;
  return engine;
}

base::Result<void> Check(const std::string& import, const std::string& type) {
  ModuleInfo info;
  info.imports = {import};
  info.import_types = {type};
  return CheckImports("/app.wasm", info, Engine(), PluginHost("/nowhere"));
}

TEST(Capability, TypesOfPreview1) {
  EXPECT_EQ(Preview1Type("wasi_snapshot_preview1.args_get"), "ii>i");
  EXPECT_EQ(Preview1Type("wasi_snapshot_preview1.path_open"), "iiiiiIIii>i");
  EXPECT_EQ(Preview1Type("wasi_snapshot_preview1.sock_shutdown"), "ii>i");
  EXPECT_EQ(Preview1Type("wasi_snapshot_preview1.sock_accept"), "");
  EXPECT_EQ(Preview1Type("env.fd_write"), "");
}

TEST(Capability, WhatIsOfferedPasses) {
  EXPECT_TRUE(Check("wasi_snapshot_preview1.fd_write", "iiii>i"));
  EXPECT_TRUE(Check("wasi_snapshot_preview1.fd_write", ""));
  EXPECT_TRUE(Check("wasi_snapshot_preview1.sock_accept", "ii>i"));
  EXPECT_TRUE(Check("env.anything", "F>F"));
}

TEST(Capability, RefusalsNameTheImport) {
  const auto missing = Check("wasi_snapshot_preview1.sock_open", "iii>i");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().text(),
            "/app.wasm: module imports wasi_snapshot_preview1.sock_open: not offered by toy");
  const auto other = Check("wasi_snapshot_preview1.fd_write", "iFi>");
  ASSERT_FALSE(other);
  EXPECT_EQ(
      other.error().text(),
      "/app.wasm: module imports wasi_snapshot_preview1.fd_write as (i32, f64, i32) -> (): it is "
      "(i32, i32, i32, i32) -> (i32)");
}

}  // namespace
}  // namespace mayfly::engine
