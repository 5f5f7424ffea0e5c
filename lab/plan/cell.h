// Cell: a function in an environment: one exact command, and what it must do.
//
// In every argv, "{id}" stands for an id that is new with every run, "{out}" for the folder of the
// results until a measurement begins.
//
// Errors: kind invalid, with the field. Ownership: values. Threads: none.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "lab/exec/process.h"

namespace mayfly::lab {

// A file that a run must leave in its context.
struct ExpectedFile {
  std::string path;  // below the context
  uint64_t bytes = 0;
  std::string sha256;

  bool operator==(const ExpectedFile&) const = default;
};

// What a run must do to count; a digest that is absent is not checked.
struct Expectation {
  int exit_code = 0;
  std::optional<uint64_t> stdout_bytes;
  std::optional<std::string> stdout_sha256;
  std::vector<ExpectedFile> files;

  bool operator==(const Expectation&) const = default;
};

// A folder that the guest may write to, mounted at /context; lab/run/context.h keeps it.
struct Context {
  std::string path;                 // of the measurement's own; empty: the cell has none
  std::string source;               // where the inputs are
  std::vector<std::string> inputs;  // below both

  bool operator==(const Context&) const = default;
};

struct Cell {
  std::string function;
  std::string environment;
  std::string image;
  std::string strategy;
  std::string engine;           // empty: none, or not known
  std::string size = "parity";  // of the work: parity (the paper's), x10, x100
  std::string start;            // how it is started: ctr, oci, command; empty: command
  Command command;
  std::vector<Argv> prepare;  // before every run, not timed; must succeed
  std::vector<Argv> cleanup;  // after a run that failed; what it returns does not matter
  Expectation expected;
  Context context;

  bool operator==(const Cell&) const = default;
};

// What a plan asked for and cannot be measured here.
struct Skipped {
  std::string environment;
  std::string function;  // empty: all
  std::string reason;

  bool operator==(const Skipped&) const = default;
};

nlohmann::json CellToJson(const Cell& cell);
base::Result<Cell> CellFromJson(const base::JsonView& view);
base::Result<std::vector<Cell>> CellsFromJson(const base::JsonView& view);

// A field that must be there.
template <typename T>
base::Result<T> Need(const base::JsonView& field, base::Result<std::optional<T>> value) {
  MAYFLY_ASSIGN(std::optional<T> present, std::move(value));
  if (!present) {
    return field.Fail("is missing");
  }
  return *std::move(present);
}

}  // namespace mayfly::lab
