#include "lab/report/evaluation.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <tuple>

#include "lab/stats/resampled.h"

namespace mayfly::lab {
namespace {

using CellKey = std::tuple<std::string, std::string, std::string>;  // function, environment, size

struct CellData {
  EvaluatedCell cell;
  std::vector<Observation> observations;
  std::array<std::vector<double>, kPhaseNames.size()> phases;
  std::array<std::vector<double>, kResourceNames.size()> resources;
  std::optional<ResampledMedians> resampled;
};

using CellMap = std::map<CellKey, CellData>;

bool IsPaperSize(const std::string& size) { return size.empty() || size == "parity"; }

std::vector<std::string> Words(const std::string& name) {
  std::vector<std::string> words(1);
  for (const char c : name) {
    if (c == '-') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

bool HasWord(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// The kind of image from its reference ("…:distroless") or from the environment's name.
std::string ImageOf(const std::vector<std::string>& words, const std::string& reference) {
  const size_t colon = reference.rfind(':');
  std::string tag = colon == std::string::npos || reference.find('/', colon) != std::string::npos
                        ? ""
                        : reference.substr(colon + 1);
  for (const char* kind : {"distroless", "debian", "scratch", "wasm"}) {
    if (HasWord(words, kind) || HasWord(Words(tag), kind)) {
      return kind;
    }
  }
  return tag;
}

EnvironmentTraits TraitsOf(const Sample& sample, const Results& results) {
  const std::vector<std::string> words = Words(sample.environment);
  EnvironmentTraits traits{.name = sample.environment,
                           .runtime = words.front(),
                           .engine = "",
                           .strategy = sample.strategy,
                           .image = ImageOf(words, sample.image),
                           .published = ""};
  if (traits.strategy.empty() || traits.strategy == "native") {
    if (traits.runtime == "runc" && (traits.image == "distroless" || traits.image == "debian")) {
      traits.published = "runc-" + traits.image;
    }
    return traits;
  }
  const auto planned = results.engines.find(sample.environment);
  traits.engine = planned != results.engines.end() ? planned->second : "";
  for (const char* engine : {"wasmtime", "wasmedge", "wasmer"}) {
    if (traits.engine.empty() && HasWord(words, engine)) {
      traits.engine = engine;
    }
  }
  if (traits.engine.empty() && traits.runtime == "mayfly") {
    traits.engine = "wasmtime";  // Mayfly's choice where a configuration names none
  }
  traits.published = fmt::format("crun-{}-{}", traits.engine, traits.strategy);
  return traits;
}

CellMap Collect(const Results& results) {
  CellMap cells;
  for (const Run& run : results.runs) {
    const Sample& sample = run.sample;
    CellData& data = cells[{sample.function, sample.environment, run.size}];
    data.cell.function = sample.function;
    data.cell.environment = sample.environment;
    data.cell.size = run.size;
    if (sample.warm_up) {
      continue;
    }
    if (!sample.ok) {
      ++data.cell.failed;
      continue;
    }
    const double time_ms = static_cast<double>(sample.total_ns) / 1e6;
    data.cell.times_ms.push_back(time_ms);
    data.observations.push_back({.block = sample.block, .value = time_ms});
    for (size_t i = 0; i < kPhaseNames.size(); ++i) {
      if (run.phases_ms[i]) {
        data.phases[i].push_back(*run.phases_ms[i]);
      }
    }
    for (size_t i = 0; i < kResourceNames.size(); ++i) {
      if (run.resources[i]) {
        data.resources[i].push_back(*run.resources[i]);
      }
    }
  }
  return cells;
}

void Summarise(CellData& data, BlockDraws& draws) {
  EvaluatedCell& cell = data.cell;
  data.resampled.emplace(data.observations, draws);
  cell.n = static_cast<int64_t>(cell.times_ms.size());
  if (cell.times_ms.empty()) {
    return;
  }
  std::vector<double> sorted = cell.times_ms;
  std::sort(sorted.begin(), sorted.end());
  const auto n = static_cast<double>(sorted.size());
  const double mean = std::accumulate(cell.times_ms.begin(), cell.times_ms.end(), 0.0) / n;
  double squares = 0;
  for (const double time : sorted) {
    squares += (time - mean) * (time - mean);
  }
  cell.mean_ms = mean;
  if (sorted.size() > 1) {
    cell.stdev_ms = std::sqrt(squares / (n - 1));
  }
  cell.median_ms = Quantile(sorted, 0.5);
  cell.min_ms = sorted.front();
  cell.max_ms = sorted.back();
  cell.p95_ms = Quantile(sorted, 0.95);
  cell.interval_ms = data.resampled->MedianInterval();
  cell.modes = FindModes(sorted);
  cell.drift = FindDrift(cell.times_ms);
  for (size_t i = 0; i < kPhaseNames.size(); ++i) {
    if (!data.phases[i].empty()) {
      cell.phases_ms[std::string(kPhaseNames[i])] = Median(data.phases[i]);
    }
  }
  for (size_t i = 0; i < kResourceNames.size(); ++i) {
    if (!data.resources[i].empty()) {
      cell.resources[std::string(kResourceNames[i])] = Median(data.resources[i]);
    }
  }
}

bool IsNative(const EnvironmentTraits& traits) { return traits.engine.empty(); }
bool IsAot(const EnvironmentTraits& traits) { return IsNative(traits) || traits.strategy == "aot"; }

// The family of tests that a pair of environments is part of; the paper tests the strategies of an
// engine and the two container images once more among all pairs.
std::vector<std::string> FamiliesOf(const EnvironmentTraits& a, const EnvironmentTraits& b) {
  std::vector<std::string> families;
  if (!IsNative(a) && a.runtime == b.runtime && a.engine == b.engine && a.strategy != b.strategy) {
    families.emplace_back("strategies");
  }
  if (IsNative(a) && IsNative(b) && a.runtime == b.runtime) {
    families.emplace_back("containers");
  }
  if (IsAot(a) && IsAot(b)) {
    families.emplace_back("aot");
  }
  if (!IsAot(a) && !IsAot(b)) {
    families.emplace_back("jit");
  }
  return families;
}

void TestPair(const CellData& a, const CellData& b, const std::vector<std::string>& families,
              std::vector<PairTest>& pairs) {
  const std::vector<double> samples[] = {a.cell.times_ms, b.cell.times_ms};
  const auto test = TestKruskalWallis(samples);
  if (families.empty() || !test) {
    return;
  }
  PairTest pair{.family = "",
                .function = a.cell.function,
                .a = a.cell.environment,
                .b = b.cell.environment,
                .test = *test,
                .holm = 1,
                .delta = CliffsDelta(a.cell.times_ms, b.cell.times_ms).value_or(0),
                .ratio = a.resampled->Over(*b.resampled)};
  for (const std::string& family : families) {
    pair.family = family;
    pairs.push_back(pair);
  }
}

std::vector<PairTest> TestPairs(const Evaluation& evaluation, const CellMap& cells,
                                const std::string& size) {
  std::vector<PairTest> pairs;
  for (const std::string& function : evaluation.functions) {
    for (size_t i = 0; i < evaluation.environments.size(); ++i) {
      for (size_t j = i + 1; j < evaluation.environments.size(); ++j) {
        const EnvironmentTraits& a = evaluation.environments[i];
        const EnvironmentTraits& b = evaluation.environments[j];
        const auto cell_a = cells.find({function, a.name, size});
        const auto cell_b = cells.find({function, b.name, size});
        if (cell_a != cells.end() && cell_b != cells.end()) {
          TestPair(cell_a->second, cell_b->second, FamiliesOf(a, b), pairs);
        }
      }
    }
  }
  std::vector<double> p_values;
  p_values.reserve(pairs.size());
  for (const PairTest& pair : pairs) {
    p_values.push_back(pair.test.p);
  }
  const std::vector<double> adjusted = AdjustHolm(p_values);
  for (size_t i = 0; i < pairs.size(); ++i) {
    pairs[i].holm = adjusted[i];
  }
  return pairs;
}

using Figure = std::optional<double> EvaluatedCell::*;

// The paper's rule: the engines' best AOT figure against the best of the two container images.
std::vector<Win> FindWins(const Evaluation& evaluation, const CellMap& cells,
                          const std::string& size, Figure figure) {
  const bool ours = std::any_of(
      evaluation.environments.begin(), evaluation.environments.end(),
      [](const auto& e) { return e.runtime == "mayfly" && !IsNative(e) && e.strategy == "aot"; });
  std::vector<Win> wins;
  for (const std::string& function : evaluation.functions) {
    Win win{.function = function, .wasm = "", .container = "", .wasm_ms = 0, .container_ms = 0};
    for (const EnvironmentTraits& environment : evaluation.environments) {
      const auto found = cells.find({function, environment.name, size});
      const std::optional<double> value =
          found == cells.end() ? std::nullopt : found->second.cell.*figure;
      const bool container = IsNative(environment) && environment.runtime == "runc" &&
                             (environment.image == "distroless" || environment.image == "debian");
      const bool wasm = !IsNative(environment) && environment.strategy == "aot" &&
                        (!ours || environment.runtime == "mayfly");
      if (value && container && (win.container.empty() || *value < win.container_ms)) {
        win.container = environment.name;
        win.container_ms = *value;
      }
      if (value && wasm && (win.wasm.empty() || *value < win.wasm_ms)) {
        win.wasm = environment.name;
        win.wasm_ms = *value;
      }
    }
    if (!win.wasm.empty() && !win.container.empty()) {
      wins.push_back(std::move(win));
    }
  }
  return wins;
}

// Baselines of the layout, then every native environment, in the order of the environments.
std::vector<std::string> BaselinesOf(const Evaluation& evaluation, const Layout& layout) {
  std::vector<std::string> baselines = layout.baselines;
  for (const EnvironmentTraits& environment : evaluation.environments) {
    if (IsNative(environment) &&
        std::find(baselines.begin(), baselines.end(), environment.name) == baselines.end()) {
      baselines.push_back(environment.name);
    }
  }
  return baselines;
}

void CompareWithBaselines(const std::vector<std::string>& baselines, CellMap& cells) {
  for (auto& [key, data] : cells) {
    const auto& [function, environment, size] = key;
    for (const std::string& baseline : baselines) {
      const auto found = cells.find({function, baseline, size});
      if (baseline == environment || found == cells.end()) {
        continue;
      }
      if (const auto ratio = data.resampled->Over(*found->second.resampled)) {
        data.cell.over[baseline] = *ratio;
      }
    }
  }
}

}  // namespace

std::vector<Sample> PaperSamples(const Results& results) {
  std::vector<Sample> samples;
  for (const Run& run : results.runs) {
    if (IsPaperSize(run.size)) {
      samples.push_back(run.sample);
    }
  }
  return samples;
}

Evaluation Evaluate(const Results& results, const Layout& layout) {
  Evaluation evaluation;
  evaluation.table = MakeTable(PaperSamples(results), layout);
  std::set<std::string> sizes;
  std::map<std::string, EnvironmentTraits> traits;
  for (const Run& run : results.runs) {
    sizes.insert(run.size);
    if (!traits.contains(run.sample.environment)) {
      traits.emplace(run.sample.environment, TraitsOf(run.sample, results));
    }
  }
  evaluation.sizes.assign(sizes.begin(), sizes.end());
  for (const FunctionSummary& function : evaluation.table.functions) {
    evaluation.functions.push_back(function.function);
  }
  for (const std::string& name : evaluation.table.environments) {
    evaluation.environments.push_back(traits.at(name));
  }
  evaluation.baselines = BaselinesOf(evaluation, layout);

  CellMap cells = Collect(results);
  BlockDraws draws({.confidence = kConfidence});
  for (auto& entry : cells) {
    Summarise(entry.second, draws);
  }
  CompareWithBaselines(evaluation.baselines, cells);
  const std::string size = sizes.contains("parity") ? "parity" : "";
  evaluation.pairs = TestPairs(evaluation, cells, size);
  evaluation.wins_by_mean = FindWins(evaluation, cells, size, &EvaluatedCell::mean_ms);
  evaluation.wins_by_median = FindWins(evaluation, cells, size, &EvaluatedCell::median_ms);
  for (auto& entry : cells) {
    evaluation.cells.push_back(std::move(entry.second.cell));
  }
  return evaluation;
}

}  // namespace mayfly::lab
