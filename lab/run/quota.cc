#include "lab/run/quota.h"

#include <algorithm>

#include "lab/stats/quantile.h"

namespace mayfly::lab {
namespace {

constexpr int64_t kFailuresToGiveUp = 3;

// The size with a tenth of the work; empty for the smallest.
std::string_view TenthOf(std::string_view size) {
  return size == "x10" ? "parity" : size == "x100" ? "x10" : "";
}

// Ns; there is at least one.
int64_t MedianTime(const std::vector<int64_t>& times) {
  return static_cast<int64_t>(Median({times.begin(), times.end()}));
}

}  // namespace

Quota::Quota(const Plan& plan) : plan_(plan), cells_(plan.cells.size()) {
  for (size_t i = 0; i < cells_.size(); ++i) {
    for (size_t j = 0; plan.run_limit_ms > 0 && j < cells_.size(); ++j) {
      const Cell& cell = plan.cells[i];
      const Cell& other = plan.cells[j];
      if (other.size == TenthOf(cell.size) && other.function == cell.function &&
          other.environment == cell.environment) {
        cells_[i].tenth = j;
      }
    }
  }
}

int64_t Quota::Target(const Account& account) const {
  if (plan_.cell_budget_ms <= 0 || account.total_ns.empty()) {
    return plan_.runs;
  }
  const int64_t fitting =
      plan_.cell_budget_ms * 1'000'000 / std::max<int64_t>(1, MedianTime(account.total_ns));
  return std::clamp(fitting, std::min(std::max<int64_t>(1, plan_.min_runs), plan_.runs),
                    plan_.runs);
}

void Quota::Add(size_t cell, const Sample& sample) {
  Account& account = cells_[cell];
  account.tried += sample.warm_up ? 0 : 1;
  if (!sample.ok) {
    ++account.failed;
    account.last_note = sample.note;
    if (account.total_ns.empty() && account.failed >= kFailuresToGiveUp) {
      GiveUp(cell,
             fmt::format("every run of the first {} failed: {}", account.failed, sample.note));
    }
    return;
  }
  account.total_ns.push_back(sample.total_ns);
  account.counted += sample.warm_up ? 0 : 1;
}

bool Quota::MayBegin(size_t cell, bool warm_up) {
  const Account& tenth = cells_[*cells_[cell].tenth];
  const std::string& size = plan_.cells[*cells_[cell].tenth].size;
  if (!tenth.given_up.empty()) {
    GiveUp(cell, fmt::format("{} is not measured either: {}", size, tenth.given_up));
    return false;
  }
  if (warm_up || tenth.total_ns.empty()) {
    return false;
  }
  const int64_t expected_ms = MedianTime(tenth.total_ns) / 100'000;
  if (expected_ms > plan_.run_limit_ms) {
    GiveUp(cell, fmt::format("a run would take about {} s, by those of {}; the limit is {} s",
                             expected_ms / 1000, size, plan_.run_limit_ms / 1000));
    return false;
  }
  return true;
}

bool Quota::Wants(size_t cell, bool warm_up) {
  const Account& account = cells_[cell];
  if (account.tenth && account.tried == 0 && !MayBegin(cell, warm_up)) {
    return false;
  }
  return account.given_up.empty() && (warm_up || account.tried < Target(account));
}

void Quota::GiveUp(size_t cell, const std::string& reason) {
  if (cells_[cell].given_up.empty()) {
    cells_[cell].given_up = reason;
  }
}

std::vector<Missing> Quota::WhatIsMissing(const std::string& rest) const {
  std::vector<Missing> missing;
  for (size_t i = 0; i < cells_.size(); ++i) {
    const Account& account = cells_[i];
    if (account.counted >= plan_.runs) {
      continue;
    }
    const Cell& cell = plan_.cells[i];
    std::string reason = rest;
    if (!account.given_up.empty()) {
      reason = account.given_up;
    } else if (account.tried >= Target(account)) {
      reason = account.failed > 0 ? fmt::format("{} failed: {}", account.failed, account.last_note)
                                  : "it is slow: fewer runs";
    }
    missing.push_back({.function = cell.function,
                       .environment = cell.environment,
                       .size = cell.size,
                       .runs = account.counted,
                       .wanted = plan_.runs,
                       .reason = std::move(reason)});
  }
  return missing;
}

}  // namespace mayfly::lab
