// Function: one program of the suite with the arguments of the paper and what it must print.
//
// Read from suite/NAME/suite.toml; the golden case named "paper" is the one that is measured.
//
// Errors: kind invalid for an unknown function and for a file that is not as it should be, with
// path and key. Threads: none.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/plan/plan.h"

namespace mayfly::lab {

// A file that the function reads, as the suite's generator makes it.
struct Input {
  std::string path;  // below the function's input directory
  std::optional<int64_t> bytes;
};

// The work of a run: its arguments and what they must give.
struct Work {
  Argv args;
  Expectation expected;
};

struct Function {
  std::string name;
  std::string category;
  Argv args;
  std::vector<Input> inputs;  // their directory is mounted at /context; empty: nothing is mounted
  bool writes = false;        // a copy of the directory is mounted instead, and may be written to
  Expectation expected;
  std::map<std::string, Work> sizes;  // x10, x100: more work of the same kind
};

// The function with the work of a size: parity (its own), x10, x100; nothing when it has no such
// size.
std::optional<Function> AtSize(const Function& function, const std::string& size);

// The folder that a function which writes gets, below "{out}", with the inputs that its arguments
// name at any size. `data` is the folder of all functions' inputs.
Context ContextOf(const Function& function, const std::string& data);

// The function in `path`, a suite.toml.
base::Result<Function> ReadFunction(const std::string& path);

// The named functions in that order; every one under `suite` when names is empty, noop first.
base::Result<std::vector<Function>> LoadFunctions(const std::string& suite,
                                                  const std::vector<std::string>& names);

// Checks that every input is in `data`/NAME with its size; the error says how to make them.
base::Result<void> CheckInputs(const std::vector<Function>& functions, const std::string& data);

}  // namespace mayfly::lab
