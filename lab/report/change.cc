#include "lab/report/change.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/json.h"
#include "lab/report/grid.h"
#include "lab/report/verdict.h"
#include "lab/stats/random.h"
#include "lab/stats/rank_tests.h"

namespace mayfly::lab {
namespace {

using CellKey = std::tuple<std::string, std::string, std::string>;  // function, environment, size
using Times = std::map<CellKey, std::vector<double>>;

constexpr size_t kResamples = 4000;
constexpr double kConfidence = 0.95;

// Times of the runs that count; cells whose every run failed are there, empty.
Times TimesOf(const Results& results) {
  Times times;
  for (const Run& run : results.runs) {
    std::vector<double>& cell = times[{run.sample.function, run.sample.environment, run.size}];
    if (run.sample.ok && !run.sample.warm_up) {
      cell.push_back(static_cast<double>(run.sample.total_ns) / 1e6);
    }
  }
  return times;
}

std::vector<double> ResampledRatios(const std::vector<double>& over,
                                    const std::vector<double>& under, uint64_t seed) {
  Random random(seed);
  const auto draw = [&](const std::vector<double>& values) {
    std::vector<double> resample(values.size());
    for (double& value : resample) {
      value = values[random.Below(values.size())];
    }
    return Median(std::move(resample));
  };
  std::vector<double> ratios;
  ratios.reserve(kResamples);
  for (size_t i = 0; i < kResamples; ++i) {
    const double divisor = draw(under);
    ratios.push_back(divisor > 0 ? draw(over) / divisor : 1);
  }
  return ratios;
}

bool Enough(const std::vector<double>& values) {
  return values.size() >= static_cast<size_t>(kLeastBlocks) && Median(values) > 0;
}

struct Sides {
  const std::vector<double>* old_times = nullptr;
  const std::vector<double>* new_times = nullptr;
  bool Comparable() const {
    return old_times != nullptr && new_times != nullptr && Enough(*old_times) && Enough(*new_times);
  }
};

Sides Find(const Times& old_times, const Times& new_times, const CellKey& key) {
  const auto old_cell = old_times.find(key);
  const auto new_cell = new_times.find(key);
  return {.old_times = old_cell == old_times.end() ? nullptr : &old_cell->second,
          .new_times = new_cell == new_times.end() ? nullptr : &new_cell->second};
}

// New over old; divided by the reference's where there is one. The seeds differ, so that the
// reference is resampled on its own.
std::optional<Ratio> RatioOf(const Sides& cell, const std::optional<Sides>& reference) {
  if (!cell.Comparable() || (reference && !reference->Comparable())) {
    return std::nullopt;
  }
  Ratio ratio{.value = Median(*cell.new_times) / Median(*cell.old_times), .interval = {}};
  std::vector<double> resampled = ResampledRatios(*cell.new_times, *cell.old_times, 1);
  if (reference) {
    ratio.value /= Median(*reference->new_times) / Median(*reference->old_times);
    const auto shared = ResampledRatios(*reference->new_times, *reference->old_times, 2);
    for (size_t i = 0; i < resampled.size(); ++i) {
      resampled[i] /= shared[i];
    }
  }
  std::sort(resampled.begin(), resampled.end());
  const double tail = (1 - kConfidence) / 2;
  ratio.interval =
      Interval{.low = Quantile(resampled, tail), .high = Quantile(resampled, 1 - tail)};
  return ratio;
}

// The p-value of a cell: with a reference, of the times divided by the reference's median of their
// side.
double PValue(const Sides& cell, const std::optional<Sides>& reference) {
  std::vector<double> samples[] = {*cell.old_times, *cell.new_times};
  if (reference) {
    const double scales[] = {Median(*reference->old_times), Median(*reference->new_times)};
    for (size_t i = 0; i < 2; ++i) {
      for (double& value : samples[i]) {
        value /= scales[i];
      }
    }
  }
  const auto test = TestKruskalWallis(samples);
  return test ? test->p : 1;
}

Verdict VerdictOf(const Change& change, const ChangeOptions& options) {
  if (!change.ratio) {
    return Verdict::kUnknown;
  }
  if (change.holm < options.alpha && change.ratio->interval->low > 1 + options.threshold) {
    return Verdict::kSlower;
  }
  if (change.holm < options.alpha && change.ratio->interval->high < 1 / (1 + options.threshold)) {
    return Verdict::kFaster;
  }
  return Verdict::kSame;
}

// What machine.json says of the last session, or null.
nlohmann::json LastSession(const Results& results) {
  const auto& machine = results.machine;
  if (!machine.is_object() || !machine.contains("sessions") || !machine["sessions"].is_array() ||
      machine["sessions"].empty()) {
    return nullptr;
  }
  return machine["sessions"].back();
}

std::vector<std::string> Differences(const Results& old_results, const Results& new_results) {
  const nlohmann::json before = LastSession(old_results);
  const nlohmann::json after = LastSession(new_results);
  if (!before.is_object() || !after.is_object()) {
    return {"machine.json is not in both folders: whether the machine is the same is not known"};
  }
  std::vector<std::string> sentences;
  const auto compare = [&](const char* part, const char* field) {
    const auto get = [&](const nlohmann::json& session) {
      const auto found = session.find(part);
      return found != session.end() && found->is_object() ? found->value(field, nlohmann::json())
                                                          : nlohmann::json();
    };
    const nlohmann::json old_value = get(before);
    const nlohmann::json new_value = get(after);
    if (old_value != new_value) {
      sentences.push_back(fmt::format("{} differs: {} before, {} now", field,
                                      base::JsonText(old_value), base::JsonText(new_value)));
    }
  };
  for (const char* field : {"cpu_model", "cpus", "cpus_usable", "memory_kib", "kernel", "os",
                            "governor", "cgroups", "virtual_machine"}) {
    compare("host", field);
  }
  return sentences;
}

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kSlower:
      return "slower";
    case Verdict::kFaster:
      return "faster";
    case Verdict::kSame:
      return "no change shown";
    case Verdict::kUnknown:
      break;
  }
  return "unknown";
}

