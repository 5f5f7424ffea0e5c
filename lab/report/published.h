// Published: the figures of the paper that Mayfly's evaluation repeats, and the reader of its raw
// runs.
//
// The medians and image sizes are built in (lab/data). The raw runs are read from the authors'
// repository, results/ENGINE/STRATEGY/NN-FUNCTION.txt and results/IMAGE/NN-FUNCTION.txt, one
// decimal number of seconds a line, and become samples like those of a measurement here, so that
// both go through the same statistics.
//
// Units: in the names. Sources: Kjorveziroski and Filiposka, J. Grid Computing 21, 34 (2023).
// Errors: kind invalid, with file, line and column. Threads: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/record/sample.h"

namespace mayfly::lab {

struct PublishedCell {
  std::string function;
  std::string environment;  // as PublishedEnvironment names it
  int64_t n = 0;            // 0: not run
  std::optional<double> median_ms;
  std::optional<double> mean_ms;
};

struct PublishedSize {
  std::string function;
  std::string environment;
  double size_kb = 0;
};

struct Published {
  std::vector<PublishedCell> cells;
  std::vector<PublishedSize> sizes;
};

// "crun-wasmtime-aot", "crun-wasmedge-interpreter", "runc-debian": the runtime that ran it, the
// engine and the strategy, or the image. What the paper calls WasmEdge's JIT is its interpreter.
std::string PublishedEnvironment(std::string_view runtime, std::string_view strategy);

base::Result<std::vector<PublishedCell>> ParseMedians(std::string_view bytes,
                                                      std::string_view path);
base::Result<std::vector<PublishedSize>> ParseSizes(std::string_view bytes, std::string_view path);
// What is built in.
base::Result<Published> BuiltInPublished();

// The seconds of one raw file, in nanoseconds and in the file's order.
base::Result<std::vector<int64_t>> ParseRunTimes(std::string_view bytes, std::string_view path);

// All runs of a clone of the authors' repository (or of its folder results). A cell's n-th run is
// in block n.
base::Result<std::vector<Sample>> ImportRuns(const std::string& folder);

}  // namespace mayfly::lab
