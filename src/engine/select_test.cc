#include "engine/select.h"

#include <gtest/gtest.h>

namespace mayfly::engine {
namespace {

using Annotations = std::map<std::string, std::string>;

const Annotations kNone;

base::Result<Selection> SelectFor(const Annotations& annotations, Content content,
                                  const NodeConfig& node = {}, const std::string& path = "/app") {
  const Entrypoint entrypoint{.path = path, .fd = {}, .content = content};
  return Select(annotations, &entrypoint, node, [](const std::string& engine) {
    return engine == "wasmtime" || engine == "wasmedge";
  });
}

bool IsWasm(const Annotations& annotations, Content content, const std::string& path = "/app") {
  const auto selection = SelectFor(annotations, content, {}, path);
  EXPECT_TRUE(selection) << selection.error().text();
  return selection && selection->wasm;
}

TEST(Select, ByFirstBytesWithoutAnyAnnotation) {
  EXPECT_TRUE(IsWasm(kNone, Content::kWasm));
  EXPECT_FALSE(IsWasm(kNone, Content::kElf));
  EXPECT_FALSE(IsWasm(kNone, Content::kScript));
  EXPECT_FALSE(IsWasm(kNone, Content::kOther));
}

TEST(Select, ByNameWhereTheBytesSayNothing) {
  EXPECT_TRUE(IsWasm(kNone, Content::kOther, "/broken.wasm"));
  EXPECT_TRUE(IsWasm(kNone, Content::kOther, "/text.wat"));
  EXPECT_FALSE(IsWasm(kNone, Content::kScript, "/script.wasm"));
}

const std::vector<Annotations> kWasmHints = {
    {{"dev.mayfly.workload", "wasm"}},
    {{"run.oci.handler", "wasm"}},
    {{"run.oci.handler", "wasmedge"}},
    {{"module.wasm.image/variant", "compat"}},
    {{"org.opencontainers.image.architecture", "wasm"}},
    {{"org.opencontainers.image.os", "wasip1"}},
};

TEST(Select, HintsDecideWhereTheBytesSayNothing) {
  for (const Annotations& hint : kWasmHints) {
    EXPECT_TRUE(IsWasm(hint, Content::kOther)) << hint.begin()->first;
    EXPECT_TRUE(IsWasm(hint, Content::kWasm)) << hint.begin()->first;
  }
}

TEST(Select, SidecarsStayNativeWhateverTheirPodsAnnotationsSay) {
  for (const Annotations& hint : kWasmHints) {
    EXPECT_FALSE(IsWasm(hint, Content::kElf)) << hint.begin()->first;
    EXPECT_FALSE(IsWasm(hint, Content::kScript)) << hint.begin()->first;
  }
}

TEST(Select, SmartHintsLeaveItToTheBytes) {
  for (const Annotations& hint :
       {Annotations{{"module.wasm.image/variant", "compat-smart"}},
        Annotations{{"run.oci.handler", "wasm-smart"}},
        Annotations{{"dev.mayfly.workload", "auto"}}, Annotations{{"run.oci.handler", "krun"}}}) {
    EXPECT_FALSE(IsWasm(hint, Content::kOther)) << hint.begin()->second;
    EXPECT_TRUE(IsWasm(hint, Content::kWasm)) << hint.begin()->second;
  }
}

TEST(Select, OurAnnotationGoesBeforeHintsAndBytes) {
  EXPECT_FALSE(IsWasm({{"dev.mayfly.workload", "native"}}, Content::kWasm));
  EXPECT_FALSE(
      IsWasm({{"dev.mayfly.workload", "native"}, {"run.oci.handler", "wasm"}}, Content::kOther));
}

TEST(Select, AMissingFileIsWasmOnlyByHints) {
  const auto installed = [](const std::string&) { return true; };
  EXPECT_FALSE(Select(kNone, nullptr, {}, installed)->wasm);
  EXPECT_TRUE(Select({{"run.oci.handler", "wasm"}}, nullptr, {}, installed)->wasm);
}

TEST(Select, EngineAndStrategyTheNarrowerWins) {
  NodeConfig node;
  EXPECT_EQ(SelectFor(kNone, Content::kWasm)->engine, "wasmtime");
  EXPECT_EQ(SelectFor(kNone, Content::kWasm)->strategy, Strategy::kAot);
  node.engine = "wasmer";
  node.strategy = "jit";
  EXPECT_EQ(SelectFor(kNone, Content::kWasm, node)->engine, "wasmer");
  EXPECT_EQ(SelectFor(kNone, Content::kWasm, node)->strategy, Strategy::kJit);
  const Annotations annotations = {{kEngineAnnotation, "own"},
                                   {kStrategyAnnotation, "interpreter"},
                                   {"run.oci.handler", "wasmedge"}};
  EXPECT_EQ(SelectFor(annotations, Content::kWasm, node)->engine, "own");
  EXPECT_EQ(SelectFor(annotations, Content::kWasm, node)->strategy, Strategy::kInterpreter);
  const Annotations automatic = {{kEngineAnnotation, "auto"}, {kStrategyAnnotation, "auto"}};
  EXPECT_EQ(SelectFor(automatic, Content::kWasm, node)->engine, "wasmer");
  EXPECT_EQ(SelectFor(automatic, Content::kWasm, node)->strategy, Strategy::kJit);
}

TEST(Select, APeersHintChoosesAnEngineThatIsInstalled) {
  EXPECT_EQ(SelectFor({{"run.oci.handler", "wasmedge"}}, Content::kWasm)->engine, "wasmedge");
  EXPECT_EQ(SelectFor({{"run.oci.handler", "wasmer"}}, Content::kWasm)->engine, "wasmtime");
  EXPECT_EQ(SelectFor({{"run.oci.handler", "wasm"}}, Content::kWasm)->engine, "wasmtime");
}

TEST(Select, UnknownValuesAreErrorsThatNameTheAnnotation) {
  for (const std::string key : {kWorkloadAnnotation, kStrategyAnnotation}) {
    const auto selection = SelectFor({{key, "steam"}}, Content::kWasm);
    ASSERT_FALSE(selection) << key;
    EXPECT_EQ(selection.error().kind(), base::ErrorKind::kInvalid);
    EXPECT_NE(selection.error().text().find(key + ": \"steam\""), std::string::npos)
        << selection.error().text();
  }
  NodeConfig node;
  node.strategy = "steam";
  EXPECT_FALSE(SelectFor(kNone, Content::kWasm, node));
}

TEST(MaxMemory, BytesOrTheContainersLimit) {
  oci::Resources resources;
  resources.memory_limit_bytes = 1 << 26;
  const auto of = [&](const std::string& value) {
    return MaxMemoryBytes({{kMaxMemoryAnnotation, value}}, resources);
  };
  EXPECT_EQ(MaxMemoryBytes(kNone, resources), 0U);
  EXPECT_EQ(of("auto"), 0U);
  EXPECT_EQ(of("1048576"), 1048576U);
  EXPECT_EQ(of("cgroup"), 1U << 26);
  for (const std::string bad : {"0", "-1", "1M", "12 ", "99999999999999999999"}) {
    EXPECT_FALSE(of(bad)) << bad;
  }
  resources.memory_limit_bytes = -1;
  EXPECT_EQ(of("cgroup"), 0U);
}

}  // namespace
}  // namespace mayfly::engine
