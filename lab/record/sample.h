// Sample: one timed run, and the CSV form in which all of them are kept.
//
// The file is the experiment: every table is made from it alone. It has one line per run in the
// order of running, written as soon as the run has ended, failed runs included;
// docs/formats/lab-results.md gives it byte by byte. A line cut off by a crash is recognised (no
// line feed at the end) and dropped.
//
// Units: in the names. Errors: a malformed file is of kind invalid, with path and line.
// Threads: none.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace mayfly::lab {

// In the order of a run.
enum class Stage : unsigned char {
  kClient,
  kContainerd,
  kShim,
  kCreate,
  kLoad,
  kInstantiate,
  kGuest,
  kDrain,
  kTeardown
};

struct Sample {
  int64_t run = 0;    // index in the schedule, from 0
  int64_t block = 0;  // from 0, warm-up blocks first
  int64_t order = 0;  // position in its block, from 0
  bool warm_up = false;
  std::string function;
  std::string environment;
  std::string image;
  std::string strategy;
  int64_t start_unix_ns = 0;
  int64_t total_ns = 0;
  int64_t user_us = 0;
  int64_t sys_us = 0;
  int64_t max_rss_kib = 0;
  int exit_code = 0;  // 128 + n for signal n, -1 when the command was not run
  uint64_t stdout_bytes = 0;
  std::string stdout_sha256;
  bool ok = false;
  std::string note;             // why it is not ok; one line
  std::string size = "parity";  // of the work
  // Where the time went, in the order of Stage; what is not known is absent, and in its
  // neighbours.
  std::array<std::optional<int64_t>, 9> phases_ns;
  std::optional<int64_t> peak_memory_kib;  // of the container's cgroup
  std::optional<int64_t> pss_kib;
  std::optional<int64_t> cpu_us;  // of all processes of the run, the daemon's share included
  std::optional<int64_t> read_bytes;

  bool operator==(const Sample&) const = default;
};

// The header line and a sample's line, both with their line feed.
std::string CsvHeader();
std::string CsvLine(const Sample& sample);

// The samples of a whole file; columns are found by name, those of a newer version are passed over.
// `complete_bytes`, if given, receives the length up to and with the last line feed.
base::Result<std::vector<Sample>> ParseCsv(std::string_view bytes, std::string_view path,
                                           size_t* complete_bytes = nullptr);
base::Result<std::vector<Sample>> ReadCsv(const std::string& path);

// Appends lines to a samples file; each Append is one write(2), so that a line is there once it
// returns.
class SampleWriter {
 public:
  // A new file; one that exists is an error.
  static base::Result<SampleWriter> Create(const std::string& path);
  // An existing file, cut back to `complete_bytes`.
  static base::Result<SampleWriter> Continue(const std::string& path, size_t complete_bytes);

  base::Result<void> Append(const Sample& sample);

 private:
  SampleWriter(base::UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  base::UniqueFd fd_;
  std::string path_;
};

}  // namespace mayfly::lab
