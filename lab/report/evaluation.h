// Evaluation: every figure of the report, computed once; the renderers only show it.
//
// A cell is a function in an environment at a size of work. Warm-up runs and failed runs are not in
// the statistics. Cells are compared in pairs, by the paper's four families of tests and with
// Holm's correction over all of them; the paper's rule for wins is applied to means (as published)
// and to medians.
//
// Units: milliseconds. Sources: stats/*.h; the paper's analyses as docs/guide/lab.md lists them.
// Ownership: values. Threads: none.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lab/report/results.h"
#include "lab/report/table.h"
#include "lab/stats/rank_tests.h"
#include "lab/stats/shape.h"

namespace mayfly::lab {

// What an environment is made of, as far as its name, its samples and the plan tell.
struct EnvironmentTraits {
  std::string name;
  std::string runtime;    // mayfly, runc, crun, youki, ...: the name's first word
  std::string engine;     // wasmtime, wasmedge, wasmer, ...; empty for native programs
  std::string strategy;   // native, aot, jit, interpreter
  std::string image;      // scratch, distroless, debian, wasm; may be empty
  std::string published;  // the published environment that it repeats; empty: none
};

struct EvaluatedCell {
  std::string function;
  std::string environment;
  std::string size;
  int64_t n = 0;
  int64_t failed = 0;
  std::vector<double> times_ms;  // in the order of measuring
  std::optional<double> median_ms, mean_ms, stdev_ms, min_ms, max_ms, p95_ms;  // none: no run
  std::optional<Interval> interval_ms;  // of the median, bootstrap
  std::vector<Mode> modes;
  Drift drift;
  std::map<std::string, Ratio> over;        // baseline -> ratio of medians
  std::map<std::string, double> phases_ms;  // medians
  std::map<std::string, double> resources;  // medians
};

// One test of two cells of a function.
struct PairTest {
  std::string family;  // strategies, containers, aot, jit
  std::string function;
  std::string a;
  std::string b;
  KruskalWallis test;
  double holm = 1;   // adjusted p-value
  double delta = 0;  // Cliff's, a against b
  std::optional<Ratio> ratio;
};

// Who is fastest at a function: the best AOT environment against the best container image.
struct Win {
  std::string function;
  std::string wasm, container;  // environments; empty when there is none
  double wasm_ms = 0;
  double container_ms = 0;
};

struct Evaluation {
  std::vector<std::string> functions;
  std::vector<std::string> sizes;  // that occur; one, maybe empty, where work is not scaled
  std::vector<EnvironmentTraits> environments;
  std::vector<std::string> baselines;
  std::vector<EvaluatedCell> cells;
  std::vector<PairTest> pairs;
  std::vector<Win> wins_by_mean;
  std::vector<Win> wins_by_median;
  Table table;  // of the work at the paper's size
};

// The samples at the paper's size of work: those of size "parity" or of none.
std::vector<Sample> PaperSamples(const Results& results);

// Arranged by the layout; compared with its baselines and with every container of another runtime.
Evaluation Evaluate(const Results& results, const Layout& layout);

}  // namespace mayfly::lab
