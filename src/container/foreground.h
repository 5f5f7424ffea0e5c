// Foreground: a command that waits for a guest, hands on the signals that are meant for it and,
// with a terminal, carries bytes between the user's terminal and the guest's.
//
// Ownership: for its life it blocks the forwarded signals; RelayTerminal() makes the user's
// terminal raw. The destructor undoes both. Threads: one, single instance. Fork: parent only; the
// init unblocks its own signals.
#pragma once

#include <signal.h>
#include <termios.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace mayfly::container {

class Foreground {
 public:
  static base::Result<Foreground> Begin();
  Foreground(Foreground&& other) noexcept;
  Foreground& operator=(Foreground&&) = delete;
  ~Foreground();

  // From now on `master` is shown on standard output, takes standard input and follows the window
  // size of the terminal there, if it is one.
  base::Result<void> RelayTerminal(base::UniqueFd master);

  // Until the process behind the pidfd has ended and, with a terminal, all that it wrote was shown.
  base::Result<void> WaitForEnd(int pidfd);

 private:
  Foreground() = default;
  void HandleSignal(int pidfd);
  void FollowWindowSize() const;
  void ReadInput();
  void PassInput();
  enum class Output : unsigned char { kShown, kNoneNow, kEnded };
  Output ShowOutput();

  bool active_ = false;
  sigset_t old_mask_{};
  base::UniqueFd signals_;
  base::UniqueFd master_;
  std::string input_;  // read, not yet taken by the guest's terminal
  bool input_open_ = true;
  std::optional<termios> user_terminal_;  // as it was
};

}  // namespace mayfly::container
