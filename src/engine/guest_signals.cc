#include "engine/guest_signals.h"

#include <signal.h>
#include <unistd.h>

#include <array>

namespace mayfly::engine {
namespace {

// Those whose default action is to end the process, without what engines use for traps (SIGSEGV,
// SIGBUS, SIGILL, SIGFPE, SIGTRAP), without SIGABRT (it is the engine's own end) and SIGPIPE.
constexpr std::array kEnding = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2,   SIGALRM,
                                SIGXCPU, SIGXFSZ, SIGPROF, SIGIO,   SIGPWR,  SIGVTALRM, SIGSTKFLT};

// Not for AddressSanitizer: it marks the way to _exit, for which it reads /proc, and a Wasm
// container has none.
[[gnu::no_sanitize_address]] void OnSignal(int number) {
  // SA_RESETHAND has restored the default action: this ends the process unless it is pid 1.
  ::raise(number);
  ::_exit(128 + number);
}

}  // namespace

void EndGuestOnSignals() {
  struct sigaction action{};
  action.sa_handler = OnSignal;
  // On the engine's alternative stack where it has one: the guest may have used up its own.
  action.sa_flags = SA_RESETHAND | SA_NODEFER | SA_ONSTACK;
  sigset_t unblocked;
  ::sigemptyset(&unblocked);
  for (const int number : kEnding) {
    ::sigaction(number, &action, nullptr);
    ::sigaddset(&unblocked, number);
  }
  ::sigprocmask(SIG_UNBLOCK, &unblocked, nullptr);
}

}  // namespace mayfly::engine
