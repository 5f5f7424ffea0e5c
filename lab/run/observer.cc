#include "lab/run/observer.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "lab/run/timeline.h"

namespace mayfly::lab {
namespace {

constexpr int64_t kEventWaitMs = 40;

}  // namespace

Observer::Observer(const Plan& plan) : plan_(plan), events_(plan.events) {
  if (!plan.phases_file.empty()) {
    if (auto file = base::Open(plan.phases_file, O_RDWR | O_CREAT | O_NOFOLLOW, 0600)) {
      phases_ = std::move(*file);
    }
  }
}

Observer::~Observer() {
  if (phases_.valid()) {
    ::unlink(plan_.phases_file.c_str());
  }
}

void Observer::Begin(const Cell& cell) {
  if (phases_.valid() && ::ftruncate(phases_.get(), 0) != 0) {
    phases_.Reset();  // lines of earlier runs would pile up
  }
  if (cell.start != "ctr") {
    return;
  }
  if (events_.Ensure()) {
    events_.Clear();
  }
  if (!accounts_ && !plan_.name_space.empty()) {
    accounts_.emplace("/" + plan_.name_space, ListenerOf(plan_.containerd));
  }
  if (accounts_) {
    accounts_->Begin();
  }
}

std::string Observer::TakePhases() const {
  if (!phases_.valid() || ::lseek(phases_.get(), 0, SEEK_SET) != 0) {
    return "";
  }
  return base::ReadAll(phases_.get(), plan_.phases_file, size_t{1} << 20).value_or("");
}

void Observer::End(const Cell& cell, const std::string& id, const ProcessOutcome& outcome,
                   Sample& sample) {
  Moments moments;
  AddPhaseLines(TakePhases(), id, moments);
  if (cell.start == "ctr") {
    if (accounts_) {
      accounts_->End(sample);
    }
    const std::string last = fmt::format("/containers/delete {{\"id\":\"{}\"", id);
    AddEventLines(events_.Read(last, sample.ok ? kEventWaitMs : 0), id,
                  outcome.start_unix_ns - outcome.start_mono_ns, moments);
  } else {
    sample.cpu_us = outcome.user_us + outcome.sys_us;
  }
  if (cell.start != "command") {
    SetStages(moments, outcome.start_mono_ns, outcome.start_mono_ns + outcome.total_ns, sample);
  }
}

}  // namespace mayfly::lab
