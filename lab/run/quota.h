// Quota: how many runs each cell still gets.
//
// All cells get the plan's number of runs, but a slow one only as many as fit its share of time,
// and one that only fails is given up after a few, so that it does not hold up the others. More
// work (x10, x100) waits for what a tenth of it takes, and is left out when its runs would be too
// long.
//
// Threads: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lab/plan/plan.h"
#include "lab/record/sample.h"

namespace mayfly::lab {

// A cell with fewer good runs than the plan asks for, and why.
struct Missing {
  std::string function;
  std::string environment;
  std::string size;
  int64_t runs = 0;    // that count
  int64_t wanted = 0;  // of the plan
  std::string reason;
};

class Quota {
 public:
  // Borrows the plan.
  explicit Quota(const Plan& plan);

  void Add(size_t cell, const Sample& sample);
  // Whether a run of the schedule is to be made.
  bool Wants(size_t cell, bool warm_up);
  // No run of the cell is made any more.
  void GiveUp(size_t cell, const std::string& reason);
  // `rest`: the reason for those that nothing else explains.
  std::vector<Missing> WhatIsMissing(const std::string& rest) const;

 private:
  struct Account {
    std::vector<int64_t> total_ns;  // of good runs, warm-up too
    std::optional<size_t> tenth;    // the cell with a tenth of the work
    int64_t counted = 0;            // good, not warm-up
    int64_t tried = 0;              // not warm-up
    int64_t failed = 0;
    std::string given_up;
    std::string last_note;
  };
  int64_t Target(const Account& account) const;
  // Whether a cell without runs is to be begun now, by what its tenth takes.
  bool MayBegin(size_t cell, bool warm_up);

  const Plan& plan_;
  std::vector<Account> cells_;
};

}  // namespace mayfly::lab