Change MakeChange(const CellKey& key, const Sides& sides, const std::optional<Sides>& reference) {
  Change change;
  change.function = std::get<0>(key);
  change.environment = std::get<1>(key);
  change.size = std::get<2>(key);
  change.old_n = static_cast<int64_t>(sides.old_times->size());
  change.new_n = static_cast<int64_t>(sides.new_times->size());
  if (!sides.old_times->empty()) {
    change.old_median_ms = Median(*sides.old_times);
  }
  if (!sides.new_times->empty()) {
    change.new_median_ms = Median(*sides.new_times);
  }
  change.ratio = RatioOf(sides, reference);
  if (change.ratio) {
    change.holm = PValue(sides, reference);  // adjusted once all are known
    change.delta = CliffsDelta(*sides.new_times, *sides.old_times).value_or(0);
  }
  return change;
}

}  // namespace

Comparing CompareResults(const Results& old_results, const Results& new_results,
                         const ChangeOptions& options) {
  Comparing comparing;
  comparing.differences = Differences(old_results, new_results);
  const Times old_times = TimesOf(old_results);
  const Times new_times = TimesOf(new_results);
  const auto wanted = [&](const std::string& environment) {
    return options.only.empty() ||
           std::find(options.only.begin(), options.only.end(), environment) != options.only.end();
  };
  const auto name = [](const CellKey& key) {
    const auto& [function, environment, size] = key;
    return fmt::format("{}, {}{}{}", function, environment, size.empty() ? "" : ", ", size);
  };
  for (const auto& [key, times] : old_times) {
    const auto& [function, environment, size] = key;
    if (!wanted(environment) || environment == options.reference) {
      continue;
    }
    const Sides sides = Find(old_times, new_times, key);
    if (sides.new_times == nullptr) {
      comparing.only_old.push_back(name(key));
      continue;
    }
    std::optional<Sides> reference;
    if (!options.reference.empty()) {
      reference = Find(old_times, new_times, {function, options.reference, size});
    }
    comparing.changes.push_back(MakeChange(key, sides, reference));
  }
  for (const auto& [key, times] : new_times) {
    if (wanted(std::get<1>(key)) && !old_times.contains(key)) {
      comparing.only_new.push_back(name(key));
    }
  }
  std::vector<double> p_values;
  for (const Change& change : comparing.changes) {
    if (change.ratio) {
      p_values.push_back(change.holm);
    }
  }
  const std::vector<double> adjusted = AdjustHolm(p_values);
  size_t next = 0;
  for (Change& change : comparing.changes) {
    if (change.ratio) {
      change.holm = adjusted[next++];
    }
    change.verdict = VerdictOf(change, options);
  }
  return comparing;
}

std::string RenderChanges(const Comparing& comparing) {
  std::string text;
  for (const std::string& sentence : comparing.differences) {
    text += "note: " + sentence + "\n";
  }
  for (const Verdict verdict :
       {Verdict::kSlower, Verdict::kFaster, Verdict::kSame, Verdict::kUnknown}) {
    Grid grid(
        {"function", "environment", "size", "old ms", "new ms", "new / old", "p, Holm", "delta"});
    size_t count = 0;
    for (const Change& change : comparing.changes) {
      if (change.verdict == verdict) {
        ++count;
        const auto ms = [](const std::optional<double>& value) {
          return value ? FormatMs(*value) : "-";
        };
        grid.Add({{change.function},
                  {change.environment},
                  {change.size},
                  {ms(change.old_median_ms)},
                  {ms(change.new_median_ms)},
                  {change.ratio ? FormatRatio(*change.ratio) : "-"},
                  {fmt::format("{:.2g}", change.holm)},
                  {fmt::format("{:+.2f}", change.delta)}});
      }
    }
    text += fmt::format("{}: {}\n", VerdictName(verdict), count);
    if (count > 0 && verdict != Verdict::kSame) {
      text += grid.ForTerminal(Colours::kOff);
    }
  }
  for (const std::string& cell : comparing.only_old) {
    text += "only in the old one: " + cell + "\n";
  }
  for (const std::string& cell : comparing.only_new) {
    text += "only in the new one: " + cell + "\n";
  }
  return text;
}

nlohmann::json ChangesJson(const Comparing& comparing) {
  nlohmann::json changes = nlohmann::json::array();
  const auto optional = [](const std::optional<double>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json();
  };
  for (const Change& change : comparing.changes) {
    nlohmann::json ratio;
    nlohmann::json interval;
    if (change.ratio) {
      ratio = change.ratio->value;
      interval = {change.ratio->interval->low, change.ratio->interval->high};
    }
    changes.push_back({{"function", change.function},
                       {"environment", change.environment},
                       {"size", change.size},
                       {"old_n", change.old_n},
                       {"new_n", change.new_n},
                       {"old_median_ms", optional(change.old_median_ms)},
                       {"new_median_ms", optional(change.new_median_ms)},
                       {"ratio", ratio},
                       {"interval", interval},
                       {"holm", change.holm},
                       {"delta", change.delta},
                       {"verdict", VerdictName(change.verdict)}});
  }
  return {{"format", "mayfly-lab-compare/1"},
          {"changes", changes},
          {"only_old", comparing.only_old},
          {"only_new", comparing.only_new},
          {"differences", comparing.differences}};
}

}  // namespace mayfly::lab
