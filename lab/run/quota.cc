#include "lab/run/quota.h"

#include <algorithm>

namespace mayfly::lab {
namespace {

constexpr int64_t kFailuresToGiveUp = 3;

}  // namespace

int64_t Quota::Target(const Account& account) const {
  if (plan_.cell_budget_ms <= 0 || account.total_ns.empty()) {
    return plan_.runs;
  }
  std::vector<int64_t> times = account.total_ns;
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  const int64_t fitting = plan_.cell_budget_ms * 1'000'000 / std::max<int64_t>(1, *middle);
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

bool Quota::Wants(size_t cell, bool warm_up) const {
  const Account& account = cells_[cell];
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
