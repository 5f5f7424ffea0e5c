#include "base/process.h"
#include "container/container.h"
#include "container/foreground.h"
#include "container/launch.h"

namespace mayfly::container {

using base::Result;
using base::UniqueFd;

Result<int> Run(const Runtime& runtime, const CreateOptions& options, RunMode mode,
                AfterRun after) {
  auto draft = Read(runtime, options, mode);
  if (!draft) {
    return std::unexpected(std::move(draft).error().Wrap(fmt::format("run {}", options.id)));
  }
  MAYFLY_ASSIGN(Foreground foreground, Foreground::Begin());
  int status = 0;
  {
    auto launched = Launch(runtime, options, std::move(*draft), StartChannel::kSocket);
    if (!launched) {
      return std::unexpected(std::move(launched).error().Wrap(fmt::format("run {}", options.id)));
    }
    if (UniqueFd master = launched->TakeTerminal(); master.valid()) {
      MAYFLY_TRY(foreground.RelayTerminal(std::move(master)));
    }
    MAYFLY_TRY(launched->Start());
    launched->RunPoststartHooks();
    if (mode == RunMode::kDetached) {
      launched->Keep();
      return 0;
    }
    launched->ReleaseLock();
    MAYFLY_TRY(foreground.WaitForEnd(launched->init().pidfd.get()));
    MAYFLY_ASSIGN(status, base::WaitForExit(launched->init().pid));
    base::Mark(runtime.phases, base::Phase::kGuestEnd);
    launched->Keep();
  }
  if (after == AfterRun::kDelete) {
    // Another command may have deleted it already: that is what was wanted.
    MAYFLY_TRY(Delete(runtime, options.id, Force::kYes));
  }
  return status;
}

}  // namespace mayfly::container
