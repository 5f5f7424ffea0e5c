// A comparison of arbitrary commands, described in a TOML file.
//
//   title = "mayfly run against its peers"     baselines = ["runc"]     runs = 40
//   [[command]]
//   name = "runc"                       # what stands in the table
//   function = "hello"                  # commands of the same function are compared; default
//   "command" argv = ["runc", "run", "--bundle", "{dir}/native", "{id}"] env = {TMPDIR =
//   "/var/tmp"} prepare = ["sync"]                  # before every run, not timed cleanup =
//   ["runc", "delete", "--force", "{id}"]      # after a run that failed expected_exit = 0
//   expected_stdout = "hello\n"         # absent: not checked
//
// {dir} is the folder of the file, {id} is new with every run.
//
// Errors: kind invalid, with file and key; an unknown key is one. Threads: none.
#pragma once

#include <string>

#include "base/result.h"
#include "lab/plan/plan.h"

namespace mayfly::lab {

base::Result<Plan> ReadComparePlan(const std::string& path);

}  // namespace mayfly::lab
