#include "engine/plugin_report.h"

#include <array>
#include <charconv>
#include <span>
#include <utility>

#include "engine/child_task.h"

namespace mayfly::engine {

using base::Result;

namespace {

using BitName = std::pair<uint32_t, std::string_view>;

constexpr std::array<BitName, 3> kStrategyNames = {{{MAYFLY_STRATEGY_AOT, "aot"},
                                                    {MAYFLY_STRATEGY_JIT, "jit"},
                                                    {MAYFLY_STRATEGY_INTERPRETER, "interpreter"}}};

constexpr std::array<BitName, 6> kFeatureNames = {{{MAYFLY_FEATURE_WASI_P1, "wasi-p1"},
                                                   {MAYFLY_FEATURE_WASI_P2, "wasi-p2"},
                                                   {MAYFLY_FEATURE_COMPONENTS, "components"},
                                                   {MAYFLY_FEATURE_SOCKETS, "sockets"},
                                                   {MAYFLY_FEATURE_THREADS, "threads"},
                                                   {MAYFLY_FEATURE_SIMD, "simd"}}};

std::vector<std::string_view> Names(uint32_t bits, std::span<const BitName> names) {
  std::vector<std::string_view> found;
  for (const auto& [bit, name] : names) {
    if ((bits & bit) != 0) {
      found.push_back(name);
    }
  }
  return found;
}

// The child's answer: "STRATEGIES FEATURES VERSION\nOPTIONS".
Result<std::string> Ask(const PluginHost& plugins, const std::string& name) {
  MAYFLY_ASSIGN(const mayfly_engine* const table, plugins.LoadRun(name));
  uint32_t features = FeaturesOf(*table);
  if (plugins.RunPath(name, BinaryKind::kComponent) != plugins.RunPath(name)) {
    MAYFLY_ASSIGN(const mayfly_engine* const apart, plugins.LoadRun(name, BinaryKind::kComponent));
    features |= FeaturesOf(*apart);
  }
  return fmt::format("{} {} {}\n{}", table->strategies, features, table->version,
                     table->code_compatibility);
}

void Take(const std::string& answer, PluginReport* report) {
  const char* at = answer.data();
  const char* const end = at + answer.size();
  for (uint32_t* number : {&report->strategies, &report->features}) {
    at = std::from_chars(at, end, *number).ptr;
    at += at != end ? 1 : 0;
  }
  const std::string_view rest(at, static_cast<size_t>(end - at));
  const size_t line = rest.find('\n');
  report->version = rest.substr(0, line);
  report->options = line == std::string_view::npos ? "" : rest.substr(line + 1);
}

}  // namespace

uint32_t PluginReport::UsableStrategies() const {
  constexpr uint32_t kCompiled = MAYFLY_STRATEGY_AOT | MAYFLY_STRATEGY_JIT;
  return compiler_error.empty() ? strategies : strategies & ~kCompiled;
}

std::vector<std::string_view> StrategyNames(uint32_t strategies) {
  return Names(strategies, kStrategyNames);
}

std::vector<std::string_view> FeatureNames(uint32_t features) {
  return Names(features, kFeatureNames);
}

std::vector<PluginReport> ReportPlugins(const PluginHost& plugins) {
  std::vector<PluginReport> reports;
  for (const std::string& name : plugins.Engines()) {
    PluginReport report;
    report.name = name;
    report.path = plugins.RunPath(name);
    report.compiler_path = plugins.CompilerPath(name);
    const auto answer = RunInChild("load " + report.path, [&] { return Ask(plugins, name); });
    if (answer) {
      Take(*answer, &report);
    } else {
      report.error = answer.error().text();
    }
    constexpr uint32_t kCompiled = MAYFLY_STRATEGY_AOT | MAYFLY_STRATEGY_JIT;
    if (answer && (report.strategies & kCompiled) != 0) {
      const auto compiler =
          RunInChild("load " + report.compiler_path, [&]() -> Result<std::string> {
            MAYFLY_TRY(plugins.LoadCompiler(name));
            return "";
          });
      report.compiler_error = compiler ? "" : compiler.error().text();
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace mayfly::engine
