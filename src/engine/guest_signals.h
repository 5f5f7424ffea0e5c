// GuestSignals: makes signals end a guest as they end a native program that handles none.
//
// WASI preview 1 has no signal handlers, so a guest can never ask for anything else. As pid 1 of a
// pid namespace the kernel would drop signals that are left at their default action; a handler is
// called.
//
// Sources: pid_namespaces(7) "The namespace init process"; signal(7).
// Threads: one. Fork: the container's init, right before the guest.
#pragma once

namespace mayfly::engine {

// Installs the handlers and unblocks the signals. As pid 1 the process exits with 128 + number;
// otherwise it dies of the signal itself. SIGPIPE keeps its default: a native pid 1 gets EPIPE too.
void EndGuestOnSignals();

}  // namespace mayfly::engine
